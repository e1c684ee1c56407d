/* Memory that is given back all at once: a plan, its texts and its tree live in one arena. */
#ifndef SIM_SCENARIO_ARENA_H
#define SIM_SCENARIO_ARENA_H

#include <glib.h>
#include <stddef.h>

typedef struct LzArena LzArena;

LzArena *lz_arena_new(void);
void lz_arena_free(LzArena *arena);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzArena, lz_arena_free)

/* Zeroed and aligned for every type; never NULL, also for size 0. */
void *lz_arena_alloc(LzArena *arena, size_t size);
void *lz_arena_array(LzArena *arena, size_t count, size_t item_size);
/* Copies of bytes (with a NUL added) and strings; the copy of NULL is NULL. */
char *lz_arena_copy(LzArena *arena, const char *bytes, size_t size);
char *lz_arena_text(LzArena *arena, const char *text);
char *lz_arena_printf(LzArena *arena, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
