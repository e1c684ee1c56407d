#include "sim/tls/client_ticket.h"

#include <mbedtls/lazaret_inside.h>

#include "sim/tls/context.h"

struct LzTlsTicket {
    mbedtls_ssl_session session;
    bool is_present;
    LzTlsVersion version;
    char server_name[LZ_TLS_NAME_SIZE]; /* of its certificate, which is not kept */
};

LzTlsTicket *lz_tls_ticket_new(void)
{
    return g_new0(LzTlsTicket, 1);
}

void lz_tls_ticket_clear(LzTlsTicket *ticket)
{
    if (ticket->is_present) {
        mbedtls_ssl_session_free(&ticket->session);
        ticket->is_present = false;
    }
}

void lz_tls_ticket_free(LzTlsTicket *ticket)
{
    if (ticket) {
        lz_tls_ticket_clear(ticket);
        g_free(ticket);
    }
}

void lz_tls_ticket_move(LzTlsTicket *ticket, LzTlsTicket *from)
{
    lz_tls_ticket_clear(ticket);
    *ticket = *from;
    from->is_present = false;
}

void lz_client_ticket_offer(LzTlsTicket *ticket, const LzTlsProfileOptions *options, mbedtls_ssl_context *ssl,
                            char *ret_server_name)
{
    if (!ticket->is_present || ticket->version < options->min_version || ticket->version > options->max_version) {
        return;
    }
    int ret = mbedtls_ssl_set_session(ssl, &ticket->session);
    g_assert(ret == 0);         /* every profile has the suites of every other */
    g_strlcpy(ret_server_name, ticket->server_name, LZ_TLS_NAME_SIZE);
    if (ticket->version == LZ_TLS_1_3) {
        lz_tls_ticket_clear(ticket);
    }
}

LzTlsTicket *lz_client_ticket_receive(mbedtls_ssl_context *ssl, const char *server_name)
{
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_get_session(ssl, &session) != 0 || !lz_inside_session_has_ticket(&session)) {
        mbedtls_ssl_session_free(&session);
        return NULL;
    }
    LzTlsTicket *ticket = lz_tls_ticket_new();
    lz_inside_session_forget_peer(&session);
    ticket->session = session;          /* its pointers now belong to the ticket */
    g_strlcpy(ticket->server_name, server_name, sizeof ticket->server_name);
    ticket->is_present = true;
    ticket->version =
        mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_2 ? LZ_TLS_1_2 : LZ_TLS_1_3;
    return ticket;
}
