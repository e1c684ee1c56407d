/* What a server that judges certificates of its site asks about them: a list that it keeps (CRL), or a question each (OCSP), over
 * HTTP, with answers kept as long as they are good. Made by the world for each service that is to ask; a service on TCP has its
 * sessions judged by its host, one that carries TLS in something else asks by itself. */
#ifndef LAZARET_STATUS_CLIENT_H
#define LAZARET_STATUS_CLIENT_H

#include "lazaret/authority.h"

typedef enum {
    LZ_STATUS_GOOD,                     /* as far as is known, or nothing is known and policy lets it pass */
    LZ_STATUS_REVOKED,
    LZ_STATUS_UNHEARD,                  /* nothing good is known, and policy refuses that */
} LzStatusVerdict;

/* decided(self, verdict) comes later, never from inside; once, unless it is cancelled. Certificates of others than the site are
 * good. */
void lz_status_client_ask(LzStatusClient *client, const LzCertificate *certificate,
                          void (*decided)(void *self, LzStatusVerdict verdict), void *self);
void lz_status_client_cancel(LzStatusClient *client, const void *self);

#endif
