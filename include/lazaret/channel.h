/* TLS whose records do not travel in TCP but in something of the caller's, as in EAP: bytes in, bytes out, and the cost of each
 * step charged to the host's CPU. */
#ifndef LAZARET_CHANNEL_H
#define LAZARET_CHANNEL_H

#include "lazaret/session.h"

typedef struct LzChannel LzChannel;

typedef struct LzChannelOptions {       /* everything borrowed for the channel's life */
    const LzTlsProfile *tls;
    const char *server_name;            /* of a client: whom it verifies; NULL: a server */
    LzCredential *credential;           /* of a client; NULL: it has none */
    LzStatusClient *status;             /* of a server: certificates that it knows to be revoked are refused in the handshake; the
                                           rest is the caller's to ask about. NULL: nobody knows of any */
} LzChannelOptions;

typedef struct LzChannelStep {          /* borrowed during the call */
    LzBytes records;                    /* for the peer */
    LzBytes plaintext;                  /* from it */
    bool just_opened, has_failed;
} LzChannelStep;

/* stepped() comes once for each feed and write, when the CPU has done its work. No call comes from inside a verb. */
LzChannel *lz_channel_new(LzHost *host, const LzChannelOptions *options, void (*stepped)(void *self, const LzChannelStep *step),
                          void *self);
void lz_channel_free(LzChannel *channel);               /* at any time, inside stepped() as well; accepts NULL */
/* What came from the peer; a client begins with nothing. One at a time: not before the last was stepped. */
void lz_channel_feed(LzChannel *channel, LzBytes records);
void lz_channel_write(LzChannel *channel, LzBytes plaintext);           /* of an open channel; likewise */
bool lz_channel_is_1_3(const LzChannel *channel);       /* TLS 1.3, once it is open */
LzBytes lz_channel_peer_certificate(const LzChannel *channel);          /* DER; size 0: it showed none. Borrowed */

#endif
