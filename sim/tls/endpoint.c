/* One side of one connection of TLS or DTLS: bytes in, bytes out, and the account of what that cost. */
#include <mbedtls/lazaret_inside.h>
#include <mbedtls/ssl.h>

#include "sim/tls/client_ticket.h"
#include "sim/tls/context.h"
#include "sim/tls/credential.h"
#include "sim/tls/datagrams.h"
#include "sim/tls/key_log.h"
#include "sim/tls/profile.h"
#include "sim/tls/psk.h"

enum {
    RECORD_HEADER_SIZE = 5,             /* type, version, length (RFC 8446 5.1) */
    DATAGRAM_HEADER_SIZE = 13,          /* and epoch, number (RFC 6347 4.1) */
    PLAINTEXT_CHUNK = 4096,             /* bytes asked of Mbed TLS at a time */
    FRUITLESS_CALLS_MAX = 2,            /* in a row that consumed no input, before we wait for more */
};

struct LzTlsEndpoint {
    mbedtls_ssl_context ssl;
    const LzTlsProfile *profile;        /* borrowed */
    mbedtls_ssl_config *own_config;     /* of a client with a shared key; NULL: the profile's */
    LzCredential *credential;           /* what a client presents; NULL: nothing, or its first step has begun */
    mbedtls_x509_crt *chain;            /* NULL: nothing, or the handshake is over */
    LzInsideParked parked;              /* while it has no record buffers */
    bool is_parked, has_forgotten;      /* the latter: its handshake */
    LzTlsState state;
    LzRandom random, blinding;
    LzTlsContext context;
    GByteArray *input;                  /* arrived, not read; NULL when empty */
    size_t input_used;
    GByteArray *output;                 /* during a step */
    LzTlsDatagrams *datagrams;          /* of DTLS, in the place of the three above; NULL: TLS */
    GPtrArray *secrets;                 /* during a step: char *; NULL: none yet */
    bool has_sent_close, tells_secrets, has_seen_certificate, keeps_tickets;
    GBytes *peer_certificate;           /* NULL: none, or nobody wants it */
    GBytes *revoked;                    /* uint64_t, ascending; NULL: none is */
    char peer_name[LZ_TLS_NAME_SIZE], resumed_name[LZ_TLS_NAME_SIZE];
};

/* ---- the two ends of Mbed TLS's transport ---------------------------------------------------------------- */

/* Alerts that are not encrypted yet; the others are seen before their encryption. */
static void note_plain_alerts(LzTlsEndpoint *endpoint, const unsigned char *records, size_t size)
{
    while (size >= RECORD_HEADER_SIZE) {
        size_t length = (size_t)records[3] << 8 | records[4];
        const unsigned char *content = records + RECORD_HEADER_SIZE;
        if (records[0] == MBEDTLS_SSL_MSG_ALERT && length == 2 && content[0] == MBEDTLS_SSL_ALERT_LEVEL_FATAL) {
            endpoint->context.alert_sent = content[1];
        }
        records = content + length;
        size -= MIN(size, RECORD_HEADER_SIZE + length);
    }
}

/* Likewise of DTLS, where one is the last record of its datagram. */
static void note_plain_alert(LzTlsEndpoint *endpoint, const unsigned char *datagram, size_t size)
{
    const unsigned char *record = datagram + size - (DATAGRAM_HEADER_SIZE + 2);
    if (size >= DATAGRAM_HEADER_SIZE + 2 && record[0] == MBEDTLS_SSL_MSG_ALERT && record[3] == 0 && record[4] == 0
        && record[DATAGRAM_HEADER_SIZE] == MBEDTLS_SSL_ALERT_LEVEL_FATAL) {
        endpoint->context.alert_sent = record[DATAGRAM_HEADER_SIZE + 1];
    }
}

static int send_records(void *self, const unsigned char *records, size_t size)
{
    LzTlsEndpoint *endpoint = self;
    if (endpoint->datagrams) {
        note_plain_alert(endpoint, records, size);
        lz_tls_datagrams_send(endpoint->datagrams, (LzBytes){records, size});
        return (int)size;
    }
    note_plain_alerts(endpoint, records, size);
    g_byte_array_append(endpoint->output, records, (guint)size);
    return (int)size;
}

/* Bytes, or datagrams. */
static size_t unread(const LzTlsEndpoint *endpoint)
{
    if (endpoint->datagrams) {
        return lz_tls_datagrams_unread(endpoint->datagrams);
    }
    return endpoint->input ? endpoint->input->len - endpoint->input_used : 0;
}

static void drop_input(LzTlsEndpoint *endpoint)
{
    if (endpoint->datagrams) {
        lz_tls_datagrams_drop(endpoint->datagrams);
    }
    g_clear_pointer(&endpoint->input, g_byte_array_unref);
    endpoint->input_used = 0;
}

static int receive_records(void *self, unsigned char *ret_records, size_t capacity)
{
    LzTlsEndpoint *endpoint = self;
    if (endpoint->datagrams) {
        return lz_tls_datagrams_receive(endpoint->datagrams, lz_inside_newest_record(&endpoint->ssl) >> 48, ret_records, capacity);
    }
    size_t size = MIN(capacity, unread(endpoint));
    if (size == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    memcpy(ret_records, endpoint->input->data + endpoint->input_used, size);
    endpoint->input_used += size;
    if (unread(endpoint) == 0) {
        drop_input(endpoint);
    }
    return (int)size;
}

/* ---- life ----------------------------------------------------------------------------------------------- */

/* A stream per (entity, connection, side): what one connection draws never shifts the next one's. The
 * multiplications are SplitMix64's, bijective. */
static uint64_t stream_id(uint64_t entity, uint32_t connection, bool is_server)
{
    uint64_t mixed = entity + UINT64_C(0x9e3779b97f4a7c15) * (2 * (uint64_t)connection + is_server + 1);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* Then no ticket is worth having. */
static void use_shared_key(LzTlsEndpoint *endpoint, const LzTlsClient *client)
{
    endpoint->own_config = lz_psk_config_new(&endpoint->profile->config, client->credential);
    endpoint->keeps_tickets = false;
    g_strlcpy(endpoint->resumed_name, client->server_name, sizeof endpoint->resumed_name);
}

/* RFC 5764 4.2, RFC 5705 4: without a context. */
static void derive_srtp_keys(LzTlsDatagrams *datagrams, const unsigned char *secret, size_t size,
                             const unsigned char client_random[32], const unsigned char server_random[32],
                             mbedtls_tls_prf_types prf)
{
    unsigned char randoms[64];
    memcpy(randoms, client_random, 32);
    memcpy(randoms + 32, server_random, 32);
    datagrams->srtp_keys = datagrams->srtp_keys ? datagrams->srtp_keys : g_malloc(LZ_TLS_SRTP_KEYS_BYTES);
    int ret = mbedtls_ssl_tls_prf(prf, secret, size, "EXTRACTOR-dtls_srtp", randoms, sizeof randoms, datagrams->srtp_keys,
                                  LZ_TLS_SRTP_KEYS_BYTES);
    g_assert(ret == 0);         /* memory */
}

static void export_secret(void *self, mbedtls_ssl_key_export_type type, const unsigned char *secret, size_t size,
                          const unsigned char client_random[32], const unsigned char server_random[32],
                          mbedtls_tls_prf_types prf)
{
    LzTlsEndpoint *endpoint = self;
    if (endpoint->profile->options.dtls.has_srtp) {
        derive_srtp_keys(endpoint->datagrams, secret, size, client_random, server_random, prf);
    }
    char *line = endpoint->tells_secrets ? lz_key_log_line(type, client_random, secret, size) : NULL;
    if (line) {
        endpoint->secrets = endpoint->secrets ? endpoint->secrets : g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(endpoint->secrets, line);
    }
}

/* A client needs no id of its own: it knows whom it speaks to. */
static int begin_dtls(LzTlsEndpoint *endpoint)
{
    const LzTlsProfileOptions *options = &endpoint->profile->options;
    LzTlsDatagrams *datagrams = endpoint->datagrams = lz_tls_datagrams_new();
    mbedtls_ssl_set_timer_cb(&endpoint->ssl, datagrams, lz_tls_datagrams_set_timer, lz_tls_datagrams_timer);
    mbedtls_ssl_set_mtu(&endpoint->ssl, (uint16_t)options->dtls.mtu_bytes);
    if (options->dtls.has_srtp) {
        mbedtls_ssl_set_export_keys_cb(&endpoint->ssl, export_secret, endpoint);
    }
    if (!options->dtls.has_connection_id) {
        return 0;
    }
    if (options->is_server) {
        lz_random_fill(&endpoint->random, datagrams->connection_id, LZ_DTLS_CID_BYTES);
    }
    return mbedtls_ssl_set_cid(&endpoint->ssl, MBEDTLS_SSL_CID_ENABLED, datagrams->connection_id,
                               options->is_server ? LZ_DTLS_CID_BYTES : 0);
}

LzTlsEndpoint *lz_tls_endpoint_new(const LzTlsProfile *profile, uint64_t seed, uint64_t entity, uint32_t connection,
                                   const LzTlsClient *client)
{
    bool is_server = profile->options.is_server;
    g_assert(is_server ? !client : client->server_name != NULL);        /* Mbed TLS would take NULL for "do not verify" */
    LzTlsEndpoint *endpoint = g_new0(LzTlsEndpoint, 1);
    uint64_t stream = stream_id(entity, connection, is_server);
    lz_random_init(&endpoint->random, seed, stream, LZ_PURPOSE_TLS);
    lz_random_init(&endpoint->blinding, seed, stream, LZ_PURPOSE_TLS_BLINDING);
    endpoint->profile = profile;
    endpoint->keeps_tickets = !is_server && profile->options.has_tickets && client->ticket;
    endpoint->context = (LzTlsContext){
        .random = &endpoint->random,
        .blinding = &endpoint->blinding,
        .ec = lz_pki_ec(profile->options.trust),
        .aead = lz_pki_aead(profile->options.trust),
        .memo = lz_pki_verify_memo(profile->options.trust),
        .ahead = lz_pki_verify_ahead(profile->options.trust),
        .alert_sent = -1,
        .resumed_name = endpoint->resumed_name,
    };
    endpoint->context.is_hybrid = profile->options.is_hybrid;
    if (!is_server && client->credential && lz_tls_profile_shares_keys(profile)) {
        use_shared_key(endpoint, client);
    }
    LzTlsContext *previous = lz_tls_context_enter(&endpoint->context);
    mbedtls_ssl_init(&endpoint->ssl);
    int ret = mbedtls_ssl_setup(&endpoint->ssl, endpoint->own_config ? endpoint->own_config : &profile->config);
    if (ret == 0 && !is_server) {
        ret = mbedtls_ssl_set_hostname(&endpoint->ssl, client->server_name);
        bool has_certificate = lz_tls_profile_has(profile, LZ_EXCHANGE_ECDHE) || lz_tls_profile_has(profile, LZ_EXCHANGE_RSA);
        endpoint->credential = has_certificate ? client->credential : NULL;
    }
    ret = ret == 0 && profile->options.dtls.is_datagram ? begin_dtls(endpoint) : ret;
    g_assert(ret == 0);         /* allocation only */
    mbedtls_ssl_set_bio(&endpoint->ssl, endpoint, send_records, receive_records, NULL);
    lz_tls_context_leave(previous);
    if (endpoint->keeps_tickets && !client->offers_later) {
        lz_tls_endpoint_offer(endpoint, client->ticket);
    }
    return endpoint;
}

void lz_tls_endpoint_offer(LzTlsEndpoint *endpoint, LzTlsTicket *ticket)
{
    if (endpoint->keeps_tickets) {
        LzTlsContext *previous = lz_tls_context_enter(&endpoint->context);
        lz_client_ticket_offer(ticket, &endpoint->profile->options, &endpoint->ssl, endpoint->resumed_name);
        lz_tls_context_leave(previous);
    }
}

void lz_tls_endpoint_free(LzTlsEndpoint *endpoint)
{
    if (!endpoint) {
        return;
    }
    LzTlsContext *previous = lz_tls_context_enter(&endpoint->context);
    mbedtls_ssl_free(&endpoint->ssl);
    lz_tls_context_leave(previous);
    lz_psk_config_free(endpoint->own_config);
    lz_credential_chain_free(endpoint->chain);
    g_bytes_unref(endpoint->peer_certificate);
    g_bytes_unref(endpoint->revoked);
    drop_input(endpoint);
    lz_tls_datagrams_free(endpoint->datagrams);
    g_free(endpoint);
}

static bool is_among(GBytes *serials, uint64_t serial)
{
    size_t size;
    const uint64_t *items = g_bytes_get_data(serials, &size);
    size_t from = 0, to = size / sizeof *items;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (items[middle] == serial) {
            return true;
        }
        *(items[middle] < serial ? &from : &to) = items[middle] < serial ? middle + 1 : middle;
    }
    return false;
}

/* Called by Mbed TLS for each certificate of the chain, the root first. Numbers are unique for their issuer alone. */
static int check_revocation(void *self, mbedtls_x509_crt *shown, int depth, uint32_t *flags)
{
    LzTlsEndpoint *endpoint = self;
    LzCertificate certificate;
    const char *issuer;
    lz_pki_issuing_key(endpoint->profile->options.trust, &issuer);
    if (depth == 0 && lz_certificate_read((LzBytes){shown->raw.p, shown->raw.len}, &certificate) &&
        strcmp(certificate.issuer, issuer) == 0 && is_among(endpoint->revoked, certificate.serial)) {
        *flags |= MBEDTLS_X509_BADCERT_REVOKED;
        g_strlcpy(endpoint->peer_name, certificate.name, sizeof endpoint->peer_name);
    }
    return 0;
}

void lz_tls_endpoint_set_revoked(LzTlsEndpoint *endpoint, GBytes *serials)
{
    g_assert(endpoint->profile->options.is_server && !endpoint->revoked);
    endpoint->revoked = serials;
    mbedtls_ssl_set_verify(&endpoint->ssl, check_revocation, endpoint);
}

void lz_tls_endpoint_feed(LzTlsEndpoint *endpoint, LzBytes records)
{
    if (records.size == 0) {
        return;
    }
    if (endpoint->datagrams) {
        lz_tls_datagrams_feed(endpoint->datagrams, records);
        return;
    }
    if (!endpoint->input) {
        endpoint->input = g_byte_array_new();
    }
    g_byte_array_append(endpoint->input, records.data, (guint)records.size);
}

/* ---- steps ---------------------------------------------------------------------------------------------- */

static LzSpareBuffers *spare_buffers(const LzTlsEndpoint *endpoint)
{
    return lz_pki_spare_buffers(endpoint->profile->options.trust);
}

/* An open connection keeps its keys and what its application has not read; all else goes back. */
static void settle(LzTlsEndpoint *endpoint)
{
    if (!mbedtls_ssl_is_handshake_over(&endpoint->ssl)) {
        return;
    }
    if (!endpoint->has_forgotten) {
        endpoint->has_forgotten = lz_inside_forget_handshake(&endpoint->ssl);
        g_clear_pointer(&endpoint->chain, lz_credential_chain_free);
    }
    LzInsideBuffers buffers;
    endpoint->is_parked = lz_inside_park(&endpoint->ssl, &endpoint->parked, &buffers);
    if (endpoint->is_parked) {
        lz_spare_buffers_give(spare_buffers(endpoint), buffers);
    }
}

static void unsettle(LzTlsEndpoint *endpoint)
{
    if (endpoint->is_parked) {
        endpoint->is_parked = false;
        lz_inside_unpark(&endpoint->ssl, &endpoint->parked, lz_spare_buffers_take(spare_buffers(endpoint)));
    }
}

/* Not earlier than that, because it may have to be made first, which is best done where the step is. */
static void present_credential(LzTlsEndpoint *endpoint)
{
    LzCredential *credential = g_steal_pointer(&endpoint->credential);
    if (!credential) {
        return;
    }
    bool is_made = lz_credential_make(credential, NULL);
    g_assert(is_made);          /* its name is valid; what is left is memory */
    endpoint->chain = lz_credential_chain_new(credential);
    int ret = lz_inside_present(&endpoint->ssl, endpoint->chain, &credential->key->pk);
    g_assert(ret == 0);
}

static LzTlsContext *begin_step(LzTlsEndpoint *endpoint, LzTime wall_ns, LzTlsStep *ret_step)
{
    *ret_step = (LzTlsStep){.alert_sent = -1, .alert_received = -1, .timer_ns = LZ_DTLS_TIMER_AS_BEFORE};
    endpoint->output = g_byte_array_new();
    endpoint->context.wall_ns = wall_ns;
    endpoint->context.work = &ret_step->work;
    endpoint->context.alert_sent = -1;
    unsettle(endpoint);
    LzTlsContext *previous = lz_tls_context_enter(&endpoint->context);
    present_credential(endpoint);
    return previous;
}

static void end_dtls_step(LzTlsDatagrams *datagrams, LzTlsStep *step)
{
    step->datagrams = g_steal_pointer(&datagrams->sent);
    step->messages = g_steal_pointer(&datagrams->messages);
    step->timer_ns = datagrams->timer_ns;
    datagrams->timer_ns = LZ_DTLS_TIMER_AS_BEFORE;
}

static void end_step(LzTlsEndpoint *endpoint, LzTlsContext *previous, LzTlsStep *step)
{
    settle(endpoint);
    lz_tls_context_leave(previous);
    if (endpoint->output->len > 0) {
        step->records = lz_buffer_new_copy(endpoint->output->data, endpoint->output->len);
    }
    g_clear_pointer(&endpoint->output, g_byte_array_unref);
    if (endpoint->datagrams) {
        end_dtls_step(endpoint->datagrams, step);
    }
    step->secrets = g_steal_pointer(&endpoint->secrets);
    step->alert_sent = endpoint->context.alert_sent;
    step->state = endpoint->state;
    step->just_opened = step->just_opened && endpoint->state != LZ_TLS_FAILED;
    endpoint->context.work = NULL;
}

/* Mbed TLS's TLS 1.2 server falls silent when the client has no certificate; RFC 5246 7.4.6 knows an alert for that. */
static void fail(LzTlsEndpoint *endpoint, int ret, LzTlsStep *step)
{
    endpoint->state = LZ_TLS_FAILED;
    step->has_timed_out = ret == MBEDTLS_ERR_SSL_TIMEOUT;
    if (ret == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE && endpoint->context.alert_sent < 0) {
        mbedtls_ssl_send_alert_message(&endpoint->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                       MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
    }
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        step->alert_received = lz_inside_alert_received(&endpoint->ssl);
    }
    drop_input(endpoint);
}

/* Every full handshake passes through the server's Certificate, in both versions and on both sides. */
static int advance_handshake(LzTlsEndpoint *endpoint)
{
    if (lz_inside_handshake_state(&endpoint->ssl) == MBEDTLS_SSL_SERVER_CERTIFICATE) {
        endpoint->has_seen_certificate = true;
    }
    lz_inside_choose_sending_keys(&endpoint->ssl);
    return mbedtls_ssl_handshake_step(&endpoint->ssl);
}

/* A later ticket takes the place of an earlier one. */
static void receive_ticket(LzTlsEndpoint *endpoint, LzTlsStep *step)
{
    LzTlsTicket *ticket = endpoint->keeps_tickets ? lz_client_ticket_receive(&endpoint->ssl, endpoint->peer_name) : NULL;
    if (ticket) {
        lz_tls_ticket_free(step->ticket);
        step->ticket = ticket;
    }
}

/* The connection stands on a key that both have. */
static bool shares_key(const LzTlsEndpoint *endpoint)
{
    return endpoint->own_config || endpoint->context.has_used_psk;
}

static void open_endpoint(LzTlsEndpoint *endpoint, LzTlsStep *step)
{
    endpoint->state = LZ_TLS_OPEN;
    step->just_opened = true;
    const mbedtls_x509_crt *peer = mbedtls_ssl_get_peer_cert(&endpoint->ssl);
    if (peer) {
        lz_certificate_common_name(peer, endpoint->peer_name, sizeof endpoint->peer_name);
        if (endpoint->profile->options.keeps_certificates) {
            endpoint->peer_certificate = g_bytes_new(peer->raw.p, peer->raw.len);
        }
    } else if (shares_key(endpoint) || lz_tls_endpoint_was_resumed(endpoint)) {
        g_strlcpy(endpoint->peer_name, endpoint->resumed_name, sizeof endpoint->peer_name);
    }
    /* TLS 1.3's tickets come later, each by itself. */
    if (lz_tls_endpoint_version(endpoint) == LZ_TLS_1_2) {
        receive_ticket(endpoint, step);
    }
}

static int read_plaintext(LzTlsEndpoint *endpoint, GByteArray **plaintext)
{
    unsigned char chunk[PLAINTEXT_CHUNK];
    if (lz_inside_handshake_state(&endpoint->ssl) != MBEDTLS_SSL_HANDSHAKE_OVER) {
        bool is_recalled = lz_inside_recall_handshake(&endpoint->ssl);
        g_assert(is_recalled);          /* memory */
        endpoint->has_forgotten = false;
    }
    int ret = mbedtls_ssl_read(&endpoint->ssl, chunk, sizeof chunk);
    if (ret > 0 && endpoint->datagrams) {
        lz_tls_datagrams_keep_message(endpoint->datagrams, (LzBytes){chunk, (size_t)ret});
    } else if (ret > 0) {
        if (!*plaintext) {
            *plaintext = g_byte_array_new();
        }
        g_byte_array_append(*plaintext, chunk, (guint)ret);
    }
    return ret;
}

/* One call into Mbed TLS, whichever is due. */
static int advance_once(LzTlsEndpoint *endpoint, GByteArray **plaintext, LzTlsStep *step)
{
    if (!mbedtls_ssl_is_handshake_over(&endpoint->ssl)) {
        return advance_handshake(endpoint);
    }
    if (endpoint->state == LZ_TLS_HANDSHAKING) {
        open_endpoint(endpoint, step);
    }
    int ret = read_plaintext(endpoint, plaintext);
    if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        receive_ticket(endpoint, step);
        return 0;
    }
    return ret;
}

/* Of DTLS, sees what goes out again and what has come in. */
static int advance(LzTlsEndpoint *endpoint, GByteArray **plaintext, LzTlsStep *step)
{
    if (!endpoint->datagrams) {
        return advance_once(endpoint, plaintext, step);
    }
    uint64_t newest = lz_inside_newest_record(&endpoint->ssl);
    endpoint->datagrams->repeats = false;
    int ret = advance_once(endpoint, plaintext, step);
    step->retransmissions += endpoint->datagrams->repeats;
    step->has_newer |= lz_inside_newest_record(&endpoint->ssl) > newest;
    return ret;
}

/* Calls until the input is used up. "Want read" is no proof of that: a TLS 1.3 client says so while the ticket
 * that it has just read waits in its buffer, so it is asked again. */
static void advance_all(LzTlsEndpoint *endpoint, GByteArray **plaintext, LzTlsStep *step)
{
    unsigned fruitless_calls = 0;
    while (endpoint->state == LZ_TLS_HANDSHAKING || endpoint->state == LZ_TLS_OPEN) {
        size_t before = unread(endpoint);
        int ret = advance(endpoint, plaintext, step);
        if (ret >= 0) {
            fruitless_calls = 0;
        } else if (ret == MBEDTLS_ERR_SSL_WANT_READ) {
            fruitless_calls = unread(endpoint) == before ? fruitless_calls + 1 : 0;
            bool has_more = unread(endpoint) > 0 || mbedtls_ssl_check_pending(&endpoint->ssl);
            if (!has_more || fruitless_calls == FRUITLESS_CALLS_MAX) {
                return;
            }
        } else if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            endpoint->state = LZ_TLS_CLOSED;
            drop_input(endpoint);
        } else {
            fail(endpoint, ret, step);
        }
    }
    drop_input(endpoint);
}

void lz_tls_endpoint_step(LzTlsEndpoint *endpoint, LzTime wall_ns, LzTlsStep *ret_step)
{
    LzTlsContext *previous = begin_step(endpoint, wall_ns, ret_step);
    GByteArray *plaintext = NULL;
    advance_all(endpoint, &plaintext, ret_step);
    if (plaintext) {
        ret_step->plaintext = lz_buffer_new_copy(plaintext->data, plaintext->len);
        g_byte_array_unref(plaintext);
    }
    end_step(endpoint, previous, ret_step);
}

/* The hello of TLS 1.2 carries the time (RFC 5246 7.4.1.2), a ticket its age (RFC 8446 4.2.11). */
bool lz_tls_endpoint_starts_without_clock(const LzTlsEndpoint *endpoint)
{
    const LzTlsProfileOptions *options = &endpoint->profile->options;
    return !options->is_server && options->max_version == LZ_TLS_1_3 && !endpoint->keeps_tickets;
}

/* Mbed TLS writes one record at a time, of at most 16384 bytes of content. */
void lz_tls_endpoint_write(LzTlsEndpoint *endpoint, LzTime wall_ns, LzBytes plaintext, LzTlsStep *ret_step)
{
    g_assert(endpoint->state == LZ_TLS_OPEN);
    LzTlsContext *previous = begin_step(endpoint, wall_ns, ret_step);
    for (size_t written = 0; written < plaintext.size;) {
        int ret = mbedtls_ssl_write(&endpoint->ssl, plaintext.data + written, plaintext.size - written);
        if (ret <= 0) {
            fail(endpoint, ret, ret_step);
            break;
        }
        written += (size_t)ret;
    }
    end_step(endpoint, previous, ret_step);
}

/* In reply to the peer's close_notify as well (RFC 8446 6.1: each side closes its own direction). */
void lz_tls_endpoint_close(LzTlsEndpoint *endpoint, LzTime wall_ns, LzTlsStep *ret_step)
{
    LzTlsContext *previous = begin_step(endpoint, wall_ns, ret_step);
    if (endpoint->state != LZ_TLS_FAILED) {
        if (mbedtls_ssl_is_handshake_over(&endpoint->ssl) && !endpoint->has_sent_close) {
            mbedtls_ssl_close_notify(&endpoint->ssl);
            endpoint->has_sent_close = true;
        }
        endpoint->state = LZ_TLS_CLOSED;
        drop_input(endpoint);
    }
    end_step(endpoint, previous, ret_step);
}

void lz_tls_endpoint_refuse(LzTlsEndpoint *endpoint, LzTime wall_ns, int alert, LzTlsStep *ret_step)
{
    g_assert(endpoint->state == LZ_TLS_OPEN);
    LzTlsContext *previous = begin_step(endpoint, wall_ns, ret_step);
    mbedtls_ssl_send_alert_message(&endpoint->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, (unsigned char)alert);
    endpoint->state = LZ_TLS_FAILED;
    drop_input(endpoint);
    end_step(endpoint, previous, ret_step);
}

void lz_tls_step_clear(LzTlsStep *step)
{
    g_clear_pointer(&step->records, lz_buffer_unref);
    g_clear_pointer(&step->plaintext, lz_buffer_unref);
    g_clear_pointer(&step->datagrams, g_ptr_array_unref);
    g_clear_pointer(&step->messages, g_ptr_array_unref);
    g_clear_pointer(&step->ticket, lz_tls_ticket_free);
    g_clear_pointer(&step->secrets, g_ptr_array_unref);
}

void lz_tls_endpoint_expire(LzTlsEndpoint *endpoint)
{
    if (endpoint->datagrams->timer == LZ_DTLS_TIMER_RUNNING) {
        endpoint->datagrams->timer = LZ_DTLS_TIMER_EXPIRED;
    }
}

/* ---- facts ---------------------------------------------------------------------------------------------- */

LzTlsVersion lz_tls_endpoint_version(const LzTlsEndpoint *endpoint)
{
    return mbedtls_ssl_get_version_number(&endpoint->ssl) == MBEDTLS_SSL_VERSION_TLS1_2 ? LZ_TLS_1_2 : LZ_TLS_1_3;
}

bool lz_tls_endpoint_was_resumed(const LzTlsEndpoint *endpoint)
{
    return !endpoint->has_seen_certificate && !shares_key(endpoint);
}

LzTlsSuite lz_tls_endpoint_suite(const LzTlsEndpoint *endpoint)
{
    return lz_tls_suite_of(mbedtls_ssl_get_ciphersuite_id_from_ssl(&endpoint->ssl));
}

const char *lz_tls_endpoint_cipher_suite(const LzTlsEndpoint *endpoint)
{
    return mbedtls_ssl_get_ciphersuite(&endpoint->ssl);
}

const char *lz_tls_endpoint_peer_name(const LzTlsEndpoint *endpoint)
{
    return endpoint->peer_name[0] ? endpoint->peer_name : NULL;
}

size_t lz_tls_endpoint_room_bytes(const LzTlsEndpoint *endpoint)
{
    int room = mbedtls_ssl_get_max_out_record_payload(&endpoint->ssl);
    return room > 0 ? (size_t)room : 0;
}

bool lz_tls_endpoint_is_server(const LzTlsEndpoint *endpoint)
{
    return endpoint->profile->options.is_server;
}

const uint8_t *lz_tls_endpoint_srtp_keys(const LzTlsEndpoint *endpoint)
{
    mbedtls_dtls_srtp_info info;
    mbedtls_ssl_get_dtls_srtp_negotiation_result(&endpoint->ssl, &info);
    bool has_agreed = info.MBEDTLS_PRIVATE(chosen_dtls_srtp_profile) == MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80;
    return has_agreed && endpoint->datagrams ? endpoint->datagrams->srtp_keys : NULL;
}

LzBytes lz_tls_endpoint_connection_id(const LzTlsEndpoint *endpoint)
{
    const LzTlsProfileOptions *options = &endpoint->profile->options;
    bool has_one = endpoint->datagrams && options->is_server && options->dtls.has_connection_id;
    return has_one ? (LzBytes){endpoint->datagrams->connection_id, LZ_DTLS_CID_BYTES} : (LzBytes){.data = NULL, .size = 0};
}

LzBytes lz_tls_endpoint_peer_certificate(const LzTlsEndpoint *endpoint)
{
    LzBytes bytes = {.data = NULL, .size = 0};
    if (endpoint->peer_certificate) {
        bytes.data = g_bytes_get_data(endpoint->peer_certificate, &bytes.size);
    }
    return bytes;
}

void lz_tls_endpoint_tell_secrets(LzTlsEndpoint *endpoint)
{
    endpoint->tells_secrets = true;
    mbedtls_ssl_set_export_keys_cb(&endpoint->ssl, export_secret, endpoint);
}

void lz_tls_endpoint_set_committed(LzTlsEndpoint *endpoint, void (*committed)(void *self, const LzCryptoWork *work), void *self)
{
    endpoint->context.committed = committed;
    endpoint->context.committed_self = self;
}

/* ---- attacks -------------------------------------------------------------------------------------------- */

LzBuffer *lz_tls_client_hello(const LzTlsProfile *profile, uint64_t seed, uint64_t entity, uint32_t connection,
                              const char *server_name, LzTime wall_ns, LzCryptoWork *ret_work)
{
    const LzTlsClient client = {.server_name = server_name};
    LzTlsEndpoint *endpoint = lz_tls_endpoint_new(profile, seed, entity, connection, &client);
    LzTlsStep step;
    lz_tls_endpoint_step(endpoint, wall_ns, &step);
    lz_tls_endpoint_free(endpoint);
    g_assert(step.records);
    *ret_work = step.work;
    return step.records;
}
