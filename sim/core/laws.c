#include "sim/core/laws.h"

void lz_laws_clear(LzLaws *laws)
{
    g_clear_pointer(&laws->broken, g_free);
}

void lz_law_broken(LzLaws *laws, const char *format, ...)
{
    if (laws->broken) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    laws->broken = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}
