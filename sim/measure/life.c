/* The lives of application messages in one ring per device. */
#include "sim/measure/life.h"

void lz_lives_init(LzLives *lives)
{
    lives->devices = g_ptr_array_new();
    lives->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static LzProbeDevice *device_at(const LzLives *lives, uint32_t index)
{
    return index < lives->devices->len ? g_ptr_array_index(lives->devices, index) : NULL;
}

static void free_ring(LzProbeDevice *device)
{
    if (device->lives != device->beside) {
        g_free(device->lives);
    }
}

void lz_lives_end_device(LzLives *lives, LzProbeDevice *device)
{
    g_ptr_array_index(lives->devices, device->index) = NULL;
    free_ring(device);
    if (device->has_own_place) {
        g_free(device);
    }
}

void lz_lives_clear(LzLives *lives)
{
    for (unsigned i = 0; i < lives->devices->len; i++) {
        if (device_at(lives, i)) {
            lz_lives_end_device(lives, device_at(lives, i));
        }
    }
    g_ptr_array_unref(lives->devices);
    g_hash_table_unref(lives->names);
}

LzProbeDevice *lz_lives_add_device(LzLives *lives, const char *name, bool delivers_once, void *place)
{
    unsigned known = GPOINTER_TO_UINT(g_hash_table_lookup(lives->names, name));
    if (known) {
        return device_at(lives, known - 1);
    }
    char *own_name = g_strdup(name);
    LzProbeDevice *device = place ? place : g_new(LzProbeDevice, 1);
    *device = (LzProbeDevice){
        .lives = device->beside, .name = own_name, .index = lives->devices->len, .first = 1, .next = 1,
        .capacity = LZ_LIVES_BESIDE, .delivers_once = delivers_once, .has_own_place = !place,
    };
    g_ptr_array_add(lives->devices, device);
    g_hash_table_insert(lives->names, own_name, GUINT_TO_POINTER(lives->devices->len));
    return device;
}

static LzLife *life_at(const LzProbeDevice *device, uint32_t number)
{
    return &device->lives[number & (device->capacity - 1)];
}

static void grow(LzProbeDevice *device)
{
    LzProbeDevice grown = *device;
    grown.capacity = 2 * device->capacity;
    grown.lives = g_new(LzLife, grown.capacity);
    for (uint32_t number = device->first; number != device->next; number++) {
        *life_at(&grown, number) = *life_at(device, number);
    }
    free_ring(device);
    device->lives = grown.lives;
    device->capacity = grown.capacity;
}

/* An open life never gives way. What was given up may still arrive, and what was delivered may come again, unless
 * the device delivers once. */
static bool may_be_forgotten(const LzProbeDevice *device, const LzLife *life)
{
    return life->state != LZ_LIFE_OPEN && (device->capacity >= LZ_LIVES_KEPT ||
                                           (life->state == LZ_LIFE_DELIVERED && device->delivers_once));
}

static void make_room(LzProbeDevice *device)
{
    if (device->next - device->first < device->capacity) {
        return;
    }
    if (may_be_forgotten(device, life_at(device, device->first))) {
        device->first++;
    } else {
        grow(device);
    }
}

LzMessageId lz_lives_open(LzProbeDevice *device, const LzLife *life)
{
    g_assert(device->next < UINT32_MAX);
    make_room(device);
    *life_at(device, device->next) = *life;
    return (LzMessageId)device->index << 32 | device->next++;
}

LzLife *lz_lives_find(const LzLives *lives, LzMessageId message)
{
    uint32_t number = (uint32_t)message;
    const LzProbeDevice *device = device_at(lives, (uint32_t)(message >> 32));
    return device && number >= device->first && number < device->next ? life_at(device, number) : NULL;
}

const char *lz_lives_device_name(const LzLives *lives, LzMessageId message)
{
    const LzProbeDevice *device = device_at(lives, (uint32_t)(message >> 32));
    g_assert(device);
    return device->name;
}

void lz_lives_each_open(const LzLives *lives, void (*visit)(void *self, LzLife *life), void *self)
{
    for (unsigned i = 0; i < lives->devices->len; i++) {
        const LzProbeDevice *device = device_at(lives, i);
        for (uint32_t number = device ? device->first : 0; device && number != device->next; number++) {
            if (life_at(device, number)->state == LZ_LIFE_OPEN) {
                visit(self, life_at(device, number));
            }
        }
    }
}
