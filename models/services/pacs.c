/* An image archive: takes images by C-STORE in associations up to a limit, at the cost of its CPU and at the rate of its
 * disk, which all associations share, until it is full. */
#include "lazaret/model.h"
#include "lazaret/protocol/dicom.h"
#include "lazaret/request_service.h"

#define COMMAND_BYTES_MAX 4096u

typedef struct Config {
    LzRequestServiceConfig common;
    int64_t associations_max, pdu_bytes, store_bps, capacity_bytes;
} Config;

typedef struct Service {
    LzRequestService base;
    const Config *config;
    int64_t associations, reserved_bytes;       /* of images stored or being stored */
    LzTime disk_free_ns;                /* when what was given to the disk is written */
} Service;

typedef struct Store {                  /* a command and what came of its data */
    uint8_t context;
    LzDicomCommand command;             /* its UIDs borrow the following */
    uint8_t sop_class[LZ_DICOM_UID_BYTES_MAX], sop_instance[LZ_DICOM_UID_BYTES_MAX];
    int64_t data_bytes;
} Store;

typedef struct Association {
    LzRequestConnection *connection;
    LzDicomStream stream;
    GByteArray *command;                /* that arrives; NULL: none */
    Store store;                        /* whose data arrive, or that is being worked on */
    bool is_associated, has_command, is_busy;
    uint32_t peer_pdu_bytes;
    uint8_t contexts[LZ_DICOM_CONTEXTS_MAX];    /* accepted ones */
    unsigned context_count;
    LzEvent stored;
} Association;

static Service *service_of(LzRequestConnection *connection)
{
    return (Service *)lz_request_connection_service(connection);
}

/* ---- association ---- */

static void judge_context(const LzDicomContext *asked, LzDicomContext *answer)
{
    const bool is_known = lz_dicom_is_storage_class(asked->abstract_syntax) ||
                          lz_bytes_equal(asked->abstract_syntax, lz_bytes_of_text(lz_dicom_verification));
    answer->id = asked->id;
    answer->result = !is_known                             ? LZ_DICOM_NO_ABSTRACT_SYNTAX
                     : !asked->has_explicit_little_endian ? LZ_DICOM_NO_TRANSFER_SYNTAX
                                                           : LZ_DICOM_ACCEPTED;
}

static void answer_associate(Association *association, const LzDicomAssociate *asked)
{
    const Config *config = service_of(association->connection)->config;
    g_autofree LzDicomAssociate *answer = g_new0(LzDicomAssociate, 1);
    answer->called = asked->called;
    answer->calling = asked->calling;
    answer->pdu_bytes_max = (uint32_t)config->pdu_bytes;
    answer->context_count = asked->context_count;
    for (unsigned i = 0; i < asked->context_count; i++) {
        judge_context(&asked->contexts[i], &answer->contexts[i]);
        if (answer->contexts[i].result == LZ_DICOM_ACCEPTED) {
            association->contexts[association->context_count++] = asked->contexts[i].id;
        }
    }
    association->is_associated = true;
    association->peer_pdu_bytes = asked->pdu_bytes_max;
    service_of(association->connection)->associations++;
    LzWriter counted = lz_writer_counting();
    lz_dicom_write_associate(&counted, LZ_DICOM_ASSOCIATE_AC, answer);
    g_autofree uint8_t *bytes = g_malloc(counted.size);
    LzWriter writer = lz_writer(bytes, counted.size);
    lz_dicom_write_associate(&writer, LZ_DICOM_ASSOCIATE_AC, answer);
    lz_request_connection_send(association->connection, (LzBytes){bytes, writer.size});
}

/* Full: rejected for now, by the presentation layer, local limit exceeded (PS3.8 table 9-21). */
static bool take_associate(Association *association, LzBytes body)
{
    const Service *service = service_of(association->connection);
    g_autofree LzDicomAssociate *asked = g_new0(LzDicomAssociate, 1);
    if (association->is_associated || !lz_dicom_decode_associate(LZ_DICOM_ASSOCIATE_RQ, body, asked)) {
        return false;
    }
    if (service->associations < service->config->associations_max) {
        answer_associate(association, asked);
        return true;
    }
    uint8_t bytes[16];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_dicom_write_reject(&writer, 2, 3, 2);
    lz_probe_count(service->base.env.probes, service->base.context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
    lz_request_connection_send(association->connection, (LzBytes){bytes, writer.size});
    lz_request_connection_close(association->connection);
    return true;
}

static bool take_release(Association *association)
{
    uint8_t bytes[16];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_dicom_write_release(&writer, LZ_DICOM_RELEASE_RP);
    lz_request_connection_send(association->connection, (LzBytes){bytes, writer.size});
    lz_request_connection_close(association->connection);
    return association->is_associated;
}

/* ---- storing ---- */

static void answer(Association *association, uint16_t status)
{
    const Store *store = &association->store;
    const LzDicomCommand command = {
        .field = store->command.field == LZ_DICOM_ECHO_RQ ? LZ_DICOM_ECHO_RSP : LZ_DICOM_STORE_RSP,
        .message_id = store->command.message_id,
        .status = status,
        .sop_class = store->command.sop_class,
        .sop_instance = store->command.sop_instance,
    };
    uint8_t bytes[512], pdu[1024];
    LzWriter writer = lz_writer(bytes, sizeof bytes), fragments = lz_writer(pdu, sizeof pdu);
    lz_dicom_write_command(&writer, &command);
    lz_dicom_write_fragments(&fragments, store->context, true, (LzBytes){bytes, writer.size}, association->peer_pdu_bytes);
    association->is_busy = false;
    lz_request_connection_send(association->connection, (LzBytes){pdu, fragments.size});
}

static void stored(void *owner)
{
    Association *association = owner;
    lz_request_connection_deliver(association->connection, lz_dicom_message_of_uid(association->store.command.sop_instance));
    answer(association, LZ_DICOM_SUCCESS);
}

/* One disk writes one image after the other. */
static void give_to_disk(Association *association)
{
    Service *service = service_of(association->connection);
    LzScheduler *scheduler = service->base.env.scheduler;
    const __int128 bits = (__int128)association->store.data_bytes * 8;
    const LzTime write_ns = (LzTime)(bits * LZ_NS_PER_S / service->config->store_bps);
    service->disk_free_ns = MAX(service->disk_free_ns, lz_now(scheduler)) + write_ns;
    service->reserved_bytes += association->store.data_bytes;
    lz_timer_at(scheduler, &association->stored, service->disk_free_ns);
}

/* The CPU has worked for the image, or there was no room in its queue. */
static void serve(LzRequestConnection *connection, void *job, bool is_refused)
{
    Association *association = lz_request_connection_state(connection);
    const Service *service = service_of(connection);
    (void)job;
    if (is_refused || service->reserved_bytes + association->store.data_bytes > service->config->capacity_bytes) {
        answer(association, LZ_DICOM_OUT_OF_RESOURCES);
    } else if (association->store.command.field == LZ_DICOM_ECHO_RQ) {
        answer(association, LZ_DICOM_SUCCESS);
    } else {
        give_to_disk(association);
    }
}

static bool keep_uid(LzBytes *uid, uint8_t memory[LZ_DICOM_UID_BYTES_MAX])
{
    if (uid->size > LZ_DICOM_UID_BYTES_MAX) {
        return false;
    }
    if (uid->size > 0) {
        memcpy(memory, uid->data, uid->size);
    }
    uid->data = memory;
    return true;
}

static bool is_accepted(const Association *association, uint8_t context)
{
    for (unsigned i = 0; i < association->context_count; i++) {
        if (association->contexts[i] == context) {
            return true;
        }
    }
    return false;
}

static void begin_work(Association *association)
{
    association->has_command = false;
    association->is_busy = true;
    lz_request_connection_submit(association->connection, NULL, (uint64_t)association->store.data_bytes);
}

/* Asynchronous operations are not negotiated: a peer waits for each answer (PS3.7 D.3.3.3). */
static bool take_command(Association *association, const LzDicomFragment *fragment)
{
    Store *store = &association->store;
    association->command = association->command ? association->command : g_byte_array_new();
    if (association->has_command || association->is_busy || association->command->len + fragment->bytes.size > COMMAND_BYTES_MAX) {
        return false;
    }
    g_byte_array_append(association->command, fragment->bytes.data, (guint)fragment->bytes.size);
    if (!fragment->is_last) {
        return true;
    }
    *store = (Store){.context = fragment->context};
    const bool is_read = lz_dicom_decode_command((LzBytes){association->command->data, association->command->len}, &store->command) &&
                         keep_uid(&store->command.sop_class, store->sop_class) &&
                         keep_uid(&store->command.sop_instance, store->sop_instance);
    g_byte_array_set_size(association->command, 0);
    const bool is_store = store->command.field == LZ_DICOM_STORE_RQ && store->command.has_data;
    if (!is_read || !(is_store || store->command.field == LZ_DICOM_ECHO_RQ)) {
        return false;
    }
    association->has_command = true;
    if (!is_store) {
        begin_work(association);
    }
    return true;
}

static bool take_fragment(Association *association, const LzDicomFragment *fragment)
{
    if (!is_accepted(association, fragment->context)) {
        return false;
    }
    if (fragment->is_command) {
        return take_command(association, fragment);
    }
    if (!association->has_command) {
        return false;
    }
    association->store.data_bytes += (int64_t)fragment->bytes.size;
    if (fragment->is_last) {
        begin_work(association);
    }
    return true;
}

static bool take_data(Association *association, LzBytes body)
{
    LzDicomFragment fragment;
    bool is_broken = !association->is_associated;
    while (!is_broken && lz_dicom_next_fragment(&body, &fragment, &is_broken)) {
        is_broken = !take_fragment(association, &fragment);
    }
    return !is_broken;
}

static bool take_pdu(Association *association, LzDicomPdu type, LzBytes body)
{
    switch (type) {
    case LZ_DICOM_ASSOCIATE_RQ:
        return take_associate(association, body);
    case LZ_DICOM_DATA:
        return take_data(association, body);
    case LZ_DICOM_RELEASE_RQ:
        return take_release(association);
    case LZ_DICOM_ASSOCIATE_AC:
    case LZ_DICOM_ASSOCIATE_RJ:
    case LZ_DICOM_RELEASE_RP:
    case LZ_DICOM_ABORT:
        return false;
    }
    return false;
}

static bool received(LzRequestConnection *connection, LzBytes bytes)
{
    Association *association = lz_request_connection_state(connection);
    LzDicomPdu type;
    LzBytes body;
    LzDicomProgress progress;
    while ((progress = lz_dicom_stream_next(&association->stream, &bytes, &type, &body)) == LZ_DICOM_PDU) {
        if (!take_pdu(association, type, body)) {
            return false;
        }
    }
    return progress == LZ_DICOM_MORE;
}

static void opened(LzRequestConnection *connection)
{
    Association *association = lz_request_connection_state(connection);
    association->connection = connection;
    lz_dicom_stream_init(&association->stream, (size_t)service_of(connection)->config->pdu_bytes);
    lz_event_init(&association->stored, stored, association);
}

/* An image that was being written is stored all the same; its sender does not know, and sends it again. */
static void closed(LzRequestConnection *connection)
{
    Association *association = lz_request_connection_state(connection);
    Service *service = service_of(connection);
    service->associations -= association->is_associated;
    lz_event_cancel(service->base.env.scheduler, &association->stored);
    lz_dicom_stream_clear(&association->stream);
    g_clear_pointer(&association->command, g_byte_array_unref);
}

static const LzRequestServiceOps request_ops = {
    .connection_size = sizeof(Association), .opened = opened, .received = received, .serve = serve, .closed = closed};

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Service *service = state;
    service->config = config;
    lz_request_service_init(&service->base, &request_ops, &service->config->common, context, env);
}

static const LzParam params[] = {
    LZ_REQUEST_SERVICE_PARAMS(Config, 1000, 100,
                              "images that wait for the CPU or are worked on; beyond, they are answered Out of Resources", 60e9, 2e6,
                              4e9),
    LZ_PARAM(Config, associations_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e6, .fallback = 100,
             .help = "associations at a time; beyond, they are rejected for now"),
    LZ_PARAM(Config, pdu_bytes, .key = "pdu", .kind = LZ_PARAM_BYTES, .min = LZ_DICOM_PDU_BYTES_MIN, .max = 1e7, .fallback = 16384,
             .help = "longest PDU that it takes", .source = "default of dcmtk and dcm4che"),
    LZ_PARAM(Config, store_bps, .key = "store_rate", .kind = LZ_PARAM_BPS, .min = 1e3, .max = 1e13, .fallback = 1.6e9,
             .help = "at which its disk writes, one image after the other"),
    LZ_PARAM(Config, capacity_bytes, .key = "capacity", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e18, .fallback = 1e14,
             .help = "of the disk; an image that does not fit is answered Out of Resources"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "queries and retrieval (C-FIND, C-MOVE), worklists, storage commitment",
    "what stands in an image: its size counts",
    "titles of application entities: whoever has a certificate that is trusted may store",
    NULL,
};

static const LzServiceOps ops = {
    .init = init,
    .start = lz_request_service_start,
    .stop = lz_request_service_stop,
    .clear = lz_request_service_clear,
    .port = 2762,
};

const LzModel lz_service_model_pacs = {
    .name = "pacs",
    .summary = "image archive: stores DICOM images at the cost of its CPU and the rate of its disk",
    .source = "DICOM PS3.4 annex B, PS3.7, PS3.8; port: IANA dicom-tls; cost and rates assumed",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Service),
    .not_modelled = not_modelled,
    .ops = &ops,
};
