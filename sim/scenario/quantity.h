/* Quantities with units as integers, exactly: `0.2 %` is 2,000,000 ppb because its decimal digits are
 * read as integers, never through floating point. */
#ifndef SIM_SCENARIO_QUANTITY_H
#define SIM_SCENARIO_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "lazaret/param.h"

typedef enum {
    LZ_QUANTITY_OK,
    LZ_QUANTITY_NO_NUMBER,      /* does not begin with a plain decimal number */
    LZ_QUANTITY_NO_UNIT,
    LZ_QUANTITY_UNKNOWN_UNIT,
    LZ_QUANTITY_TOO_FINE,       /* not a whole number of the recorded unit */
    LZ_QUANTITY_TOO_LARGE,      /* does not fit, or more than 18 digits */
} LzQuantityResult;

typedef struct LzUnitRow {
    const char *name;
    int64_t numerator, denominator;     /* of the recorded unit in this one */
} LzUnitRow;

/* Rows end with name NULL, from small to large; NULL when the kind has no units. */
const LzUnitRow *lz_quantity_units(LzParamKind kind);
bool lz_quantity_has_units(LzParamKind kind);
/* "ns", "B", "bit/s", "ppb", "1e-6 /s" …: what the integer counts; "" for a bare number. */
const char *lz_quantity_recorded_unit(LzParamKind kind);

/* kind: one with units, or COUNT for a bare integer. A rate (uHz) is rounded to nearest, everything else
 * must be whole. *ret_value is set only with OK. */
LzQuantityResult lz_quantity_parse(LzParamKind kind, const char *text, int64_t *ret_value);
/* Where the unit begins in a text that starts with a number; NULL when it does not. */
const char *lz_quantity_unit_part(const char *text);
/* Reads back as the same value. New string. */
char *lz_quantity_format(LzParamKind kind, int64_t value);

/* 2026-03-02T06:00:00Z or 2026-03-02 as seconds since 1970-01-01 UTC. */
bool lz_date_parse(const char *text, int64_t *ret_unix_s);
char *lz_date_format(int64_t unix_s);

#endif
