/* Asking about certificates. */
#include "sim/host/status_client.h"

#include <glib.h>
#include <string.h>

#include "lazaret/protocol/http.h"
#include "lazaret/revocation.h"

#define ANSWER_BYTES_MAX (16u << 20)    /* a list of some 400,000 certificates */
#define REQUEST_BYTES_MAX 1024u

typedef struct Question Question;

typedef struct Asker {
    LzCertificate certificate;
    void (*decided)(void *self, LzStatusVerdict verdict);
    void *self;
    Question *question;                 /* that it waits for; NULL: no more */
} Asker;

struct Question {                       /* one request, in a session of its own */
    LzStatusClient *client;
    uint64_t serial;                    /* of OCSP */
    LzSession *session;                 /* NULL: it is over, or needs none */
    LzHttpStream answer;
    LzEvent timeout, settle;
};

typedef struct Known {                  /* of one certificate that was asked about */
    uint64_t serial;
    int64_t until_unix_s;
    LzTime heard_ns;
} Known;

struct LzStatusClient {
    LzStatusOptions options;
    LzScheduler *scheduler;
    GPtrArray *askers;                  /* Asker, in order */
    GPtrArray *questions;               /* Question, in order */
    GHashTable *good;                   /* Known, by its serial, of OCSP; look-up only */
    GArray *revoked;                    /* uint64_t, ascending */
    int64_t list_until_unix_s;          /* 0: there is none */
    LzEvent refresh;
};

/* ---- what is known ---- */

static int64_t now_unix_s(const LzStatusClient *client)
{
    return lz_host_wall_ns(client->options.host) / LZ_NS_PER_S;
}

static bool is_by_list(const LzStatusClient *client)
{
    return client->options.method == LZ_STATUS_BY_LIST;
}

static gint compare_serials(gconstpointer left, gconstpointer right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* Once taken back, a certificate is never good again, however old the news. */
static bool is_revoked(const LzStatusClient *client, uint64_t serial)
{
    guint place;
    return g_array_binary_search(client->revoked, &serial, compare_serials, &place);
}

static bool is_known_good(const LzStatusClient *client, uint64_t serial)
{
    if (is_by_list(client)) {
        return now_unix_s(client) < client->list_until_unix_s;
    }
    const Known *known = g_hash_table_lookup(client->good, &serial);
    return known && now_unix_s(client) < known->until_unix_s;
}

/* Lists are fetched again without being asked for. */
static bool is_fresh(const LzStatusClient *client, uint64_t serial)
{
    const Known *known = g_hash_table_lookup(client->good, &serial);
    return is_by_list(client) || (known && lz_now(client->scheduler) - known->heard_ns < client->options.refresh_ns);
}

bool lz_status_client_knows(LzStatusClient *client, const LzCertificate *certificate, LzStatusVerdict *ret_verdict)
{
    *ret_verdict = LZ_STATUS_GOOD;
    if (strcmp(certificate->issuer, lz_authority_name(client->options.authority)) != 0) {
        return true;
    }
    if (is_revoked(client, certificate->serial)) {
        *ret_verdict = LZ_STATUS_REVOKED;
        return true;
    }
    return is_known_good(client, certificate->serial) && is_fresh(client, certificate->serial);
}

/* When nothing newer can be heard. */
static LzStatusVerdict judge(LzStatusClient *client, const LzCertificate *certificate)
{
    LzStatusVerdict verdict;
    bool is_known = lz_status_client_knows(client, certificate, &verdict) || is_known_good(client, certificate->serial);
    return !is_known && client->options.fails_hard ? LZ_STATUS_UNHEARD : verdict;
}

static void note_revoked(LzStatusClient *client, uint64_t serial)
{
    if (!is_revoked(client, serial)) {
        g_array_append_val(client->revoked, serial);
        g_array_sort(client->revoked, compare_serials);
    }
}

static void take_list(LzStatusClient *client, LzBytes der)
{
    LzStatusSpan span;
    uint64_t *serials = NULL;
    unsigned count = 0;
    if (lz_host_read_crl(client->options.host, client->options.authority, der, &span, &serials, &count)) {
        g_array_set_size(client->revoked, 0);
        g_array_append_vals(client->revoked, serials, count);
        g_array_sort(client->revoked, compare_serials);
        client->list_until_unix_s = span.next_update_unix_s;
    }
    g_free(serials);
}

static void take_answer(LzStatusClient *client, uint64_t serial, LzBytes der)
{
    LzStatusSpan span;
    bool is_taken_back = false;
    if (!lz_host_read_ocsp(client->options.host, client->options.authority, der, serial, &span, &is_taken_back)) {
        return;
    }
    if (is_taken_back) {
        note_revoked(client, serial);
        return;
    }
    Known *known = g_new(Known, 1);
    *known = (Known){serial, span.next_update_unix_s, lz_now(client->scheduler)};
    g_hash_table_replace(client->good, &known->serial, known);
}

void lz_status_client_arm(const LzStatusClient *client, LzTlsEndpoint *server)
{
    const GArray *revoked = client->revoked;
    if (revoked->len > 0) {
        lz_tls_endpoint_set_revoked(server, g_bytes_new(revoked->data, revoked->len * sizeof(uint64_t)));
    }
}

void lz_status_client_note_refused(LzStatusClient *client, const char *name)
{
    client->options.refused(client->options.owner, name, LZ_STATUS_REVOKED);
}

/* ---- questions ---- */

static void question_free(gpointer data)
{
    Question *question = data;
    lz_event_cancel(question->client->scheduler, &question->timeout);
    lz_event_cancel(question->client->scheduler, &question->settle);
    lz_http_stream_clear(&question->answer);
    g_free(question);
}

static Asker *take_ready(LzStatusClient *client)
{
    for (guint i = 0; i < client->askers->len; i++) {
        if (!((const Asker *)client->askers->pdata[i])->question) {
            return g_ptr_array_steal_index(client->askers, i);
        }
    }
    return NULL;
}

/* Everybody who waits for it hears what is known by now. */
static void settle(void *owner)
{
    Question *question = owner;
    LzStatusClient *client = question->client;
    for (guint i = 0; i < client->askers->len; i++) {
        Asker *asker = client->askers->pdata[i];
        asker->question = asker->question == question ? NULL : asker->question;
    }
    g_ptr_array_remove(client->questions, question);
    Asker *asker;
    while ((asker = take_ready(client))) {      /* one at a time: a call may cancel others */
        LzStatusVerdict verdict = judge(client, &asker->certificate);
        if (verdict != LZ_STATUS_GOOD) {
            client->options.refused(client->options.owner, asker->certificate.name, verdict);
        }
        asker->decided(asker->self, verdict);
        g_free(asker);
    }
}

static void finish(Question *question)
{
    LzSession *session = question->session;
    question->session = NULL;
    lz_event_cancel(question->client->scheduler, &question->timeout);
    if (session) {
        lz_session_abort(session);
    }
    if (!lz_event_is_pending(&question->settle)) {
        lz_schedule_after(question->client->scheduler, &question->settle, 0);
    }
}

static void timed_out(void *owner)
{
    finish(owner);
}

static void write_request(const LzStatusClient *client, const Question *question, LzWriter *writer)
{
    if (is_by_list(client)) {
        lz_http_write_request(writer, "GET", lz_bytes_of_text("/site.crl"), client->options.from);
        lz_http_write_end(writer);
        return;
    }
    LzBuffer *body = lz_ocsp_request(client->options.authority, question->serial);
    lz_http_write_request(writer, "POST", lz_bytes_of_text("/ocsp"), client->options.from);
    lz_http_write_field(writer, "Content-Type", lz_bytes_of_text("application/ocsp-request"));
    lz_http_write_number(writer, "Content-Length", body->size);
    lz_http_write_end(writer);
    lz_write_bytes(writer, (LzBytes){body->data, body->size});
    lz_buffer_unref(body);
}

static void opened(void *self, LzSession *session)
{
    const Question *question = self;
    uint8_t bytes[REQUEST_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    if (session != question->session) {
        return;
    }
    write_request(question->client, question, &writer);
    g_assert(!writer.failed);
    lz_session_send(session, (LzBytes){bytes, writer.size}, 0);
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    Question *question = self;
    LzStatusClient *client = question->client;
    while (session == question->session) {
        LzHttpProgress progress = lz_http_stream_next(&question->answer, &bytes);
        if (progress == LZ_HTTP_MORE) {
            return;
        }
        if (progress == LZ_HTTP_HEAD) {
            continue;
        }
        LzBytes body = lz_http_stream_body(&question->answer);
        bool is_good = progress == LZ_HTTP_END && question->answer.head.status == 200;
        if (is_good && is_by_list(client)) {
            take_list(client, body);
        } else if (is_good) {
            take_answer(client, question->serial, body);
        }
        finish(question);
    }
}

/* After an abort of ours the question may be gone: its session is not looked at any more. */
static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    LzStatusClient *client = self;
    for (guint i = 0; i < client->questions->len; i++) {
        Question *question = client->questions->pdata[i];
        if (question->session == session) {
            question->session = NULL;
            if (reason != LZ_CLOSE_POWER) {
                finish(question);
            }
        }
    }
}

static Question *find_question(const LzStatusClient *client, const LzSession *session)
{
    for (guint i = 0; i < client->questions->len; i++) {
        Question *question = client->questions->pdata[i];
        if (question->session == session) {
            return question;
        }
    }
    return NULL;
}

static void client_opened(void *self, LzSession *session)
{
    Question *question = find_question(self, session);
    if (question) {
        opened(question, session);
    }
}

static void client_received(void *self, LzSession *session, LzBytes bytes)
{
    Question *question = find_question(self, session);
    if (question) {
        received(question, session, bytes);
    }
}

static const LzSessionEvents session_events = {.opened = client_opened, .received = client_received, .closed = closed};

static Question *question_new(LzStatusClient *client, uint64_t serial)
{
    Question *question = g_new0(Question, 1);
    question->client = client;
    question->serial = serial;
    lz_http_stream_init(&question->answer, LZ_HTTP_RESPONSE, ANSWER_BYTES_MAX, ANSWER_BYTES_MAX);
    lz_event_init(&question->timeout, timed_out, question);
    lz_event_init(&question->settle, settle, question);
    g_ptr_array_add(client->questions, question);
    return question;
}

static Question *begin_question(LzStatusClient *client, uint64_t serial)
{
    const LzStatusOptions *options = &client->options;
    Question *question = question_new(client, serial);
    const LzConnect connect = {
        .address = options->from ? options->address_of(options->owner, options->from) : 0,
        .port = options->port,
    };
    if (connect.address == 0) {
        finish(question);
        return question;
    }
    question->session = lz_host_connect(options->host, &connect, &session_events, client);
    lz_timer_after(client->scheduler, &question->timeout, options->timeout_ns);
    return question;
}

/* A list is asked for once, however many wait for it. */
static Question *choose_question(LzStatusClient *client, uint64_t serial)
{
    for (guint i = 0; i < client->questions->len; i++) {
        Question *question = client->questions->pdata[i];
        bool is_same = is_by_list(client) || question->serial == serial;
        if (is_same && question->session) {
            return question;
        }
    }
    return begin_question(client, serial);
}

/* What is known already is told by a question without a session, that is settled at once. */
static Question *no_question(LzStatusClient *client, uint64_t serial)
{
    Question *question = question_new(client, serial);
    finish(question);
    return question;
}

void lz_status_client_ask(LzStatusClient *client, const LzCertificate *certificate,
                          void (*decided)(void *self, LzStatusVerdict verdict), void *self)
{
    LzStatusVerdict verdict;
    Asker *asker = g_new(Asker, 1);
    *asker = (Asker){*certificate, decided, self, NULL};
    g_ptr_array_add(client->askers, asker);
    bool is_known = lz_status_client_knows(client, certificate, &verdict);
    asker->question = (is_known ? no_question : choose_question)(client, certificate->serial);
}

void lz_status_client_cancel(LzStatusClient *client, const void *self)
{
    for (guint i = 0; i < client->askers->len; i++) {
        if (((const Asker *)client->askers->pdata[i])->self == self) {
            g_ptr_array_remove_index(client->askers, i);
            return;
        }
    }
}

/* ---- life ---- */

/* Lists are fetched before anybody asks: when the server starts, and again and again. */
static void refresh_due(void *owner)
{
    LzStatusClient *client = owner;
    choose_question(client, 0);
    lz_timer_after(client->scheduler, &client->refresh, client->options.refresh_ns);
}

void lz_status_client_start(LzStatusClient *client)
{
    if (is_by_list(client)) {
        lz_schedule_after(client->scheduler, &client->refresh, 0);      /* when all services have their addresses */
    }
}

void lz_status_client_stop(LzStatusClient *client)
{
    lz_event_cancel(client->scheduler, &client->refresh);
    g_ptr_array_set_size(client->askers, 0);
    g_ptr_array_set_size(client->questions, 0);
    g_hash_table_remove_all(client->good);
    g_array_set_size(client->revoked, 0);
    client->list_until_unix_s = 0;
}

LzStatusClient *lz_status_client_new(const LzStatusOptions *options)
{
    LzStatusClient *client = g_new0(LzStatusClient, 1);
    client->options = *options;
    client->scheduler = lz_host_env(options->host)->scheduler;
    client->askers = g_ptr_array_new_with_free_func(g_free);
    client->questions = g_ptr_array_new_with_free_func(question_free);
    client->good = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    client->revoked = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    lz_event_init(&client->refresh, refresh_due, client);
    return client;
}

void lz_status_client_free(LzStatusClient *client)
{
    if (client) {
        lz_status_client_stop(client);
        g_ptr_array_unref(client->askers);
        g_ptr_array_unref(client->questions);
        g_hash_table_unref(client->good);
        g_array_unref(client->revoked);
        g_free(client);
    }
}
