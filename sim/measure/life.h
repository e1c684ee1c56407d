/* The lives of application messages: per device a ring from the oldest life still open to the newest,
 * with closed ones behind it as far as they may come up again. Every operation is O(1). Private to sim/measure. */
#ifndef SIM_MEASURE_LIFE_H
#define SIM_MEASURE_LIFE_H

#include "sim/measure/recorder.h"

/* A closed life is remembered until this many later messages of its device were created: more than a client has in
 * flight (MQTT: 20), of which any may come twice. */
#define LZ_LIVES_KEPT 32

typedef enum { LZ_LIFE_OPEN, LZ_LIFE_DELIVERED, LZ_LIFE_LOST } LzLifeState;

typedef struct LzLife {
    LzTime created_ns, deadline_ns;     /* deadline after creation, or LZ_TIME_NEVER */
    LzScope flow;
    uint32_t size_bytes;
    unsigned span;                      /* of the windows that it was created in */
    uint8_t state;                      /* LzLifeState */
    uint8_t cause;                      /* LzLossCause when lost */
    bool is_handed_to_tls, is_sent;
} LzLife;

#define LZ_LIVES_BESIDE 2u              /* stand beside their device; a ring elsewhere takes over when they are too few */

struct LzProbeDevice {
    LzLife *lives;                      /* ring; message n at n & (capacity - 1) */
    const char *name;                   /* owned by the table of names */
    uint32_t index;
    uint32_t first, next;               /* messages first … next - 1 are in the ring; the first ever is 1 */
    uint32_t capacity;                  /* power of two */
    bool delivers_once, has_own_place;
    LzLife beside[LZ_LIVES_BESIDE];
};

typedef struct LzLives {
    GPtrArray *devices;                 /* LzProbeDevice; NULL: ended */
    GHashTable *names;                  /* owned name -> index + 1; looked up only */
} LzLives;

void lz_lives_init(LzLives *lives);
void lz_lives_clear(LzLives *lives);
/* As lz_probe_device(). */
LzProbeDevice *lz_lives_add_device(LzLives *lives, const char *name, bool delivers_once, void *place);
void lz_lives_end_device(LzLives *lives, LzProbeDevice *device);
const char *lz_lives_device_name(const LzLives *lives, LzMessageId message);
LzMessageId lz_lives_open(LzProbeDevice *device, const LzLife *life);
/* NULL when there was no such message or it was closed long ago. Valid until the device's next message. */
LzLife *lz_lives_find(const LzLives *lives, LzMessageId message);
/* Every open life, by device and age. */
void lz_lives_each_open(const LzLives *lives, void (*visit)(void *self, LzLife *life), void *self);

#endif
