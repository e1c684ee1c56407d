/* HL7 messages over MLLP, from their arrival to their answer. */
#include "lazaret/hl7_service.h"

#include "lazaret/protocol/text.h"

#define ACK_BYTES_MAX 2048u

typedef struct Connection {
    LzMllpStream stream;
    void *user;
} Connection;

typedef struct Taken {                  /* a message */
    size_t size;
    bool is_known;
    uint8_t bytes[];
} Taken;

static const LzHl7Service *service_of(LzRequestConnection *connection)
{
    return (const LzHl7Service *)lz_request_connection_service(connection);
}

static void answer(LzRequestConnection *connection, const LzHl7Message *message, const char *code)
{
    LzHost *host = service_of(connection)->base.context.host;
    uint8_t bytes[ACK_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_mllp_write_begin(&writer);
    lz_hl7_write_ack(&writer, message, code, lz_host_name(host), lz_host_wall_ns(host));
    lz_mllp_write_end(&writer);
    if (writer.failed) {
        lz_request_connection_close(connection);        /* its control id is absurd */
    } else {
        lz_request_connection_send(connection, (LzBytes){bytes, writer.size});
    }
}

/* HL7 v2.6 2.9.2.2. Full: AE, so that the sender keeps the message. Unknown: AR. */
static void serve(LzRequestConnection *connection, void *job, bool is_refused)
{
    const Taken *taken = job;
    LzHl7Message message;
    if (!lz_hl7_decode((LzBytes){taken->bytes, taken->size}, &message)) {
        g_assert_not_reached();         /* it was read when it came */
    }
    if (is_refused) {
        answer(connection, &message, taken->is_known ? "AE" : "AR");
    } else {
        answer(connection, &message, service_of(connection)->ops->take(connection, &message));
    }
}

static bool take_message(LzRequestConnection *connection, LzBytes bytes)
{
    LzHl7Message message;
    if (!lz_hl7_decode(bytes, &message)) {
        return false;
    }
    if (message.kind == LZ_HL7_ACK) {
        return service_of(connection)->ops->takes_answers;
    }
    Taken *taken = g_malloc(sizeof *taken + bytes.size);
    taken->size = bytes.size;
    taken->is_known = message.kind != LZ_HL7_KIND_COUNT;
    memcpy(taken->bytes, bytes.data, bytes.size);
    if (taken->is_known) {
        lz_request_connection_submit(connection, taken, bytes.size);
    } else {
        lz_request_connection_refuse(connection, taken);
    }
    return true;
}

static bool received(LzRequestConnection *request_connection, LzBytes bytes)
{
    Connection *connection = lz_request_connection_state(request_connection);
    LzBytes message;
    LzMllpProgress progress;
    while ((progress = lz_mllp_stream_next(&connection->stream, &bytes, &message)) == LZ_MLLP_MESSAGE) {
        if (!take_message(request_connection, message)) {
            return false;
        }
    }
    return progress == LZ_MLLP_MORE;
}

static void opened(LzRequestConnection *request_connection)
{
    Connection *connection = lz_request_connection_state(request_connection);
    lz_mllp_stream_init(&connection->stream, (size_t)service_of(request_connection)->config->message_max_bytes);
}

static void closed(LzRequestConnection *request_connection)
{
    Connection *connection = lz_request_connection_state(request_connection);
    if (service_of(request_connection)->ops->closed) {
        service_of(request_connection)->ops->closed(request_connection);
    }
    lz_mllp_stream_clear(&connection->stream);
}

static const LzRequestServiceOps request_ops = {
    .connection_size = sizeof(Connection), .opened = opened, .received = received, .serve = serve, .closed = closed};

void *lz_hl7_connection_user(LzRequestConnection *connection)
{
    return ((Connection *)lz_request_connection_state(connection))->user;
}

void lz_hl7_connection_set_user(LzRequestConnection *connection, void *user)
{
    ((Connection *)lz_request_connection_state(connection))->user = user;
}

static void write_report(LzWriter *writer, const LzHl7Report *report, size_t size_bytes)
{
    lz_mllp_write_begin(writer);
    lz_hl7_write_report(writer, report, size_bytes);
    lz_mllp_write_end(writer);
}

void lz_hl7_connection_report(LzRequestConnection *connection, const LzHl7Report *report, size_t size_bytes)
{
    LzWriter counted = lz_writer_counting();
    write_report(&counted, report, size_bytes);
    g_autofree uint8_t *bytes = g_malloc(counted.size);
    LzWriter writer = lz_writer(bytes, counted.size);
    write_report(&writer, report, size_bytes);
    lz_request_connection_send(connection, (LzBytes){bytes, writer.size});
}

void lz_hl7_service_init(LzHl7Service *service, const LzHl7ServiceOps *ops, const LzHl7ServiceConfig *config,
                         const LzServiceContext *context, const LzEnv *env)
{
    service->ops = ops;
    service->config = config;
    lz_request_service_init(&service->base, &request_ops, &config->requests, context, env);
}
