/* Network access control: a RADIUS server that admits devices to segments. A device proves itself by EAP-TLS: with its
 * manufacturer's certificate it gets as far as the quarantine, with one of the site to where the site's inventory says that it
 * belongs. One without a supplicant is, if at all, taken for what its MAC address says. */
#include <glib.h>
#include <string.h>

#include "lazaret/channel.h"
#include "lazaret/model.h"
#include "lazaret/protocol/eap.h"
#include "lazaret/protocol/radius.h"
#include "lazaret/service.h"
#include "lazaret/status_client.h"

typedef struct Config {
    LzText quarantine;
    bool has_inventory, has_mac_bypass, enforces_mud;
    LzTime session_ns, cost_ns;
    int64_t fragment_bytes, conversations;
} Config;

typedef struct Nac {
    const Config *config;
    LzServiceContext context;
    LzProbes *probes;
    GHashTable *conversations;          /* Conversation, by the port that it is about */
    GHashTable *urls;                   /* name of a device -> its description, as its manufacturer's certificate says */
    GHashTable *places;                 /* name of a device that is admitted, to the Conversation of its port */
    uint64_t count;                     /* conversations begun: their states */
} Nac;

typedef struct Conversation {           /* about one port of one switch */
    Nac *nac;
    uint64_t key;                       /* address and source port of the switch's port */
    uint64_t state;
    LzAddress address;
    uint16_t port;
    uint8_t radius_id;                  /* of the request that is being answered, or was */
    uint8_t authenticator[16];
    bool is_busy, is_call_check;
    LzBuffer *reply;                    /* to it, as long as it may come again; NULL: not made yet */
    LzBuffer *eap;                      /* what came in it */
    uint8_t eap_id;
    char station[LZ_RADIUS_TEXT_BYTES];
    LzChannel *channel;                 /* NULL: no handshake */
    LzEapFragments fragments;
    GByteArray *records;                /* of the steps since the last flight */
    bool is_accepted, is_refused;       /* what has been decided; it is told once the peer has had the last records */
    LzCertificate certificate;
    char place[LZ_COMMON_NAME_BYTES];   /* the device that this port has admitted; empty: none */
    LzEvent served;
} Conversation;

/* ---- replies ---- */

static void send_reply(Conversation *conversation)
{
    const Nac *nac = conversation->nac;
    const LzDatagram datagram = {.address = conversation->address, .port = conversation->port,
                                 .source_port = nac->context.listen.port,
                                 .payload = {conversation->reply->data, conversation->reply->size}};
    lz_host_send_udp(nac->context.host, &datagram, 0);
}

static void reply(Conversation *conversation, LzRadius *message)
{
    uint8_t bytes[LZ_RADIUS_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    message->id = conversation->radius_id;
    message->state = message->code == LZ_RADIUS_CHALLENGE ? conversation->state : 0;
    bool is_written = lz_radius_encode(&writer, message, LZ_RADIUS_TEST_SECRET, conversation->authenticator);
    g_assert(is_written);
    conversation->reply = lz_buffer_new_copy(bytes, writer.size);
    conversation->is_busy = false;
    send_reply(conversation);
}

static LzBytes encode_eap(const LzEap *eap, uint8_t bytes[LZ_RADIUS_EAP_BYTES_MAX])
{
    LzWriter writer = lz_writer(bytes, LZ_RADIUS_EAP_BYTES_MAX);
    bool is_written = lz_eap_encode(&writer, eap);
    g_assert(is_written);
    return (LzBytes){bytes, writer.size};
}

static void challenge(Conversation *conversation, LzEap *eap)
{
    uint8_t bytes[LZ_RADIUS_EAP_BYTES_MAX];
    eap->code = LZ_EAP_REQUEST;
    eap->type = LZ_EAP_TLS;
    eap->id = (uint8_t)(conversation->eap_id + 1);
    LzRadius message = {.code = LZ_RADIUS_CHALLENGE, .eap = encode_eap(eap, bytes)};
    reply(conversation, &message);
}

static void end_handshake(Conversation *conversation)
{
    if (conversation->nac->context.listen.status) {
        lz_status_client_cancel(conversation->nac->context.listen.status, conversation);
    }
    g_clear_pointer(&conversation->channel, lz_channel_free);
    lz_eap_fragments_clear(&conversation->fragments);
    g_byte_array_set_size(conversation->records, 0);
    conversation->is_accepted = conversation->is_refused = false;
}

static void leave_place(Conversation *conversation)
{
    if (conversation->place[0] != '\0') {
        g_hash_table_remove(conversation->nac->places, conversation->place);
        conversation->place[0] = '\0';
    }
}

static void take_place(Conversation *conversation, const char *name)
{
    leave_place(conversation);
    g_strlcpy(conversation->place, name, sizeof conversation->place);
    g_hash_table_insert(conversation->nac->places, conversation->place, conversation);
}

/* Success and failure carry the identifier of the last response (RFC 3748 4.2). */
static void finish(Conversation *conversation, const char *group)
{
    const Nac *nac = conversation->nac;
    uint8_t bytes[LZ_RADIUS_EAP_BYTES_MAX];
    const LzEap eap = {.code = group ? LZ_EAP_SUCCESS : LZ_EAP_FAILURE, .id = conversation->eap_id};
    LzRadius message = {.code = group ? LZ_RADIUS_ACCEPT : LZ_RADIUS_REJECT};
    if (!conversation->is_call_check) {
        message.eap = encode_eap(&eap, bytes);
    }
    if (group) {
        g_strlcpy(message.group, group, sizeof message.group);
        message.session_timeout_s = (uint32_t)(nac->config->session_ns / LZ_NS_PER_S);
    } else {
        leave_place(conversation);
        lz_probe_count(nac->probes, nac->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
    }
    end_handshake(conversation);
    reply(conversation, &message);
}

/* ---- who may go where ---- */

static bool is_bought(const Nac *nac, const char *name, const char *station, LzDeviceRecord *ret_record)
{
    if (!nac->context.site || !nac->context.site->find_device(nac->context.owner, name, ret_record)) {
        return false;
    }
    char expected[LZ_RADIUS_TEXT_BYTES];
    lz_radius_station(ret_record->mac, expected);
    return !nac->config->has_inventory || strcmp(expected, station) == 0;
}

/* A certificate and its key that are in two places are in one too many. */
static bool is_elsewhere(const Conversation *conversation, const char *name)
{
    const Conversation *other = g_hash_table_lookup(conversation->nac->places, name);
    return other && other != conversation;
}

static bool decide(Conversation *conversation)
{
    const Nac *nac = conversation->nac;
    LzCertificate *certificate = &conversation->certificate;
    LzDeviceRecord record;
    return lz_certificate_read(lz_channel_peer_certificate(conversation->channel), certificate) &&
           is_bought(nac, certificate->name, conversation->station, &record) && !is_elsewhere(conversation, certificate->name);
}

static void admit(Conversation *conversation)
{
    const Nac *nac = conversation->nac;
    const LzCertificate *certificate = &conversation->certificate;
    LzDeviceRecord record = {.segment = ""};
    bool is_of_site = strcmp(certificate->issuer, lz_authority_name(nac->context.site->authority)) == 0;
    if (is_of_site) {
        nac->context.site->find_device(nac->context.owner, certificate->name, &record);
    }
    take_place(conversation, certificate->name);
    if (!is_of_site) {
        g_hash_table_insert(nac->urls, g_strdup(certificate->name), g_strdup(certificate->mud_url));
    } else if (nac->config->enforces_mud) {
        const char *url = g_hash_table_lookup(nac->urls, certificate->name);
        nac->context.site->enforce_mud(nac->context.owner, certificate->name, url ? url : "");
    }
    finish(conversation, is_of_site ? record.segment : nac->config->quarantine.text ? nac->config->quarantine.text : "");
}

static bool read_station(const char *text, uint8_t ret_mac[6])
{
    for (unsigned i = 0; i < 6; i++) {
        int high = g_ascii_xdigit_value(text[0]), low = high >= 0 ? g_ascii_xdigit_value(text[1]) : -1;
        if (low < 0 || (i < 5 && text[2] == '\0')) {
            return false;
        }
        ret_mac[i] = (uint8_t)(high << 4 | low);
        text += i < 5 ? 3 : 2;
    }
    return true;
}

static void admit_by_address(Conversation *conversation)
{
    const Nac *nac = conversation->nac;
    LzDeviceRecord record;
    uint8_t mac[6];
    bool is_known = nac->config->has_mac_bypass && nac->context.site && read_station(conversation->station, mac) &&
                    nac->context.site->find_station(nac->context.owner, mac, &record);
    finish(conversation, is_known ? record.segment : NULL);
}

/* ---- EAP-TLS ---- */

static void next_fragment(Conversation *conversation)
{
    LzEap eap = {0};
    lz_eap_fragments_next(&conversation->fragments, &eap);
    challenge(conversation, &eap);
}

static void send_records(Conversation *conversation)
{
    GByteArray *records = conversation->records;
    LzBuffer *buffer = lz_buffer_new_copy(records->data, records->len);
    lz_eap_fragments_put(&conversation->fragments, buffer);
    lz_buffer_unref(buffer);
    g_byte_array_set_size(records, 0);
    next_fragment(conversation);
}

static void go_on(Conversation *conversation)
{
    if (conversation->records->len > 0) {
        send_records(conversation);
    } else if (conversation->is_refused) {
        finish(conversation, NULL);
    } else {
        next_fragment(conversation);
    }
}

static void decided(void *self, bool is_accepted)
{
    static const uint8_t commitment[] = {0};    /* RFC 9190 2.1.1: from a TLS 1.3 server that has nothing more to say */
    Conversation *conversation = self;
    conversation->is_accepted = is_accepted;
    conversation->is_refused = !is_accepted;
    if (is_accepted && lz_channel_is_1_3(conversation->channel)) {
        lz_channel_write(conversation->channel, (LzBytes){commitment, sizeof commitment});
    } else {
        go_on(conversation);
    }
}

static void judged(void *self, LzStatusVerdict verdict)
{
    decided(self, verdict == LZ_STATUS_GOOD);
}

static void stepped(void *self, const LzChannelStep *step)
{
    Conversation *conversation = self;
    if (step->records.size > 0) {
        g_byte_array_append(conversation->records, step->records.data, (guint)step->records.size);
    }
    conversation->is_refused |= step->has_failed;
    if (!step->just_opened) {
        go_on(conversation);
        return;
    }
    bool is_accepted = decide(conversation);
    LzStatusClient *status = conversation->nac->context.listen.status;
    if (is_accepted && status) {
        lz_status_client_ask(status, &conversation->certificate, judged, conversation);
    } else {
        decided(conversation, is_accepted);
    }
}

static void start_handshake(Conversation *conversation)
{
    const Nac *nac = conversation->nac;
    end_handshake(conversation);
    conversation->state = ++conversation->nac->count;
    if (!nac->context.listen.tls) {
        finish(conversation, NULL);     /* nobody has given it a certificate */
        return;
    }
    conversation->fragments.fragment_bytes = (uint32_t)nac->config->fragment_bytes;
    const LzChannelOptions options = {.tls = nac->context.listen.tls, .status = nac->context.listen.status};
    conversation->channel = lz_channel_new(nac->context.host, &options, stepped, conversation);
    LzEap eap = {.is_start = true};
    challenge(conversation, &eap);
}

static bool is_sending(const LzEapFragments *fragments)
{
    return fragments->out && fragments->sent_bytes < fragments->out->size;
}

static void take_tls(Conversation *conversation, const LzEap *eap)
{
    LzEapFragments *fragments = &conversation->fragments;
    if (is_sending(fragments)) {
        next_fragment(conversation);
        return;
    }
    bool is_settled = conversation->is_accepted || conversation->is_refused;
    if (is_settled && conversation->is_refused) {
        finish(conversation, NULL);
        return;
    }
    if (is_settled && eap->data.size == 0) {
        admit(conversation);
        return;
    }
    LzEapProgress progress = lz_eap_fragments_take(fragments, eap);
    if (progress == LZ_EAP_NONSENSE) {
        finish(conversation, NULL);
    } else if (progress == LZ_EAP_MORE) {
        lz_eap_fragments_put(fragments, NULL);
        next_fragment(conversation);
    } else {
        lz_channel_feed(conversation->channel, (LzBytes){fragments->in, fragments->in_bytes});
        fragments->in_bytes = 0;
    }
}

static void served(void *owner)
{
    Conversation *conversation = owner;
    LzEap eap;
    if (conversation->is_call_check) {
        admit_by_address(conversation);
        return;
    }
    LzBytes bytes = {conversation->eap->data, conversation->eap->size};
    if (!lz_eap_decode(bytes, &eap) || eap.code != LZ_EAP_RESPONSE) {
        finish(conversation, NULL);
        return;
    }
    conversation->eap_id = eap.id;
    if (eap.type == LZ_EAP_IDENTITY) {
        start_handshake(conversation);
    } else if (eap.type == LZ_EAP_TLS && conversation->channel) {
        take_tls(conversation, &eap);
    } else {
        finish(conversation, NULL);
    }
}

/* ---- requests ---- */

static void conversation_free(gpointer data)
{
    Conversation *conversation = data;
    end_handshake(conversation);
    lz_host_compute_cancel(conversation->nac->context.host, &conversation->served);
    g_byte_array_unref(conversation->records);
    lz_buffer_unref(conversation->reply);
    lz_buffer_unref(conversation->eap);
    g_free(conversation);
}

static Conversation *find_conversation(Nac *nac, LzAddress address, uint16_t port)
{
    uint64_t key = (uint64_t)address << 16 | port;
    Conversation *conversation = g_hash_table_lookup(nac->conversations, &key);
    if (conversation || g_hash_table_size(nac->conversations) >= (guint)nac->config->conversations) {
        return conversation;
    }
    conversation = g_new0(Conversation, 1);
    *conversation = (Conversation){.nac = nac, .key = key, .address = address, .port = port, .records = g_byte_array_new()};
    lz_event_init(&conversation->served, served, conversation);
    g_hash_table_insert(nac->conversations, &conversation->key, conversation);
    return conversation;
}

/* The same request again (RFC 5080 2.2.2): its answer again, unless it is still being made. */
static bool is_duplicate(const Conversation *conversation, const LzRadius *request)
{
    return (conversation->is_busy || conversation->reply) && conversation->radius_id == request->id &&
           memcmp(conversation->authenticator, request->authenticator, sizeof request->authenticator) == 0;
}

static void take_request(Conversation *conversation, const LzRadius *request)
{
    Nac *nac = conversation->nac;
    lz_probe_count(nac->probes, nac->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
    conversation->is_busy = true;
    conversation->radius_id = request->id;
    conversation->is_call_check = request->is_call_check;
    memcpy(conversation->authenticator, request->authenticator, sizeof request->authenticator);
    memcpy(conversation->station, request->station, sizeof request->station);
    g_clear_pointer(&conversation->reply, lz_buffer_unref);
    lz_buffer_unref(conversation->eap);
    conversation->eap = lz_buffer_new_copy(request->eap.data, request->eap.size);
    lz_host_compute(nac->context.host, nac->config->cost_ns, &conversation->served);
}

/* A port that asks something new gives up what it asked before. */
static void interrupt(Conversation *conversation)
{
    lz_host_compute_cancel(conversation->nac->context.host, &conversation->served);
    end_handshake(conversation);
    conversation->is_busy = false;
}

static void received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    Nac *nac = self;
    LzRadius request;
    if (!lz_radius_decode(payload, LZ_RADIUS_TEST_SECRET, NULL, &request)) {
        return;                         /* RFC 2865 3: silently */
    }
    Conversation *conversation = find_conversation(nac, source, source_port);
    if (!conversation) {
        lz_probe_count(nac->probes, nac->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
        return;
    }
    if (is_duplicate(conversation, &request)) {
        if (conversation->reply) {
            send_reply(conversation);
        }
        return;
    }
    if (conversation->is_busy) {
        interrupt(conversation);
    }
    take_request(conversation, &request);
}

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Nac *nac = state;
    nac->config = config;
    nac->context = *context;
    nac->probes = env->probes;
    nac->urls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void start(void *state)
{
    Nac *nac = state;
    nac->conversations = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, conversation_free);
    nac->places = g_hash_table_new(g_str_hash, g_str_equal);
    bool is_bound = lz_host_bind_udp(nac->context.host, nac->context.listen.port, received, nac);
    g_assert(is_bound);
}

static void stop(void *state)
{
    Nac *nac = state;
    g_clear_pointer(&nac->places, g_hash_table_unref);
    g_clear_pointer(&nac->conversations, g_hash_table_unref);
}

/* Which device is described where is in its database, and outlives a crash. */
static void clear(void *state)
{
    Nac *nac = state;
    g_hash_table_unref(nac->urls);
}

static const LzParam params[] = {
    LZ_PARAM(Config, quarantine, .kind = LZ_PARAM_NAME, .is_host_group = true,
             .help = "segment of a device that has shown no more than its manufacturer's certificate; none when not given"),
    LZ_PARAM(Config, has_inventory, .key = "inventory", .kind = LZ_PARAM_BOOL, .fallback = 1,
             .help = "a device must come with the MAC address that it was bought with; false: any with its certificate and key will do"),
    LZ_PARAM(Config, has_mac_bypass, .key = "mac_bypass", .kind = LZ_PARAM_BOOL,
             .help = "whether a device without 802.1X is admitted by its MAC address, which anybody can copy"),
    LZ_PARAM(Config, enforces_mud, .key = "mud", .kind = LZ_PARAM_BOOL,
             .help = "whether what a device's manufacturer says of it (MUD) becomes rules of firewalls that have `mud: true`",
             .source = "RFC 8520"),
    LZ_PARAM(Config, session_ns, .key = "session", .kind = LZ_PARAM_TIME_NS, .max = 31536000e9,
             .help = "after which a device has to prove itself again; 0: never", .source = "Session-Timeout, RFC 3580 section 3.17"),
    LZ_PARAM(Config, fragment_bytes, .kind = LZ_PARAM_BYTES, .min = 100, .max = 1250, .fallback = 1024,
             .help = "of TLS in each EAP message; more does not fit into a RADIUS packet of 1,500 bytes",
             .source = "FreeRADIUS, fragment_size"),
    LZ_PARAM(Config, cost_ns, .key = "request", .kind = LZ_PARAM_TIME_NS, .max = 10e9, .fallback = 200e3,
             .help = "CPU time of each RADIUS message; cryptography is charged beside it", .source = "assumed"),
    LZ_PARAM(Config, conversations, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 100000,
             .help = "ports that it keeps something of; others are not answered"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "keys for MACsec or Wi-Fi from the handshake (MSK), accounting, change of authorisation",
    "fetching a device's description (MUD) from its manufacturer, and the signature on it",
    "a new address with the new VLAN: a device keeps the one that it has",
    "RADIUS messages longer than one packet",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear, .port = LZ_RADIUS_PORT,
                                 .is_datagram = true, .carries_tls = true, .knows_manufacturers = true};

extern const LzModel lz_service_model_nac;
const LzModel lz_service_model_nac = {
    .name = "nac",
    .summary = "network access control: admits devices to segments by EAP-TLS over RADIUS",
    .source = "RFC 2865, RFC 3579, RFC 3580, RFC 5216, RFC 9190",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Nac),
    .not_modelled = not_modelled,
    .ops = &ops,
};
