/* How a server seals and opens session tickets (RFC 5077): keys are a function of the server's stream and
 * of the virtual time, so that no connection's ticket depends on which other connections came first. */
#ifndef SIM_TLS_TICKET_KEYS_H
#define SIM_TLS_TICKET_KEYS_H

#include <mbedtls/ssl.h>

typedef struct LzTicketKeys {
    uint64_t seed, entity;              /* of the server */
    uint32_t lifetime_s;                /* > 0; of a ticket, and of a key before the next one seals */
} LzTicketKeys;

/* Callbacks of mbedtls_ssl_conf_session_tickets_cb(); the first argument is the LzTicketKeys. A ticket
 * carries the peer's name, because a resumed TLS 1.3 session shows no certificate. */
int lz_ticket_keys_seal(void *keys, const mbedtls_ssl_session *session, unsigned char *start, const unsigned char *end,
                        size_t *ret_size, uint32_t *ret_lifetime_s);
int lz_ticket_keys_open(void *keys, mbedtls_ssl_session *ret_session, unsigned char *ticket, size_t size);

#endif
