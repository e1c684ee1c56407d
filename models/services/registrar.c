/* A registrar: EST (RFC 7030) over TLS, with the site's CA behind it. A device that shows its manufacturer's certificate, or one
 * of the site, gets one of the site for the key that it has made; at once, or once somebody has approved of it. */
#include <glib.h>
#include <string.h>

#include "lazaret/model.h"
#include "lazaret/protocol/est.h"
#include "lazaret/protocol/http.h"
#include "lazaret/service.h"

#define EST_PORT 443u                   /* RFC 7030 3.2.1: https */
#define REQUEST_BYTES_MAX 16384u
#define HEAD_BYTES_MAX 512u

typedef enum { CERTIFICATES, ENROL, REENROL, OPERATION_COUNT } Operation;
static const char *const operations[] = {[CERTIFICATES] = "cacerts", [ENROL] = "simpleenroll", [REENROL] = "simplereenroll"};
G_STATIC_ASSERT(G_N_ELEMENTS(operations) == OPERATION_COUNT);

typedef struct Config {
    LzTime lifetime_ns, backdate_ns, cost_ns, retry_after_ns;
    LzDist approval;
    int64_t queue;
} Config;

typedef struct Registrar {
    const Config *config;
    LzServiceContext context;
    LzEnv env;
    LzRandom random;
    GHashTable *approvals;              /* name -> LzTime: when it is, or was, approved of */
    GHashTable *numbers;                /* name -> how many certificates it has got */
    int64_t waiting;                    /* requests for certificates that the CPU has not got to */
    unsigned sessions;
} Registrar;

typedef struct Connection {
    Registrar *registrar;
    LzSession *session;
    LzHttpStream request;
    bool is_open, is_taking, is_waiting;        /* the CPU has a request to read; a certificate to make */
    Operation operation;
    LzBuffer *certificate;              /* made, not told yet; NULL: refused */
    LzEvent taken, certified;           /* the CPU has read the request; and has made a certificate */
} Connection;

/* ---- answers ---- */

static void answer(Connection *connection, unsigned status, const char *type, LzBytes body, uint64_t retry_after_s)
{
    if (!lz_session_is_open(connection->session)) {
        return;
    }
    g_autofree uint8_t *bytes = g_malloc(HEAD_BYTES_MAX + body.size);
    LzWriter writer = lz_writer(bytes, HEAD_BYTES_MAX + body.size);
    lz_http_write_status(&writer, status);
    if (type) {
        lz_http_write_field(&writer, "Content-Type", lz_bytes_of_text(type));
        lz_http_write_field(&writer, "Content-Transfer-Encoding", lz_bytes_of_text("base64"));
    }
    if (retry_after_s > 0) {
        lz_http_write_number(&writer, "Retry-After", retry_after_s);
    }
    lz_http_write_number(&writer, "Content-Length", body.size);
    lz_http_write_end(&writer);
    lz_write_bytes(&writer, body);
    g_assert(!writer.failed);
    lz_session_send(connection->session, (LzBytes){bytes, writer.size}, 0);
}

static void refuse(Connection *connection, unsigned status)
{
    const Registrar *registrar = connection->registrar;
    lz_probe_count(registrar->env.probes, registrar->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
    answer(connection, status, NULL, (LzBytes){.data = NULL, .size = 0}, 0);
}

static void answer_certificates(Connection *connection, const LzBytes *certificates, unsigned count)
{
    LzWriter counting = lz_writer_counting();
    lz_est_encode_certificates(&counting, certificates, count);
    LzBuffer *bytes = lz_buffer_new(counting.size);
    LzWriter writer = lz_writer(bytes->data, bytes->size);
    lz_est_encode_certificates(&writer, certificates, count);
    LzBuffer *text = lz_est_base64_encode((LzBytes){bytes->data, bytes->size});
    answer(connection, 200, LZ_EST_TYPE_CERTIFICATES, (LzBytes){text->data, text->size}, 0);
    lz_buffer_unref(text);
    lz_buffer_unref(bytes);
}

static void answer_authorities(Connection *connection)
{
    LzBytes certificates[LZ_EST_CERTIFICATES_MAX];
    unsigned count = 0;
    while (count < LZ_EST_CERTIFICATES_MAX) {
        certificates[count] = lz_authority_certificate(connection->registrar->context.site->authority, count);
        if (certificates[count].size == 0) {
            break;
        }
        count++;
    }
    answer_certificates(connection, certificates, count);
}

/* ---- enrolment ---- */

static uint64_t seconds_ceil(LzTime time_ns)
{
    return (uint64_t)((time_ns + LZ_NS_PER_S - 1) / LZ_NS_PER_S);
}

/* How long until somebody has approved of the device; 0: that is so. */
static LzTime approval_wait_ns(Registrar *registrar, const char *name)
{
    const LzDist *approval = &registrar->config->approval;
    if (approval->kind == LZ_DIST_CONSTANT && approval->a_ns == 0) {
        return 0;
    }
    LzTime now_ns = lz_now(registrar->env.scheduler);
    LzTime *at_ns = g_hash_table_lookup(registrar->approvals, name);
    if (!at_ns) {
        at_ns = g_new(LzTime, 1);
        *at_ns = now_ns + lz_dist_draw(approval, &registrar->random);
        g_hash_table_insert(registrar->approvals, g_strdup(name), at_ns);
        registrar->context.site->touched(registrar->context.owner, name);
    }
    return MAX(*at_ns - now_ns, 0);
}

static uint64_t next_serial(Registrar *registrar, const char *name)
{
    unsigned number = GPOINTER_TO_UINT(g_hash_table_lookup(registrar->numbers, name)) + 1;
    g_hash_table_insert(registrar->numbers, g_strdup(name), GUINT_TO_POINTER(number));
    g_autofree char *text = g_strdup_printf("%s/%s/%u", lz_host_name(registrar->context.host), name, number);
    return lz_entity_id(text);
}

static void wait_for_cpu(Connection *connection, bool is_waiting)
{
    connection->registrar->waiting += is_waiting - connection->is_waiting;
    connection->is_waiting = is_waiting;
}

static void certified(void *owner)
{
    Connection *connection = owner;
    wait_for_cpu(connection, false);
    LzBuffer *certificate = g_steal_pointer(&connection->certificate);
    if (certificate) {
        const LzBytes bytes = {certificate->data, certificate->size};
        LzCertificate issued;
        if (lz_certificate_read(bytes, &issued)) {
            connection->registrar->context.site->issued(connection->registrar->context.owner, issued.name, issued.serial);
        }
        answer_certificates(connection, &bytes, 1);
    } else {
        refuse(connection, 400);
    }
    lz_buffer_unref(certificate);
}

static void certify(Connection *connection, const char *name)
{
    Registrar *registrar = connection->registrar;
    const Config *config = registrar->config;
    LzBuffer *request = lz_est_base64_decode(lz_http_stream_body(&connection->request));
    if (!request) {
        refuse(connection, 400);
        return;
    }
    int64_t now_s = lz_host_wall_ns(registrar->context.host) / LZ_NS_PER_S;
    const LzCertifyTerms terms = {
        .name = name,
        .serial = next_serial(registrar, name),
        .not_before_unix_s = now_s - config->backdate_ns / LZ_NS_PER_S,
        .not_after_unix_s = now_s + config->lifetime_ns / LZ_NS_PER_S,
    };
    wait_for_cpu(connection, true);
    connection->certificate = lz_host_certify(registrar->context.host, registrar->context.site->authority,
                                              (LzBytes){request->data, request->size}, &terms, &connection->certified);
    lz_buffer_unref(request);
}

/* Who asks is whom its certificate names, and may ask for that name alone (RFC 7030 3.7). To renew, it has to be of the site. */
static void enrol(Connection *connection)
{
    Registrar *registrar = connection->registrar;
    LzCertificate shown;
    LzDeviceRecord record;
    bool is_known = lz_certificate_read(lz_session_peer_certificate(connection->session), &shown) &&
                    registrar->context.site->find_device(registrar->context.owner, shown.name, &record);
    bool is_of_site = is_known && strcmp(shown.issuer, lz_authority_name(registrar->context.site->authority)) == 0;
    bool is_barred = is_known && registrar->context.site->is_barred(registrar->context.owner, shown.name);
    if (!is_known || is_barred || (connection->operation == REENROL && !is_of_site)) {
        refuse(connection, 403);
        return;
    }
    LzTime wait_ns = connection->operation == ENROL ? approval_wait_ns(registrar, shown.name) : 0;
    if (wait_ns == 0 && registrar->waiting >= registrar->config->queue) {
        wait_ns = registrar->config->retry_after_ns;
    }
    if (wait_ns > 0) {
        answer(connection, 202, NULL, (LzBytes){.data = NULL, .size = 0}, seconds_ceil(wait_ns));
    } else {
        certify(connection, shown.name);
    }
}

static void taken(void *owner)
{
    Connection *connection = owner;
    connection->is_taking = false;
    if (!lz_session_is_open(connection->session)) {
        return;
    }
    if (!connection->registrar->context.site) {
        refuse(connection, 503);        /* nobody has given it a CA */
    } else if (connection->operation == CERTIFICATES) {
        answer_authorities(connection);
    } else {
        enrol(connection);
    }
}

/* ---- sessions ---- */

static Operation find_operation(const LzHttpHead *head)
{
    const char *method = NULL;
    for (Operation operation = 0; operation < OPERATION_COUNT; operation++) {
        g_autofree char *path = g_strconcat(LZ_EST_PATH, operations[operation], NULL);
        method = operation == CERTIFICATES ? "GET" : "POST";
        if (lz_bytes_equal(head->target, lz_bytes_of_text(path)) && lz_bytes_equal(head->method, lz_bytes_of_text(method))) {
            return operation;
        }
    }
    return OPERATION_COUNT;
}

static void take_request(Connection *connection)
{
    const Registrar *registrar = connection->registrar;
    lz_probe_count(registrar->env.probes, registrar->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
    connection->operation = find_operation(&connection->request.head);
    if (connection->operation == OPERATION_COUNT) {
        refuse(connection, 404);
        return;
    }
    connection->is_taking = true;
    lz_host_compute(registrar->context.host, registrar->config->cost_ns, &connection->taken);
}

static void *accepted(void *service, LzSession *session)
{
    Connection *connection = g_new0(Connection, 1);
    connection->registrar = service;
    connection->session = session;
    lz_http_stream_init(&connection->request, LZ_HTTP_REQUEST, REQUEST_BYTES_MAX, REQUEST_BYTES_MAX);
    lz_event_init(&connection->taken, taken, connection);
    lz_event_init(&connection->certified, certified, connection);
    return connection;
}

static void report_sessions(Registrar *registrar, int change)
{
    registrar->sessions += (unsigned)change;
    lz_probe_level(registrar->env.probes, registrar->context.scope, LZ_METRIC_SERVICE_SESSIONS, registrar->sessions);
}

static void opened(void *self, LzSession *session)
{
    Connection *connection = self;
    (void)session;
    connection->is_open = true;
    report_sessions(connection->registrar, 1);
}

/* One request at a time: a device that does not wait for its answer is not one of ours. */
static LzHttpProgress next_progress(Connection *connection, LzBytes *bytes)
{
    if (!connection->is_taking && !connection->is_waiting) {
        return lz_http_stream_next(&connection->request, bytes);
    }
    return bytes->size > 0 ? LZ_HTTP_BROKEN : LZ_HTTP_MORE;
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    Connection *connection = self;
    while (lz_session_is_open(session)) {
        LzHttpProgress progress = next_progress(connection, &bytes);
        if (progress == LZ_HTTP_MORE) {
            return;
        }
        if (progress == LZ_HTTP_END) {
            take_request(connection);
        } else if (progress != LZ_HTTP_HEAD) {
            refuse(connection, progress == LZ_HTTP_BROKEN ? 400 : 413);
            lz_session_close(session);
        }
    }
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    Connection *connection = self;
    LzHost *host = connection->registrar->context.host;
    (void)session;
    (void)reason;
    if (connection->is_open) {
        report_sessions(connection->registrar, -1);
    }
    wait_for_cpu(connection, false);
    lz_host_compute_cancel(host, &connection->taken);
    lz_host_compute_cancel(host, &connection->certified);
    lz_buffer_unref(connection->certificate);
    lz_http_stream_clear(&connection->request);
    g_free(connection);
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Registrar *registrar = state;
    registrar->config = config;
    registrar->context = *context;
    registrar->env = *env;
    lz_env_random(env, LZ_PURPOSE_ONBOARDING, &registrar->random);
    registrar->approvals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    registrar->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void start(void *state)
{
    Registrar *registrar = state;
    lz_host_listen(registrar->context.host, &registrar->context.listen, &session_events, accepted, registrar);
}

/* What it has approved of and issued is in its database, and outlives a crash. */
static void stop(void *state)
{
    (void)state;
}

static void clear(void *state)
{
    Registrar *registrar = state;
    g_hash_table_unref(registrar->approvals);
    g_hash_table_unref(registrar->numbers);
}

#define TIME .kind = LZ_PARAM_TIME_NS
#define DAY 86400e9

static const LzParam params[] = {
    LZ_PARAM(Config, lifetime_ns, TIME, .min = 1e9, .max = 3650 * DAY, .fallback = 365 * DAY,
             .help = "of the certificates that it issues", .source = "assumed: 1 to 2 years are usual"),
    LZ_PARAM(Config, backdate_ns, TIME, .max = DAY, .fallback = 300e9,
             .help = "a certificate is good so long before it was issued, for clocks that are late", .source = "assumed"),
    LZ_PARAM(Config, cost_ns, .key = "request", TIME, .max = 100e9, .fallback = 2e6,
             .help = "CPU time of each request; cryptography is charged beside it", .source = "assumed"),
    LZ_PARAM(Config, queue, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e6, .fallback = 1000,
             .help = "certificates that may wait to be signed; a device beyond them is told to come again (202, Retry-After)"),
    LZ_PARAM(Config, retry_after_ns, TIME, .min = 1e9, .max = DAY, .fallback = 30e9, .help = "when it is to come again",
             .source = "RFC 7030 section 4.2.3 leaves it open; assumed"),
    LZ_PARAM(Config, approval, .kind = LZ_PARAM_DIST, .max = 30 * DAY,
             .help = "how long a person needs to approve of a device that enrols for the first time; at once, and by nobody, when not given"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "csrattrs, serverkeygen and fullcmc of EST; requests without a certificate, by password",
    "a voucher by which a device learns that it may trust this site (BRSKI): it knows the site's root",
    "a hardware security module: the CA's key is on this host",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear, .port = EST_PORT,
                                 .knows_manufacturers = true};

extern const LzModel lz_service_model_registrar;
const LzModel lz_service_model_registrar = {
    .name = "registrar",
    .summary = "issues the site's certificates to devices: EST over TLS",
    .source = "RFC 7030, RFC 8951",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Registrar),
    .not_modelled = not_modelled,
    .ops = &ops,
};
