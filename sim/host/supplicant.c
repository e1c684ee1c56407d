/* A device proves to its switch who it is. */
#include "sim/host/supplicant.h"

#include "lazaret/channel.h"
#include "lazaret/protocol/eap.h"
#include "sim/host/internal.h"

#define START_PERIOD_NS LZ_SECONDS(30)  /* IEEE 802.1X-2004 8.2.11.1.2: startPeriod */
#define HELD_PERIOD_NS LZ_SECONDS(60)   /* … heldPeriod: after a failure */
#define FRAME_BYTES_MAX 1500u

struct LzSupplicant {
    LzHost *host;
    const LzHostOnboarding *options;
    void (*settled)(void *self, bool is_admitted);
    void *self;
    LzCredential *credential;           /* NULL: stopped */
    LzChannel *channel;                 /* NULL: no handshake */
    LzEapFragments fragments;
    bool is_open, has_indication;       /* the server is verified; it has said that it accepts (RFC 9190 2.1.1) */
    uint8_t id;                         /* of the request that is being answered, or was */
    LzBuffer *response;                 /* to it; NULL: not made yet */
    LzEvent again;
};

static void send_frame(LzSupplicant *supplicant, LzEapolType type, LzBytes body)
{
    const LzHost *host = supplicant->host;
    uint8_t bytes[FRAME_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_eapol_encode(&writer, type, body);
    g_assert(!writer.failed);
    LzPacket *packet = lz_packet_new(host->env.packets);
    packet->source = lz_host_address(host);
    packet->protocol = LZ_NOT_IP_EAPOL;
    packet->payload = lz_buffer_new_copy(bytes, writer.size);
    packet->payload_size = (uint32_t)writer.size;
    lz_packet_set_wire_bytes(packet);
    lz_element_receive(host->udp.output, packet);
}

static void respond(LzSupplicant *supplicant, const LzEap *eap)
{
    uint8_t bytes[FRAME_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    bool is_written = lz_eap_encode(&writer, eap);
    g_assert(is_written);
    lz_buffer_unref(supplicant->response);
    supplicant->response = lz_buffer_new_copy(bytes, writer.size);
    send_frame(supplicant, LZ_EAPOL_EAP, (LzBytes){bytes, writer.size});
}

static void start_due(void *owner)
{
    LzSupplicant *supplicant = owner;
    send_frame(supplicant, LZ_EAPOL_START, (LzBytes){.data = NULL, .size = 0});
    lz_timer_after(supplicant->host->env.scheduler, &supplicant->again, START_PERIOD_NS);
}

static void end_handshake(LzSupplicant *supplicant)
{
    g_clear_pointer(&supplicant->channel, lz_channel_free);
    lz_eap_fragments_clear(&supplicant->fragments);
    supplicant->is_open = supplicant->has_indication = false;
}

/* ---- EAP-TLS ---- */

/* The next fragment, or an acknowledgement when there is none. */
static void respond_tls(LzSupplicant *supplicant)
{
    LzEap eap = {.code = LZ_EAP_RESPONSE, .id = supplicant->id, .type = LZ_EAP_TLS};
    lz_eap_fragments_next(&supplicant->fragments, &eap);
    respond(supplicant, &eap);
}

static void stepped(void *self, const LzChannelStep *step)
{
    LzSupplicant *supplicant = self;
    supplicant->is_open |= step->just_opened;
    supplicant->has_indication |= step->plaintext.size == 1 && step->plaintext.data[0] == 0;
    LzBuffer *records = step->records.size > 0 ? lz_buffer_new_copy(step->records.data, step->records.size) : NULL;
    lz_eap_fragments_put(&supplicant->fragments, records);
    lz_buffer_unref(records);
    respond_tls(supplicant);
}

static void begin_handshake(LzSupplicant *supplicant)
{
    const LzHostOnboarding *options = supplicant->options;
    end_handshake(supplicant);
    supplicant->fragments.fragment_bytes = options->fragment_bytes;
    const LzChannelOptions channel = {.tls = options->eap, .server_name = options->nac_name, .credential = supplicant->credential};
    supplicant->channel = lz_channel_new(supplicant->host, &channel, stepped, supplicant);
    lz_channel_feed(supplicant->channel, (LzBytes){.data = NULL, .size = 0});
}

static bool is_sending(const LzEapFragments *fragments)
{
    return fragments->out && fragments->sent_bytes < fragments->out->size;
}

static void take_tls(LzSupplicant *supplicant, const LzEap *request)
{
    LzEapFragments *fragments = &supplicant->fragments;
    if (request->is_start) {
        begin_handshake(supplicant);
        return;
    }
    if (!supplicant->channel) {
        return;
    }
    if (is_sending(fragments)) {
        respond_tls(supplicant);        /* that was the acknowledgement of the last fragment */
        return;
    }
    LzEapProgress progress = lz_eap_fragments_take(fragments, request);
    if (progress == LZ_EAP_MORE) {
        lz_eap_fragments_put(fragments, NULL);
        respond_tls(supplicant);
    } else if (progress == LZ_EAP_WHOLE) {
        lz_channel_feed(supplicant->channel, (LzBytes){fragments->in, fragments->in_bytes});
        fragments->in_bytes = 0;
    }
}

/* ---- EAP ---- */

static void take_request(LzSupplicant *supplicant, const LzEap *request)
{
    if (request->id == supplicant->id) {        /* sent again; it is answered, or will be */
        if (supplicant->response) {
            send_frame(supplicant, LZ_EAPOL_EAP, (LzBytes){supplicant->response->data, supplicant->response->size});
        }
        return;
    }
    supplicant->id = request->id;
    g_clear_pointer(&supplicant->response, lz_buffer_unref);
    LzEap response = {.code = LZ_EAP_RESPONSE, .id = request->id, .type = request->type};
    if (request->type == LZ_EAP_IDENTITY) {
        end_handshake(supplicant);
        response.data = lz_bytes_of_text(lz_credential_name(supplicant->credential));
        respond(supplicant, &response);
    } else if (request->type == LZ_EAP_TLS) {
        take_tls(supplicant, request);
    } else {
        static const uint8_t wanted[] = {LZ_EAP_TLS};
        response.type = LZ_EAP_NAK;
        response.data = (LzBytes){wanted, sizeof wanted};
        respond(supplicant, &response);
    }
}

static void settle(LzSupplicant *supplicant, bool is_admitted)
{
    LzScheduler *scheduler = supplicant->host->env.scheduler;
    end_handshake(supplicant);
    lz_event_cancel(scheduler, &supplicant->again);
    if (!is_admitted) {
        lz_timer_after(scheduler, &supplicant->again, HELD_PERIOD_NS);
    }
    supplicant->settled(supplicant->self, is_admitted);
}

/* A success counts only from a server that has proved itself, else anybody at the port could say it (RFC 5216 2.1.4). */
static void take_success(LzSupplicant *supplicant)
{
    bool is_1_3 = supplicant->is_open && lz_channel_is_1_3(supplicant->channel);
    if (supplicant->is_open && (supplicant->has_indication || !is_1_3)) {
        settle(supplicant, true);
    }
}

void lz_supplicant_receive(LzSupplicant *supplicant, LzBytes frame)
{
    LzEapolType type;
    LzBytes body;
    LzEap eap;
    if (!supplicant->credential || !lz_eapol_decode(frame, &type, &body) || type != LZ_EAPOL_EAP || !lz_eap_decode(body, &eap)) {
        return;
    }
    if (eap.code == LZ_EAP_REQUEST) {
        lz_timer_after(supplicant->host->env.scheduler, &supplicant->again, HELD_PERIOD_NS);   /* authPeriod: silence until then */
        take_request(supplicant, &eap);
    } else if (eap.code == LZ_EAP_SUCCESS) {
        take_success(supplicant);
    } else if (eap.code == LZ_EAP_FAILURE) {
        settle(supplicant, false);
    }
}

/* ---- life ---- */

void lz_supplicant_start(LzSupplicant *supplicant, LzCredential *credential)
{
    end_handshake(supplicant);
    supplicant->credential = credential;
    start_due(supplicant);
}

void lz_supplicant_use(LzSupplicant *supplicant, LzCredential *credential)
{
    supplicant->credential = supplicant->credential ? credential : NULL;
}

void lz_supplicant_stop(LzSupplicant *supplicant)
{
    end_handshake(supplicant);
    lz_event_cancel(supplicant->host->env.scheduler, &supplicant->again);
    g_clear_pointer(&supplicant->response, lz_buffer_unref);
    supplicant->credential = NULL;
}

LzSupplicant *lz_supplicant_new(LzHost *host, const LzHostOnboarding *options, void (*settled)(void *self, bool is_admitted),
                                void *self)
{
    LzSupplicant *supplicant = g_new0(LzSupplicant, 1);
    supplicant->host = host;
    supplicant->options = options;
    supplicant->settled = settled;
    supplicant->self = self;
    lz_event_init(&supplicant->again, start_due, supplicant);
    return supplicant;
}

void lz_supplicant_free(LzSupplicant *supplicant)
{
    if (supplicant) {
        lz_supplicant_stop(supplicant);
        g_free(supplicant);
    }
}
