/* Tidy CSV (RFC 4180, UTF-8, LF): cells appended to a string, exact decimals without floating point;
 * and a bounded reader for tables that somebody else may have written. */
#ifndef SIM_OUTPUT_CSV_H
#define SIM_OUTPUT_CSV_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Each appends one cell and its separator; lz_csv_end_row turns the last separator into a line end.
 * A cell that begins with = + - @ stays data: spreadsheets that run such cells are told so in the docs. */
void lz_csv_text(GString *csv, const char *text);               /* NULL: empty; quoted when it must be */
void lz_csv_int(GString *csv, int64_t value);
void lz_csv_uint(GString *csv, uint64_t value);
/* A count of 1e-9 units (ns, ppb) as an exact decimal of the unit: 1500000000 -> 1.5. */
void lz_csv_nano(GString *csv, int64_t nano);
/* The shortest decimal that reads back as the same double; not finite: empty. */
void lz_csv_double(GString *csv, double value);
void lz_csv_empty(GString *csv);
void lz_csv_end_row(GString *csv);
void lz_csv_header(GString *csv, const char *const *columns);   /* NULL-terminated */

#define LZ_CSV_FILE_BYTES_MAX (INT64_C(1) << 30)
#define LZ_CSV_COLUMNS_MAX 64

/* Calls row for each line after the header with as many cells as the header has. columns: the names that
 * row wants, in its order; every one must be in the header. False with LZ_ERROR_INPUT on a file that is
 * not such a table, or when row returns false (which then has set error). */
typedef gboolean (*LzCsvRow)(void *self, const char *const *cells, GError **error);
gboolean lz_csv_read(const char *path, const char *const *columns, LzCsvRow row, void *self, GError **error);
gboolean lz_csv_read_text(const char *path, const char *text, size_t size, const char *const *columns, LzCsvRow row,
                          void *self, GError **error);

#endif
