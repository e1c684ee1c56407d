/* What is counted of a handshake, of TLS or DTLS. Private to sim/host. */
#ifndef SIM_HOST_HANDSHAKE_H
#define SIM_HOST_HANDSHAKE_H

#include "sim/host/internal.h"

/* It has ended, one way or the other; counted once, by the flag. */
void lz_handshake_ended(LzHost *host, bool *was_counted, bool is_refused);
void lz_handshake_opened(LzHost *host, const LzTlsEndpoint *tls, LzTime from_ns, bool *was_counted);
/* An alert ended it, sent or received. */
void lz_handshake_refused(LzHost *host, int alert);
/* Before the records that they protect leave the host. */
void lz_handshake_tell_secrets(const LzHost *host, const GPtrArray *secrets);

#endif
