/* A device of a fleet: a host, the behaviours of its flows, and the client that carries their messages. */
#ifndef SIM_HOST_DEVICE_H
#define SIM_HOST_DEVICE_H

#include "lazaret/behaviour.h"
#include "lazaret/client.h"
#include "lazaret/model.h"
#include "sim/host/host.h"

typedef struct LzDevice LzDevice;

typedef struct LzDeviceFlow {           /* one flow of a device's class; strings and config borrowed */
    const char *name;
    const char *publish;                /* {zone} {fleet} {id} {device} are replaced */
    const LzModel *behaviour;
    const void *config;
    int qos;
    uint8_t dscp;
    LzTime deadline_ns;                 /* LZ_TIME_NEVER: none */
    LzScope scope;                      /* LZ_SCOPE_FLOW */
} LzDeviceFlow;

typedef struct LzDeviceOptions {
    const char *fleet, *zone;
    unsigned number;                    /* from 1 within the fleet: {id} */
    const LzDeviceFlow *flows;          /* borrowed for the device's life */
    unsigned flow_count;
    const LzModel *client;
    const void *client_config;
    LzConnect connect;
    LzScope tls_scope;
    void (*ready)(void *owner, LzDevice *device, bool is_ready);        /* its application session opened or ended */
    void *owner;
} LzDeviceOptions;

/* What a device needs of its host's room; of the options only flows, flow_count and client matter. */
size_t lz_device_room_bytes(const LzDeviceOptions *options);
/* Takes over the host, whose room must be large enough. The device is off until lz_device_set_power(). */
LzDevice *lz_device_new(LzHost *host, const LzDeviceOptions *options);
void lz_device_free(LzDevice *device);
void lz_device_set_power(LzDevice *device, bool is_on);
/* Times that it became ready after the first. */
uint64_t lz_device_reconnects(const LzDevice *device);

#endif
