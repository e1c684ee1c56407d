/* A device of a fleet: a host, the behaviours of its flows, and the client that carries their messages. */
#ifndef SIM_HOST_DEVICE_H
#define SIM_HOST_DEVICE_H

#include "lazaret/behaviour.h"
#include "lazaret/client.h"
#include "lazaret/model.h"
#include "sim/core/diurnal.h"
#include "sim/host/host.h"

typedef struct LzDevice LzDevice;

typedef struct LzDeviceFlow {           /* one flow of a device's class; strings and config borrowed */
    const char *name;
    const char *publish;                /* {zone} {fleet} {id} {device} are replaced */
    const LzModel *behaviour;
    const void *config;
    int qos;
    uint8_t dscp;
    bool is_background;                 /* not in packets: its behaviour never begins */
    LzTime deadline_ns;                 /* LZ_TIME_NEVER: none */
    LzScope scope;                      /* LZ_SCOPE_FLOW */
    const LzDiurnal *diurnal;           /* NULL: all hours are alike */
    LzTime start_of_day_ns;             /* wall clock at virtual time 0, since any midnight */
} LzDeviceFlow;

/* A further connection of a device; what is the same for all devices of its fleet. */
typedef struct LzDeviceConnection {
    const char *name;
    const LzModel *client;
    const void *client_config;
    LzConnect connect;                  /* but for the credential, which is the device's */
    unsigned flow_count;                /* so many flows, behind those of the connections before it */
} LzDeviceConnection;

typedef struct LzDeviceOptions {
    const char *fleet, *zone;
    unsigned number;                    /* from 1 within the fleet: {id} */
    const LzDeviceFlow *flows;          /* borrowed for the device's life; those of the first connection come first */
    unsigned flow_count;
    unsigned more_count;                /* connections beside the first */
    const LzDeviceConnection *more;     /* borrowed for the device's life */
    const LzModel *client;
    const void *client_config;
    LzConnect connect;
    LzScope tls_scope;
    /* The application session of a connection opened or ended; 0: the first. */
    void (*ready)(void *owner, LzDevice *device, unsigned connection, bool is_ready);
    void *owner;
} LzDeviceOptions;

/* What a device needs of its host's room; of the options only the flows and the clients matter. */
size_t lz_device_room_bytes(const LzDeviceOptions *options);
/* Takes over the host, whose room must be large enough. The device is off until lz_device_set_power(). */
LzDevice *lz_device_new(LzHost *host, const LzDeviceOptions *options);
void lz_device_free(LzDevice *device);
void lz_device_set_power(LzDevice *device, bool is_on);
/* Times that its first connection became ready after the first time. */
uint64_t lz_device_reconnects(const LzDevice *device);

#endif
