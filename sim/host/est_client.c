/* A device asks a registrar for its certificate. */
#include "sim/host/est_client.h"

#include "lazaret/protocol/est.h"
#include "lazaret/protocol/http.h"
#include "sim/host/internal.h"
#include "sim/tls/enrol.h"

#define ANSWER_BYTES_MAX 65536u
#define REQUEST_BYTES_MAX 4096u
#define HANDSHAKE_TIMEOUT_NS LZ_SECONDS(60)
#define RETRY_AFTER_MAX_S (7 * 86400)

typedef enum { ASKS_CERTIFICATES, MAKES_KEY, ASKS_CERTIFICATE, WAITS } Phase;

struct LzEstClient {
    LzHost *host;
    const LzHostOnboarding *options;
    void (*done)(void *self, LzEstResult result, LzCredential *credential);
    void *self;
    LzCredential *present;              /* what it shows */
    bool is_renewal, is_busy;
    Phase phase;
    LzSession *session;                 /* NULL: none */
    LzHttpStream answer;
    LzCredential *wanted;               /* its key is made, its certificate not; NULL: neither */
    LzBuffer *request;                  /* for it: base64 of PKCS#10 */
    unsigned keys;                      /* made so far: each from a stream of its own */
    LzEvent key_made, again;
};

static void forget_wanted(LzEstClient *client)
{
    g_clear_pointer(&client->request, lz_buffer_unref);
    g_clear_pointer(&client->wanted, lz_credential_free);
}

static void leave_session(LzEstClient *client)
{
    LzSession *session = client->session;
    client->session = NULL;
    if (session && lz_session_is_open(session)) {
        lz_session_close(session);
    } else if (session) {
        lz_session_abort(session);
    }
}

static void finish(LzEstClient *client, LzEstResult result)
{
    LzCredential *credential = result == LZ_EST_ENROLLED ? g_steal_pointer(&client->wanted) : NULL;
    leave_session(client);
    lz_event_cancel(client->host->env.scheduler, &client->again);
    forget_wanted(client);
    client->is_busy = false;
    client->done(client->self, result, credential);
}

/* ---- requests ---- */

static void send_request(LzEstClient *client, const char *method, const char *operation, LzBytes body)
{
    g_autofree char *path = g_strconcat(LZ_EST_PATH, operation, NULL);
    uint8_t bytes[REQUEST_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_http_write_request(&writer, method, lz_bytes_of_text(path), client->options->registrar_name);
    if (body.size > 0) {
        lz_http_write_field(&writer, "Content-Type", lz_bytes_of_text(LZ_EST_TYPE_REQUEST));
        lz_http_write_field(&writer, "Content-Transfer-Encoding", lz_bytes_of_text("base64"));
        lz_http_write_number(&writer, "Content-Length", body.size);
    }
    lz_http_write_end(&writer);
    lz_write_bytes(&writer, body);
    g_assert(!writer.failed);
    lz_session_send(client->session, (LzBytes){bytes, writer.size}, 0);
}

static void ask_certificate(LzEstClient *client)
{
    client->phase = ASKS_CERTIFICATE;
    send_request(client, "POST", client->is_renewal ? "simplereenroll" : "simpleenroll",
                 (LzBytes){client->request->data, client->request->size});
}

static void key_made(void *owner)
{
    LzEstClient *client = owner;
    if (client->session && lz_session_is_open(client->session)) {
        ask_certificate(client);
    }
}

static void make_key(LzEstClient *client)
{
    LzHost *host = client->host;
    g_autofree char *owner = g_strdup_printf("%s/site-%u", lz_host_name(host), ++client->keys);
    LzCryptoWork work;
    LzBuffer *request = NULL;
    client->phase = MAKES_KEY;
    client->wanted = lz_enrol_begin(client->options->site, lz_credential_name(client->present), owner, client->options->key,
                                    &request, &work);
    client->request = lz_est_base64_encode((LzBytes){request->data, request->size});
    lz_buffer_unref(request);
    LzTime cost_ns = lz_host_crypto_ns(host, &work);
    host->stats.crypto_ns += cost_ns;
    lz_host_compute(host, cost_ns, &client->key_made);
}

/* ---- answers ---- */

/* The certificates in an answer's body; the buffer that they borrow is the caller's. */
static unsigned read_certificates(const LzEstClient *client, LzBuffer **ret_buffer, LzBytes *ret_certificates)
{
    *ret_buffer = lz_est_base64_decode(lz_http_stream_body(&client->answer));
    return *ret_buffer ? lz_est_decode_certificates((LzBytes){(*ret_buffer)->data, (*ret_buffer)->size}, ret_certificates,
                                                    LZ_EST_CERTIFICATES_MAX)
                       : 0;
}

/* The root among them has to be the one that it knows. */
static void take_certificates(LzEstClient *client)
{
    LzBuffer *buffer = NULL;
    LzBytes certificates[LZ_EST_CERTIFICATES_MAX], root = {.data = NULL, .size = 0};
    for (unsigned i = 0; lz_authority_certificate(client->options->site, i).size > 0; i++) {
        root = lz_authority_certificate(client->options->site, i);
    }
    bool is_known = false;
    unsigned count = read_certificates(client, &buffer, certificates);
    for (unsigned i = 0; i < count; i++) {
        is_known |= lz_bytes_equal(certificates[i], root);
    }
    lz_buffer_unref(buffer);
    if (is_known) {
        make_key(client);
    } else {
        finish(client, LZ_EST_REFUSED);
    }
}

static void take_certificate(LzEstClient *client)
{
    LzBuffer *buffer = NULL;
    LzBytes certificates[LZ_EST_CERTIFICATES_MAX];
    unsigned count = read_certificates(client, &buffer, certificates);
    bool is_good = count > 0 && lz_enrol_finish(client->wanted, certificates[0]);
    lz_buffer_unref(buffer);
    finish(client, is_good ? LZ_EST_ENROLLED : LZ_EST_REFUSED);
}

/* RFC 7030 4.2.3: 202 with Retry-After. The session is not kept meanwhile. */
static void wait_for_approval(LzEstClient *client)
{
    LzBytes value;
    gint64 seconds = 0;
    g_autofree char *text = lz_http_field(&client->answer.head, "Retry-After", &value)
                                ? g_strndup((const char *)value.data, value.size)
                                : NULL;
    if (!text || !g_ascii_string_to_signed(text, 10, 1, RETRY_AFTER_MAX_S, &seconds, NULL)) {
        finish(client, LZ_EST_REFUSED);
        return;
    }
    client->phase = WAITS;
    lz_timer_after(client->host->env.scheduler, &client->again, LZ_SECONDS(seconds));
    leave_session(client);
}

static void take_answer(LzEstClient *client)
{
    unsigned status = client->answer.head.status;
    if (status == 200 && client->phase == ASKS_CERTIFICATES) {
        take_certificates(client);
    } else if (status == 200 && client->phase == ASKS_CERTIFICATE) {
        take_certificate(client);
    } else if (status == 202 && client->phase == ASKS_CERTIFICATE) {
        wait_for_approval(client);
    } else {
        finish(client, LZ_EST_REFUSED);
    }
}

/* ---- the session ---- */

static void opened(void *self, LzSession *session)
{
    LzEstClient *client = self;
    if (session != client->session) {
        return;
    }
    if (client->wanted) {
        ask_certificate(client);
    } else {
        client->phase = ASKS_CERTIFICATES;
        send_request(client, "GET", "cacerts", (LzBytes){.data = NULL, .size = 0});
    }
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    LzEstClient *client = self;
    while (session == client->session) {
        LzHttpProgress progress = lz_http_stream_next(&client->answer, &bytes);
        if (progress == LZ_HTTP_END) {
            take_answer(client);
        } else if (progress == LZ_HTTP_MORE) {
            return;
        } else if (progress != LZ_HTTP_HEAD) {
            finish(client, LZ_EST_REFUSED);
        }
    }
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    LzEstClient *client = self;
    if (session == client->session) {
        client->session = NULL;
        bool is_refusal = reason == LZ_CLOSE_TLS_PEER_ALERT || reason == LZ_CLOSE_TLS_LOCAL_ALERT;
        if (reason != LZ_CLOSE_POWER) {
            finish(client, is_refusal ? LZ_EST_REFUSED : LZ_EST_UNREACHABLE);
        }
    }
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

/* Past the gate at which its host's other sessions wait. */
static void connect_registrar(void *owner)
{
    LzEstClient *client = owner;
    const LzHostOnboarding *options = client->options;
    const LzConnect connect = {
        .address = options->registrar,
        .port = options->registrar_port,
        .tls = options->est,
        .credential = client->present,
        .server_name = options->registrar_name,
        .handshake_timeout_ns = HANDSHAKE_TIMEOUT_NS,
    };
    lz_http_stream_clear(&client->answer);
    client->session = lz_session_prepare(client->host, &connect, &session_events, client);
    lz_session_begin(client->session, &connect);
}

void lz_est_client_begin(LzEstClient *client, LzCredential *credential, bool is_renewal)
{
    g_assert(!client->is_busy);
    client->is_busy = true;
    client->present = credential;
    client->is_renewal = is_renewal;
    connect_registrar(client);
}

void lz_est_client_cancel(LzEstClient *client)
{
    client->is_busy = false;
    leave_session(client);
    lz_event_cancel(client->host->env.scheduler, &client->again);
    lz_host_compute_cancel(client->host, &client->key_made);
    forget_wanted(client);
}

bool lz_est_client_is_busy(const LzEstClient *client)
{
    return client->is_busy;
}

LzEstClient *lz_est_client_new(LzHost *host, const LzHostOnboarding *options,
                               void (*done)(void *self, LzEstResult result, LzCredential *credential), void *self)
{
    LzEstClient *client = g_new0(LzEstClient, 1);
    client->host = host;
    client->options = options;
    client->done = done;
    client->self = self;
    lz_http_stream_init(&client->answer, LZ_HTTP_RESPONSE, ANSWER_BYTES_MAX, ANSWER_BYTES_MAX);
    lz_event_init(&client->key_made, key_made, client);
    lz_event_init(&client->again, connect_registrar, client);
    return client;
}

void lz_est_client_free(LzEstClient *client)
{
    if (client) {
        lz_event_cancel(client->host->env.scheduler, &client->again);
        lz_host_compute_cancel(client->host, &client->key_made);
        forget_wanted(client);
        lz_http_stream_clear(&client->answer);
        g_free(client);
    }
}
