#include "sim/scenario/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_BYTES (64u * 1024u)
#define ALIGNMENT 16u

struct LzArena {
    GPtrArray *blocks;      /* owned; the last one is being filled, unless it holds one large piece */
    char *next;             /* in the block being filled */
    size_t left_bytes;
};

LzArena *lz_arena_new(void)
{
    LzArena *arena = g_new0(LzArena, 1);
    arena->blocks = g_ptr_array_new_with_free_func(g_free);
    return arena;
}

void lz_arena_free(LzArena *arena)
{
    if (!arena) {
        return;
    }
    g_ptr_array_unref(arena->blocks);
    g_free(arena);
}

static char *new_block(LzArena *arena, size_t size)
{
    char *block = g_malloc0(size);
    g_ptr_array_add(arena->blocks, block);
    return block;
}

void *lz_arena_alloc(LzArena *arena, size_t size)
{
    g_assert(size <= SIZE_MAX / 2);
    size_t rounded = (MAX(size, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded > BLOCK_BYTES / 4) {
        return new_block(arena, rounded);
    }
    if (rounded > arena->left_bytes) {
        arena->next = new_block(arena, BLOCK_BYTES);
        arena->left_bytes = BLOCK_BYTES;
    }
    void *piece = arena->next;
    arena->next += rounded;
    arena->left_bytes -= rounded;
    return piece;
}

void *lz_arena_array(LzArena *arena, size_t count, size_t item_size)
{
    g_assert(item_size == 0 || count <= SIZE_MAX / 2 / item_size);
    return lz_arena_alloc(arena, count * item_size);
}

char *lz_arena_copy(LzArena *arena, const char *bytes, size_t size)
{
    if (!bytes) {
        return NULL;
    }
    char *copy = lz_arena_alloc(arena, size + 1);
    memcpy(copy, bytes, size);
    return copy;
}

char *lz_arena_text(LzArena *arena, const char *text)
{
    return lz_arena_copy(arena, text, text ? strlen(text) : 0);
}

char *lz_arena_printf(LzArena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return lz_arena_text(arena, text);
}
