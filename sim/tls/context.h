/* The world as Mbed TLS sees it during one call: streams, clock and the account of its work. Mbed TLS
 * has no parameter for these, so they are thread-local and set around every call into it. */
#ifndef SIM_TLS_CONTEXT_H
#define SIM_TLS_CONTEXT_H

#include <glib.h>
#include <stdbool.h>

#include "lazaret/random.h"
#include "sim/tls/aead.h"
#include "sim/tls/cost.h"
#include "sim/tls/ec.h"
#include "sim/tls/verify_ahead.h"
#include "sim/tls/verify_memo.h"

enum { LZ_TLS_NAME_SIZE = 65 };         /* a CN (RFC 5280 ub-common-name 64) and its terminator */

typedef struct LzTlsContext {
    LzRandom *random;           /* what reaches the wire: key shares, hello randoms, salts */
    LzRandom *blinding;         /* what does not */
    LzEc *ec;                   /* borrowed, shared; NULL: Mbed TLS's own arithmetic */
    LzAead *aead;               /* borrowed, shared; NULL: likewise */
    LzVerifyMemo *memo;         /* borrowed, shared; NULL: every signature is verified */
    LzVerifyAhead *ahead;       /* borrowed, shared; NULL: when it is asked for */
    LzTime wall_ns;             /* since 1970; LZ_TLS_NO_CLOCK */
    LzCryptoWork *work;         /* NULL: not counted */
    unsigned operation_depth;   /* > 0 inside an operation whose published cost contains its parts */
    void (*committed)(void *self, const LzCryptoWork *work);    /* see lz_tls_context_commit(); NULL: nobody asks */
    void *committed_self;
    int alert_sent;             /* last fatal alert, -1 = none */
    char *resumed_name;         /* LZ_TLS_NAME_SIZE: the name in a ticket that was accepted, or of a shared key; NULL: nobody asks */
    bool has_used_psk;          /* the client's shared key was found */
    bool is_hybrid, has_hybrid_key;     /* see hybrid.h: it may be used; the client has offered it */
} LzTlsContext;

/* Makes context the one of this thread; returns the previous one for lz_tls_context_leave(). */
LzTlsContext *lz_tls_context_enter(LzTlsContext *context);
void lz_tls_context_leave(LzTlsContext *previous);
LzTlsContext *lz_tls_context(void);     /* a call into Mbed TLS outside enter and leave is a bug */

/* Before an operation that costs real time and that is counted already: says so to whom it may concern, who may bring the
 * call to another thread. No lock may be held. */
void lz_tls_context_commit(void);

LzTime lz_tls_wall_ns(void);            /* of the context; nobody may ask one without a clock */

/* Random functions as Mbed TLS wants them; the first argument is not used. */
int lz_tls_random(void *unused, unsigned char *ret_bytes, size_t size);
int lz_tls_blinding(void *unused, unsigned char *ret_bytes, size_t size);

/* Before any key or certificate is made; may be called again, from any thread. */
void lz_tls_library_init(void);

/* A refusal of Mbed TLS's as a GError of LZ_ERROR_CRYPTO: "what: its text". */
void lz_tls_set_error(GError **error, int code, const char *what);

#endif
