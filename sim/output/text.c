/* Foreign text made fit to be shown. */
#include "sim/output/text.h"

#include <stdbool.h>

static bool is_printable(gunichar character)
{
    GUnicodeType type = g_unichar_type(character);
    bool is_format = type == G_UNICODE_FORMAT;          /* direction overrides, zero-width characters */
    bool is_separator = type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
    return type != G_UNICODE_CONTROL && !is_format && !is_separator && g_unichar_isdefined(character);
}

char *lz_text_printable(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *shown = g_string_new(NULL);
    for (const char *at = valid; *at; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);
        g_string_append_unichar(shown, is_printable(character) ? character : 0xfffd);
    }
    return g_string_free(shown, FALSE);
}

char *lz_text_xml(const char *text)
{
    g_autofree char *printable = lz_text_printable(text);
    return g_markup_escape_text(printable, -1);
}
