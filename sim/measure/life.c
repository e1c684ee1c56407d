/* The lives of application messages in one ring per device. */
#include "sim/measure/life.h"

void lz_lives_init(LzLives *lives)
{
    lives->devices = g_array_new(FALSE, TRUE, sizeof(LzLifeDevice));
    lives->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static LzLifeDevice *device_at(const LzLives *lives, uint32_t device)
{
    return &g_array_index(lives->devices, LzLifeDevice, device);
}

void lz_lives_clear(LzLives *lives)
{
    for (unsigned i = 0; i < lives->devices->len; i++) {
        g_free(device_at(lives, i)->lives);
    }
    g_array_unref(lives->devices);
    g_hash_table_unref(lives->names);
}

uint32_t lz_lives_add_device(LzLives *lives, const char *name)
{
    unsigned known = GPOINTER_TO_UINT(g_hash_table_lookup(lives->names, name));
    if (known) {
        return known - 1;
    }
    LzLifeDevice device = {.name = g_strdup(name), .first = 1, .next = 1};
    g_array_append_val(lives->devices, device);
    g_hash_table_insert(lives->names, (char *)(uintptr_t)device.name, GUINT_TO_POINTER(lives->devices->len));
    return lives->devices->len - 1;
}

static LzLife *life_at(const LzLifeDevice *device, uint32_t number)
{
    return &device->lives[number & (device->capacity - 1)];
}

static void grow(LzLifeDevice *device)
{
    LzLifeDevice grown = *device;
    grown.capacity = MAX(LZ_LIVES_KEPT, 2 * device->capacity);
    grown.lives = g_new(LzLife, grown.capacity);
    for (uint32_t number = device->first; number != device->next; number++) {
        *life_at(&grown, number) = *life_at(device, number);
    }
    g_free(device->lives);
    *device = grown;
}

/* The oldest life gives way when it is closed; an open one never does. */
static void make_room(LzLifeDevice *device)
{
    if (device->next - device->first < device->capacity) {
        return;
    }
    if (device->capacity >= LZ_LIVES_KEPT && life_at(device, device->first)->state != LZ_LIFE_OPEN) {
        device->first++;
        return;
    }
    grow(device);
}

LzMessageId lz_lives_open(LzLives *lives, uint32_t index, const LzLife *life)
{
    g_assert(index < lives->devices->len);
    LzLifeDevice *device = device_at(lives, index);
    g_assert(device->next < UINT32_MAX);
    make_room(device);
    *life_at(device, device->next) = *life;
    return (LzMessageId)index << 32 | device->next++;
}

LzLife *lz_lives_find(const LzLives *lives, LzMessageId message)
{
    uint32_t index = (uint32_t)(message >> 32), number = (uint32_t)message;
    if (index >= lives->devices->len) {
        return NULL;
    }
    const LzLifeDevice *device = device_at(lives, index);
    return number >= device->first && number < device->next ? life_at(device, number) : NULL;
}

const char *lz_lives_device_name(const LzLives *lives, LzMessageId message)
{
    uint32_t index = (uint32_t)(message >> 32);
    g_assert(index < lives->devices->len);
    return device_at(lives, index)->name;
}

void lz_lives_each_open(const LzLives *lives, void (*visit)(void *self, LzLife *life), void *self)
{
    for (unsigned i = 0; i < lives->devices->len; i++) {
        const LzLifeDevice *device = device_at(lives, i);
        for (uint32_t number = device->first; number != device->next; number++) {
            if (life_at(device, number)->state == LZ_LIFE_OPEN) {
                visit(self, life_at(device, number));
            }
        }
    }
}
