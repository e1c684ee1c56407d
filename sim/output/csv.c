/* Tidy CSV: writing cells, and a reader that trusts nothing. */
#include "sim/output/csv.h"

#include <string.h>

#include "lazaret/error.h"
#include "sim/core/json.h"

/* ---- writing ---- */

static bool needs_quotes(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && (strpbrk(text, ",\"\r\n") != NULL || text[0] == ' ' || text[size - 1] == ' ');
}

void lz_csv_text(GString *csv, const char *text)
{
    if (!text || !needs_quotes(text)) {
        g_string_append(csv, text ? text : "");
        g_string_append_c(csv, ',');
        return;
    }
    g_string_append_c(csv, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"') {
            g_string_append_c(csv, '"');
        }
        g_string_append_c(csv, *c);
    }
    g_string_append(csv, "\",");
}

void lz_csv_int(GString *csv, int64_t value)
{
    lz_append_integer(csv, value);
    g_string_append_c(csv, ',');
}

void lz_csv_uint(GString *csv, uint64_t value)
{
    lz_append_unsigned(csv, value);
    g_string_append_c(csv, ',');
}

void lz_csv_nano(GString *csv, int64_t nano)
{
    lz_append_decimal(csv, nano, 9);
    g_string_append_c(csv, ',');
}

void lz_csv_double(GString *csv, double value)
{
    lz_append_real(csv, value);
    g_string_append_c(csv, ',');
}

void lz_csv_empty(GString *csv)
{
    g_string_append_c(csv, ',');
}

void lz_csv_end_row(GString *csv)
{
    g_assert(csv->len > 0 && csv->str[csv->len - 1] == ',');
    csv->str[csv->len - 1] = '\n';
}

void lz_csv_header(GString *csv, const char *const *columns)
{
    for (; *columns; columns++) {
        lz_csv_text(csv, *columns);
    }
    lz_csv_end_row(csv);
}

/* ---- reading ---- */

typedef struct Reader {
    const char *path, *at, *end;
    unsigned line;                              /* row, from 1 */
    GString *cells;                             /* of one row, each followed by NUL */
    size_t starts[LZ_CSV_COLUMNS_MAX];
    unsigned count;
} Reader;

static gboolean refuse(const Reader *reader, const char *what, GError **error)
{
    g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "%s:%u: %s", reader->path, reader->line, what);
    return FALSE;
}

static gboolean read_quoted(Reader *reader, GError **error)
{
    for (reader->at++; reader->at < reader->end; reader->at++) {
        if (*reader->at != '"') {
            g_string_append_c(reader->cells, *reader->at);
            continue;
        }
        if (reader->at + 1 < reader->end && reader->at[1] == '"') {
            reader->at++;
            g_string_append_c(reader->cells, '"');
            continue;
        }
        reader->at++;
        return TRUE;
    }
    return refuse(reader, "a quoted cell does not end", error);
}

static gboolean read_cell(Reader *reader, GError **error)
{
    if (reader->count == LZ_CSV_COLUMNS_MAX) {
        return refuse(reader, "more than " G_STRINGIFY(LZ_CSV_COLUMNS_MAX) " columns", error);
    }
    reader->starts[reader->count++] = reader->cells->len;
    if (reader->at < reader->end && *reader->at == '"') {
        if (!read_quoted(reader, error)) {
            return FALSE;
        }
    } else {
        const char *from = reader->at;
        while (reader->at < reader->end && *reader->at != ',' && *reader->at != '\n') {
            reader->at++;
        }
        size_t size = (size_t)(reader->at - from);
        bool has_cr = size > 0 && from[size - 1] == '\r';
        g_string_append_len(reader->cells, from, (gssize)(has_cr ? size - 1 : size));
    }
    g_string_append_c(reader->cells, '\0');
    return TRUE;
}

/* False without error at the end of the text. */
static gboolean read_row(Reader *reader, GError **error)
{
    reader->count = 0;
    g_string_truncate(reader->cells, 0);
    if (reader->at == reader->end) {
        return FALSE;
    }
    for (;;) {
        if (!read_cell(reader, error)) {
            return FALSE;
        }
        if (reader->at == reader->end) {
            return TRUE;
        }
        char separator = *reader->at++;
        if (separator == '\n') {
            return TRUE;
        }
        if (separator != ',') {
            return refuse(reader, "text after a quoted cell", error);
        }
    }
}

static const char *cell_at(const Reader *reader, unsigned index)
{
    return reader->cells->str + reader->starts[index];
}

/* For each wanted column its place in the file. */
static gboolean find_columns(const Reader *reader, const char *const *columns, unsigned *ret_places, GError **error)
{
    for (unsigned i = 0; columns[i]; i++) {
        unsigned place = 0;
        while (place < reader->count && strcmp(cell_at(reader, place), columns[i]) != 0) {
            place++;
        }
        if (place == reader->count) {
            g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "%s:1: no column `%s`", reader->path, columns[i]);
            return FALSE;
        }
        ret_places[i] = place;
    }
    return TRUE;
}

static gboolean read_rows(Reader *reader, const char *const *columns, LzCsvRow row, void *self, GError **error)
{
    unsigned places[LZ_CSV_COLUMNS_MAX] = {0};
    const char *cells[LZ_CSV_COLUMNS_MAX];
    GError *trouble = NULL;
    unsigned wanted = g_strv_length((char **)(uintptr_t)columns);
    g_assert(wanted <= LZ_CSV_COLUMNS_MAX);
    if (!read_row(reader, &trouble)) {
        if (!trouble) {
            return refuse(reader, "the file is empty", error);
        }
        g_propagate_error(error, trouble);
        return FALSE;
    }
    unsigned width = reader->count;
    if (!find_columns(reader, columns, places, error)) {
        return FALSE;
    }
    for (reader->line++; read_row(reader, &trouble); reader->line++) {
        if (reader->count != width) {
            return refuse(reader, "another number of cells than the header has", error);
        }
        for (unsigned i = 0; i < wanted; i++) {
            cells[i] = cell_at(reader, places[i]);
        }
        if (!row(self, cells, error)) {
            return FALSE;
        }
    }
    if (trouble) {
        g_propagate_error(error, trouble);
        return FALSE;
    }
    return TRUE;
}

gboolean lz_csv_read_text(const char *path, const char *text, size_t size, const char *const *columns, LzCsvRow row,
                          void *self, GError **error)
{
    g_autoptr(GString) cells = g_string_new(NULL);
    Reader reader = { .path = path, .at = text, .end = text + size, .line = 1, .cells = cells };
    if (memchr(text, '\0', size) || !g_utf8_validate(text, (gssize)size, NULL)) {
        return refuse(&reader, "not UTF-8 text", error);
    }
    return read_rows(&reader, columns, row, self, error);
}

gboolean lz_csv_read(const char *path, const char *const *columns, LzCsvRow row, void *self, GError **error)
{
    GError *trouble = NULL;
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &trouble);
    if (!file) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "%s", trouble->message);
        g_error_free(trouble);
        return FALSE;
    }
    size_t size = g_mapped_file_get_length(file);
    if (size > (size_t)LZ_CSV_FILE_BYTES_MAX) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_LIMIT, "%s: larger than LZ_CSV_FILE_BYTES_MAX (1 GiB)", path);
        return FALSE;
    }
    const char *text = g_mapped_file_get_contents(file);
    return lz_csv_read_text(path, text ? text : "", size, columns, row, self, error);
}
