#include "sim/tls/context.h"

#include <mbedtls/error.h>
#include <psa/crypto.h>

#include "lazaret/error.h"
#include "sim/tls/tls.h"

static _Thread_local LzTlsContext *current;

/* Not inlined, as the two below: a caller that comes to another thread must not remember where `current` was. */
G_NO_INLINE LzTlsContext *lz_tls_context_enter(LzTlsContext *context)
{
    LzTlsContext *previous = current;
    current = context;
    return previous;
}

G_NO_INLINE void lz_tls_context_leave(LzTlsContext *previous)
{
    current = previous;
}

G_NO_INLINE LzTlsContext *lz_tls_context(void)
{
    g_assert(current);
    return current;
}

void lz_tls_context_commit(void)
{
    LzTlsContext *context = lz_tls_context();
    if (context->committed && context->work) {
        lz_tls_context_leave(NULL);
        context->committed(context->committed_self, context->work);
        lz_tls_context_enter(context);
    }
}

LzTime lz_tls_wall_ns(void)
{
    LzTime wall_ns = lz_tls_context()->wall_ns;
    g_assert(wall_ns != LZ_TLS_NO_CLOCK);
    return wall_ns;
}

int lz_tls_random(void *unused, unsigned char *ret_bytes, size_t size)
{
    (void)unused;
    lz_random_fill(lz_tls_context()->random, ret_bytes, size);
    return 0;
}

int lz_tls_blinding(void *unused, unsigned char *ret_bytes, size_t size)
{
    (void)unused;
    lz_random_fill(lz_tls_context()->blinding, ret_bytes, size);
    return 0;
}

void lz_tls_library_init(void)
{
    psa_status_t status = psa_crypto_init();    /* does nothing when it was done, under a lock of its own */
    g_assert(status == PSA_SUCCESS);
}

void lz_tls_set_error(GError **error, int code, const char *what)
{
    char text[128];
    mbedtls_strerror(code, text, sizeof text);
    g_set_error(error, LZ_ERROR, LZ_ERROR_CRYPTO, "%s: %s", what, text);
}
