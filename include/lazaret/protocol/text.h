/* What protocols of text share: writing numbers and words, the mark of a message as text, and dates. */
#ifndef LAZARET_PROTOCOL_TEXT_H
#define LAZARET_PROTOCOL_TEXT_H

#include "lazaret/probe.h"
#include "lazaret/protocol/wire.h"

void lz_write_text(LzWriter *writer, const char *text);
void lz_write_decimal(LzWriter *writer, uint64_t value, unsigned digits_min);   /* with leading zeros up to digits_min, 20 at most */
void lz_write_filler(LzWriter *writer, size_t size, const char *pattern);       /* the pattern again and again, the last cut */

/* A decimal number of digits alone. False: anything else, or more than max. */
bool lz_read_decimal(LzBytes text, uint64_t max, uint64_t *ret_value);
/* Letters of ASCII compare alike in both cases. */
bool lz_text_equal(LzBytes bytes, const char *text);
/* Where the text begins in the bytes, or bytes.size. */
size_t lz_text_find(LzBytes bytes, const char *text);

/* The mark that begins every payload (lazaret/probe.h) where only text may stand: "LZM1" and the id in 16 digits of base
 * 16. It fits the control id of an HL7 message (20 characters) and is an id of FHIR. */
#define LZ_TEXT_MARK_BYTES 20u
void lz_write_text_mark(LzWriter *writer, LzMessageId message);
LzMessageId lz_read_text_mark(LzBytes text);            /* 0: none at the beginning of the text */
LzMessageId lz_find_text_mark(LzBytes text);            /* the first anywhere in it */

typedef struct LzDate {         /* UTC, proleptic Gregorian calendar */
    unsigned year, month, day, hour, minute, second, millisecond;
} LzDate;
LzDate lz_date_of(LzTime wall_ns);                      /* ns since 1970, not negative */
void lz_write_date(LzWriter *writer, LzTime wall_ns, bool is_extended); /* 2026-03-02T06:00:00.000Z; or 20260302060000.000+0000 */

#endif
