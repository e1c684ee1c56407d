/* Writes JSON (RFC 8259): append-only, keys in the order of the calls, so that equal contents are
 * equal bytes. Also the number format that JSON and CSV share. */
#ifndef SIM_CORE_JSON_H
#define SIM_CORE_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LZ_JSON_DEPTH_MAX 64

typedef struct LzJson LzJson;

/* indent: spaces per level; 0 writes everything on one line. */
LzJson *lz_json_new(unsigned indent);
void lz_json_free(LzJson *json);                        /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzJson, lz_json_free)

/* key: the member's name inside an object, NULL inside an array and at the top; copied. */
void lz_json_object_begin(LzJson *json, const char *key);
void lz_json_object_end(LzJson *json);
void lz_json_array_begin(LzJson *json, const char *key);
void lz_json_array_end(LzJson *json);
void lz_json_string(LzJson *json, const char *key, const char *value);     /* NULL: null; not UTF-8: U+FFFD */
void lz_json_integer(LzJson *json, const char *key, int64_t value);
void lz_json_unsigned(LzJson *json, const char *key, uint64_t value);
void lz_json_real(LzJson *json, const char *key, double value);            /* not finite: null */
/* value x 10^-digits, exact: (188250000, 9) is 0.18825. */
void lz_json_decimal(LzJson *json, const char *key, int64_t value, unsigned digits);
void lz_json_boolean(LzJson *json, const char *key, bool value);
void lz_json_null(LzJson *json, const char *key);

/* Every object and array must have been ended. The text belongs to the writer. */
const char *lz_json_text(const LzJson *json, size_t *ret_size);
/* Begin a new text with the same writer. */
void lz_json_reset(LzJson *json);

void lz_append_unsigned(GString *text, uint64_t value);
void lz_append_integer(GString *text, int64_t value);
/* The shortest decimal that reads back as the same double; empty when not finite. Locale-free. */
void lz_append_real(GString *text, double value);
/* value x 10^-digits in plain notation without trailing zeros; digits <= 18. */
void lz_append_decimal(GString *text, int64_t value, unsigned digits);

#endif
