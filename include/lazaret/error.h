/* A user's or a file's mistake is a GError of this domain; the exit code follows from the code
 * (LZ_ERROR_INPUT: 2, all others: 3). Bugs are g_assert; network events are counted enums. */
#ifndef LAZARET_ERROR_H
#define LAZARET_ERROR_H

#include <glib.h>

typedef enum {
    LZ_ERROR_INPUT,     /* usage or scenario: nothing was run */
    LZ_ERROR_IO,        /* a file could not be read or written */
    LZ_ERROR_LIMIT,     /* a named limit was reached while running */
    LZ_ERROR_CRYPTO,    /* Mbed TLS refused something that a valid scenario never asks for */
} LzErrorCode;

#define LZ_ERROR (lz_error_quark())
GQuark lz_error_quark(void);

#endif
