/* An imaging device: sends its images to an archive, one after the other, over an association that lasts for a study. */
#include "lazaret/model.h"
#include "lazaret/protocol/dicom.h"
#include "lazaret/request_client.h"

#define CONTEXT_ID 1u

typedef struct Config {
    LzRequestClientConfig common;
    int modality;                       /* LzDicomModality */
    int64_t images_max, pdu_bytes;
} Config;

typedef struct Client {
    LzRequestClient base;
    const Config *config;
    LzDicomStream stream;
    GByteArray *command;                /* that arrives; NULL: none */
    uint32_t peer_pdu_bytes;            /* the archive's limit; 0: none */
    uint32_t images;                    /* sent in this association */
    uint32_t studies;                   /* associations that were accepted */
    bool is_associated;
} Client;

/* ---- association ---- */

static void write_now(LzRequestClient *base, void (*write)(LzWriter *writer, const void *data), const void *data, LzMessageId message)
{
    LzWriter counted = lz_writer_counting();
    write(&counted, data);
    g_autofree uint8_t *bytes = g_malloc(counted.size);
    LzWriter writer = lz_writer(bytes, counted.size);
    write(&writer, data);
    lz_request_client_write(base, (LzBytes){bytes, writer.size}, message);
}

#define TITLE_BYTES 16u

/* A title of an application entity as people write them: "CT-7" for "ct[7]". */
static LzBytes title_of(const char *name, uint8_t memory[TITLE_BYTES])
{
    size_t size = 0;
    for (; *name && size < TITLE_BYTES; name++) {
        if (g_ascii_isalnum(*name)) {
            memory[size++] = (uint8_t)g_ascii_toupper(*name);
        } else if (*name != ']') {
            memory[size++] = '-';
        }
    }
    return (LzBytes){memory, size};
}

static void write_associate(LzWriter *writer, const void *data)
{
    lz_dicom_write_associate(writer, LZ_DICOM_ASSOCIATE_RQ, data);
}

static void opened(LzRequestClient *base)
{
    const Client *client = (const Client *)base;
    g_autofree LzDicomAssociate *associate = g_new0(LzDicomAssociate, 1);
    const char *archive = base->context.connect.server_name;
    uint8_t called[TITLE_BYTES], calling[TITLE_BYTES];
    associate->called = title_of(archive ? archive : "archive", called);
    associate->calling = title_of(lz_host_name(base->context.host), calling);
    associate->pdu_bytes_max = (uint32_t)client->config->pdu_bytes;
    associate->context_count = 1;
    const char *class = lz_dicom_storage_class((LzDicomModality)client->config->modality);
    associate->contexts[0] = (LzDicomContext){.id = CONTEXT_ID, .abstract_syntax = lz_bytes_of_text(class)};
    write_now(base, write_associate, associate, 0);
}

static void write_release(LzWriter *writer, const void *data)
{
    (void)data;
    lz_dicom_write_release(writer, LZ_DICOM_RELEASE_RQ);
}

static void leave(LzRequestClient *base)
{
    write_now(base, write_release, NULL, 0);
}

/* False: the archive takes no association, or not these images; the device tries again later. */
static bool take_accept(Client *client, LzBytes body)
{
    g_autofree LzDicomAssociate *associate = g_new0(LzDicomAssociate, 1);
    if (client->is_associated || !lz_dicom_decode_associate(LZ_DICOM_ASSOCIATE_AC, body, associate) ||
        associate->contexts[0].id != CONTEXT_ID || associate->contexts[0].result != LZ_DICOM_ACCEPTED) {
        return false;
    }
    client->is_associated = true;
    client->peer_pdu_bytes = associate->pdu_bytes_max;
    client->images = 0;
    client->studies++;
    lz_request_client_agree(&client->base);
    return true;
}

/* ---- images ---- */

typedef struct Outgoing {
    const Client *client;
    LzDicomCommand command;
    LzDicomImage image;
    LzBytes data_set;
} Outgoing;

static void write_store(LzWriter *writer, const void *data)
{
    const Outgoing *outgoing = data;
    const uint32_t pdu_bytes = outgoing->client->peer_pdu_bytes;
    uint8_t bytes[512];
    LzWriter command = lz_writer(bytes, sizeof bytes);
    lz_dicom_write_command(&command, &outgoing->command);
    lz_dicom_write_fragments(writer, CONTEXT_ID, true, (LzBytes){bytes, command.size}, pdu_bytes);
    lz_dicom_write_fragments(writer, CONTEXT_ID, false, outgoing->data_set, pdu_bytes);
}

static bool send_request(LzRequestClient *base, const LzRequest *request)
{
    Client *client = (Client *)base;
    client->images++;
    const LzDicomImage image = {
        .modality = (LzDicomModality)client->config->modality,
        .message = request->message,
        .wall_ns = lz_host_wall_ns(base->context.host),
        .study = (request->message >> 32) * 100000 + client->studies % 100000,   /* the message's upper half is the device's */
        .number = client->images,
        .pixel_bytes = request->size_bytes,
    };
    LzWriter counted = lz_writer_counting();
    lz_dicom_write_image(&counted, &image);
    g_autofree uint8_t *bytes = g_malloc(counted.size);
    LzWriter data_set = lz_writer(bytes, counted.size);
    lz_dicom_write_image(&data_set, &image);
    uint8_t uid[LZ_DICOM_UID_BYTES_MAX];
    LzWriter instance = lz_writer(uid, sizeof uid);
    lz_dicom_write_instance_uid(&instance, request->message);
    const Outgoing outgoing = {
        .client = client,
        .command = {.field = LZ_DICOM_STORE_RQ,
                    .message_id = (uint16_t)client->images,
                    .has_data = true,
                    .sop_class = lz_bytes_of_text(lz_dicom_storage_class(image.modality)),
                    .sop_instance = {uid, instance.size}},
        .data_set = {bytes, data_set.size},
    };
    write_now(base, write_store, &outgoing, request->message);
    return true;
}

/* PS3.4 B.2.3: success and warnings mean that the image is stored. */
static bool take_answer(Client *client, LzBytes bytes)
{
    LzDicomCommand answer;
    if (!client->base.is_busy || !lz_dicom_decode_command(bytes, &answer) || answer.field != LZ_DICOM_STORE_RSP ||
        answer.message_id != (uint16_t)client->images) {
        return false;
    }
    const bool is_last = client->images >= client->config->images_max;
    if (is_last) {
        client->base.is_leaving = true;         /* the next image begins another study */
    }
    if (answer.status == LZ_DICOM_SUCCESS || answer.status >> 12 == 0xb) {
        lz_request_client_done(&client->base);
    } else if (answer.status >> 8 == LZ_DICOM_OUT_OF_RESOURCES >> 8) {
        lz_request_client_postpone(&client->base, 0);
    } else {
        lz_request_client_refuse(&client->base);
    }
    if (is_last) {
        leave(&client->base);
    }
    return true;
}

static bool take_fragment(Client *client, const LzDicomFragment *fragment)
{
    client->command = client->command ? client->command : g_byte_array_new();
    if (!fragment->is_command || fragment->context != CONTEXT_ID || client->command->len + fragment->bytes.size > LZ_DICOM_PDU_BYTES_MIN) {
        return false;
    }
    g_byte_array_append(client->command, fragment->bytes.data, (guint)fragment->bytes.size);
    if (!fragment->is_last) {
        return true;
    }
    const bool is_good = take_answer(client, (LzBytes){client->command->data, client->command->len});
    g_byte_array_set_size(client->command, 0);
    return is_good;
}

static bool take_data(Client *client, LzBytes body)
{
    LzDicomFragment fragment;
    bool is_broken = !client->is_associated;
    while (!is_broken && lz_dicom_next_fragment(&body, &fragment, &is_broken)) {
        is_broken = !take_fragment(client, &fragment);
    }
    return !is_broken;
}

static bool take_pdu(Client *client, LzDicomPdu type, LzBytes body)
{
    switch (type) {
    case LZ_DICOM_ASSOCIATE_AC:
        return take_accept(client, body);
    case LZ_DICOM_DATA:
        return take_data(client, body);
    case LZ_DICOM_RELEASE_RP:
        lz_request_client_close(&client->base);
        return client->base.is_leaving;
    case LZ_DICOM_ASSOCIATE_RQ:
    case LZ_DICOM_ASSOCIATE_RJ:
    case LZ_DICOM_RELEASE_RQ:
    case LZ_DICOM_ABORT:
        return false;
    }
    return false;
}

static bool received(LzRequestClient *base, LzBytes bytes)
{
    Client *client = (Client *)base;
    LzDicomPdu type;
    LzBytes body;
    LzDicomProgress progress;
    lz_request_client_progress(base);
    while ((progress = lz_dicom_stream_next(&client->stream, &bytes, &type, &body)) == LZ_DICOM_PDU) {
        if (!take_pdu(client, type, body)) {
            return false;
        }
    }
    return progress == LZ_DICOM_MORE;
}

static void closed(LzRequestClient *base, bool is_in_order)
{
    Client *client = (Client *)base;
    (void)is_in_order;
    client->is_associated = false;
    lz_dicom_stream_clear(&client->stream);
    g_clear_pointer(&client->command, g_byte_array_unref);
}

static const LzRequestClientOps request_ops = {
    .opened = opened, .send = send_request, .received = received, .closed = closed, .leave = leave};

/* ---- model ---- */

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    client->config = config;
    lz_dicom_stream_init(&client->stream, (size_t)client->config->pdu_bytes);
    lz_request_client_init(&client->base, &request_ops, &client->config->common, context, env);
}

static char *check(const void *config)
{
    return lz_request_client_check(&((const Config *)config)->common);
}

static const char *const modality_words[] = {"ct", "mr", "cr", "us", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, modality, .kind = LZ_PARAM_ENUM, .words = modality_words, .help = "what images it makes"),
    LZ_PARAM(Config, images_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65000, .fallback = 1000,
             .help = "images of a study: the association is released after so many, and the next image opens another"),
    LZ_PARAM(Config, pdu_bytes, .key = "pdu", .kind = LZ_PARAM_BYTES, .min = LZ_DICOM_PDU_BYTES_MIN, .max = 1e7, .fallback = 16384,
             .help = "longest PDU that it takes; what it sends is cut to the archive's limit", .source = "default of dcmtk and dcm4che"),
    LZ_REQUEST_CLIENT_PARAMS(Config, 5e9, "how long an association without images is kept before it is released; 0 s: for ever"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "worklists, procedure steps, storage commitment and queries",
    "compressed images: pixels of 16 bit, whole rows of them, go as they are",
    "more than one image under way in an association",
    "the QoS of a flow, but for what is lost first: an image is sent until it is answered",
    NULL,
};

static const LzClientOps ops = {
    .init = init,
    .start = lz_request_client_start,
    .stop = lz_request_client_stop,
    .send = lz_request_client_send,
    .has_room = lz_request_client_has_room,
    .clear = lz_request_client_clear,
};

const LzModel lz_client_model_dicom = {
    .name = "dicom",
    .summary = "sends images to an archive by C-STORE; a flow's size is that of an image's pixels",
    .source = "DICOM PS3.5, PS3.7, PS3.8",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .check = check,
    .ops = &ops,
};
