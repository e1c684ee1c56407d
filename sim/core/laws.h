/* Laws that hold at any moment of a run, whatever the scenario. Checkers observe the run and report the first break;
 * models and engine know nothing of them. */
#ifndef SIM_CORE_LAWS_H
#define SIM_CORE_LAWS_H

#include <glib.h>
#include <stdbool.h>

typedef struct LzLaws {
    char *broken;               /* what the first break was; NULL: none */
} LzLaws;

void lz_laws_clear(LzLaws *laws);
/* Keeps the first. */
void lz_law_broken(LzLaws *laws, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
