/* Ports under 802.1X, and the RADIUS client behind them. */
#include "sim/net/access_port.h"

#include <glib.h>
#include <string.h>

#include "lazaret/protocol/eap.h"
#include "lazaret/protocol/radius.h"
#include "sim/net/packet.h"
#include "sim/net/udp.h"

#define SOURCE_PORT_BASE 32768u         /* a port of its own for each, so that RADIUS's 256 identifiers suffice (RFC 2865 2.5) */
#define SOURCE_PORTS 32768u
#define SUPPLICANT_TIMEOUT_NS LZ_SECONDS(30)    /* IEEE 802.1X-2004 8.2.2.2: txPeriod, suppTimeout 30 s … */
#define EAP_SENDS_MAX 3u                        /* … maxReq 2 beside the first */
/* RFC 5080 2.2.1: IRT 2 s, doubling to MRT 16 s, each 10 % more or less; MRC 5, MRD 30 s. */
#define RADIUS_FIRST_NS LZ_SECONDS(2)
#define RADIUS_WAIT_NS_MAX LZ_SECONDS(16)
#define RADIUS_SENDS_MAX 5u
#define RADIUS_DURATION_NS_MAX LZ_SECONDS(30)

struct LzAuthenticator {
    LzElement input;
    LzPacketPool *packets;              /* borrowed */
    LzUdp udp;
    LzAuthenticatorOptions options;
    GPtrArray *ports;
    bool is_on;
};

struct LzAccessPort {
    LzElement up, down;
    LzAuthenticator *authenticator;
    LzEnv env;
    LzRandom random;
    LzAccessPortOptions options;
    uint16_t source_port;
    bool has_carrier, is_admitted, is_by_hand, has_supplicant;
    uint8_t eap_id;                     /* of the request that the device has not answered yet */
    LzBuffer *eap;                      /* that request; NULL: none */
    unsigned eap_sends;
    uint64_t state;                     /* of the server, for the conversation in progress */
    uint8_t radius_id;
    uint8_t request_authenticator[16];
    LzBuffer *request;                  /* that the server has not answered yet; NULL: none */
    unsigned request_sends;
    LzTime request_from_ns, request_wait_ns;
    char user[LZ_RADIUS_TEXT_BYTES];
    LzEvent eap_timer, radius_timer, again, fallback;
    LzAccessPortStats stats;
};

/* ---- to the device ---- */

static void send_frame(LzAccessPort *port, LzBytes eap)
{
    uint8_t bytes[LZ_RADIUS_EAP_BYTES_MAX + 8];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_eapol_encode(&writer, LZ_EAPOL_EAP, eap);
    g_assert(!writer.failed);
    LzPacket *packet = lz_packet_new(port->env.packets);
    packet->source = port->authenticator->options.address;
    packet->destination = port->options.device;
    packet->protocol = LZ_NOT_IP_EAPOL;
    packet->payload = lz_buffer_new_copy(bytes, writer.size);
    packet->payload_size = (uint32_t)writer.size;
    lz_packet_set_wire_bytes(packet);
    lz_element_receive(port->options.down, packet);
}

static void stop_eap(LzAccessPort *port)
{
    lz_event_cancel(port->env.scheduler, &port->eap_timer);
    g_clear_pointer(&port->eap, lz_buffer_unref);
}

/* A request waits for its answer; success and failure do not. */
static void send_eap(LzAccessPort *port, LzBytes eap)
{
    LzEap head;
    stop_eap(port);
    send_frame(port, eap);
    if (lz_eap_decode(eap, &head) && head.code == LZ_EAP_REQUEST) {
        port->eap_id = head.id;
        port->eap = lz_buffer_new_copy(eap.data, eap.size);
        port->eap_sends = 1;
        lz_timer_after(port->env.scheduler, &port->eap_timer, SUPPLICANT_TIMEOUT_NS);
    }
}

static void send_simple(LzAccessPort *port, LzEapCode code, LzEapType type)
{
    const LzEap eap = {.code = (uint8_t)code, .id = port->eap_id, .type = (uint8_t)type};
    uint8_t bytes[16];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_eap_encode(&writer, &eap);
    send_eap(port, (LzBytes){bytes, writer.size});
}

static void ask_identity(LzAccessPort *port)
{
    port->state = 0;
    port->eap_id++;
    send_simple(port, LZ_EAP_REQUEST, LZ_EAP_IDENTITY);
}

static void eap_timer_due(void *owner)
{
    LzAccessPort *port = owner;
    if (port->eap_sends == EAP_SENDS_MAX) {
        port->stats.timeouts++;
        stop_eap(port);                 /* the supplicant begins anew if it wants */
        return;
    }
    port->eap_sends++;
    send_frame(port, (LzBytes){port->eap->data, port->eap->size});
    lz_timer_after(port->env.scheduler, &port->eap_timer, SUPPLICANT_TIMEOUT_NS);
}

/* ---- who is admitted ---- */

static void set_admitted(LzAccessPort *port, const char *group)
{
    bool is_admitted = group != NULL;
    if (is_admitted || port->is_admitted) {
        port->is_admitted = is_admitted;
        port->options.admitted(port->options.owner, group);
    }
}

static void stop_request(LzAccessPort *port)
{
    lz_event_cancel(port->env.scheduler, &port->radius_timer);
    g_clear_pointer(&port->request, lz_buffer_unref);
}

static void forget(LzAccessPort *port)
{
    stop_eap(port);
    stop_request(port);
    lz_event_cancel(port->env.scheduler, &port->again);
    lz_event_cancel(port->env.scheduler, &port->fallback);
    port->has_supplicant = false;
    if (!port->is_by_hand) {
        set_admitted(port, NULL);
    }
}

static void accept(LzAccessPort *port, const LzRadius *answer)
{
    if (answer->eap.size > 0) {
        send_eap(port, answer->eap);
    }
    set_admitted(port, answer->group);
    lz_event_cancel(port->env.scheduler, &port->again);
    if (answer->session_timeout_s > 0) {
        lz_timer_after(port->env.scheduler, &port->again, LZ_SECONDS(answer->session_timeout_s));
    }
}

static void reject(LzAccessPort *port, const LzRadius *answer)
{
    if (answer->eap.size > 0) {
        send_eap(port, answer->eap);
    }
    lz_event_cancel(port->env.scheduler, &port->again);
    set_admitted(port, NULL);
    port->options.rejected(port->options.owner);
}

/* ---- to the server ---- */

static void transmit(LzAccessPort *port)
{
    const LzAccessPortOptions *options = &port->options;
    bool is_sent = lz_udp_send(&port->authenticator->udp, port->source_port, options->server, options->server_port, 0,
                               (LzBytes){port->request->data, port->request->size});
    g_assert(is_sent);                  /* what fits into an EAPOL frame of 1,400 bytes and less fits */
    int64_t tenth_ns = port->request_wait_ns / 10;
    LzTime wait_ns = port->request_wait_ns - tenth_ns + (LzTime)lz_random_below(&port->random, 2 * (uint64_t)tenth_ns);
    lz_timer_after(port->env.scheduler, &port->radius_timer, wait_ns);
    port->request_wait_ns = MIN(2 * port->request_wait_ns, RADIUS_WAIT_NS_MAX);
    port->request_sends++;
}

/* Nobody answers: the device is left where it was. One that was not admitted hears of a failure, and tries later. */
static void give_up_request(LzAccessPort *port)
{
    port->stats.timeouts++;
    stop_request(port);
    if (!port->is_admitted && port->has_supplicant) {
        send_simple(port, LZ_EAP_FAILURE, LZ_EAP_NONE);
    }
}

static void radius_timer_due(void *owner)
{
    LzAccessPort *port = owner;
    LzTime elapsed_ns = lz_now(port->env.scheduler) - port->request_from_ns;
    if (port->request_sends == RADIUS_SENDS_MAX || elapsed_ns >= RADIUS_DURATION_NS_MAX) {
        give_up_request(port);
        return;
    }
    port->stats.retransmissions++;
    transmit(port);
}

static void ask_server(LzAccessPort *port, LzBytes eap)
{
    LzRadius message = {
        .code = LZ_RADIUS_REQUEST,
        .id = ++port->radius_id,
        .state = port->state,
        .is_call_check = eap.size == 0,
        .nas_address = port->authenticator->options.address,
        .nas_port = port->source_port - SOURCE_PORT_BASE + 1,
        .eap = eap,
    };
    lz_random_fill(&port->random, message.authenticator, sizeof message.authenticator);
    memcpy(port->request_authenticator, message.authenticator, sizeof message.authenticator);
    lz_radius_station(port->options.mac, message.station);
    g_strlcpy(message.user, eap.size > 0 ? port->user : message.station, sizeof message.user);
    uint8_t bytes[LZ_UDP_PAYLOAD_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    stop_request(port);
    if (!lz_radius_encode(&writer, &message, LZ_RADIUS_TEST_SECRET, NULL)) {
        return;                         /* longer than a packet: no supplicant of ours does that */
    }
    port->request = lz_buffer_new_copy(bytes, writer.size);
    port->request_sends = 0;
    port->request_from_ns = lz_now(port->env.scheduler);
    port->request_wait_ns = RADIUS_FIRST_NS;
    port->stats.requests++;
    transmit(port);
}

static void answered(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    LzAccessPort *port = self;
    LzRadius answer;
    bool is_awaited = port->request && source == port->options.server && source_port == port->options.server_port;
    if (!is_awaited ||
        !lz_radius_decode(payload, LZ_RADIUS_TEST_SECRET, port->request_authenticator, &answer) ||
        answer.id != port->radius_id) {
        return;
    }
    stop_request(port);
    if (answer.code == LZ_RADIUS_CHALLENGE) {
        port->state = answer.state;
        send_eap(port, answer.eap);
    } else if (answer.code == LZ_RADIUS_ACCEPT) {
        accept(port, &answer);
    } else if (answer.code == LZ_RADIUS_REJECT) {
        reject(port, &answer);
    }
}

static void ask_by_address(void *owner)
{
    LzAccessPort *port = owner;
    if (!port->has_supplicant) {
        ask_server(port, (LzBytes){.data = NULL, .size = 0});
    }
}

/* The session that the server allowed is over: whoever is there proves it again. */
static void ask_again(void *owner)
{
    LzAccessPort *port = owner;
    if (port->has_supplicant) {
        ask_identity(port);
    } else {
        ask_by_address(port);
    }
}

/* ---- from the device ---- */

static void take_response(LzAccessPort *port, LzBytes body)
{
    LzEap eap;
    bool is_answer = port->eap && !port->request && lz_eap_decode(body, &eap) && eap.code == LZ_EAP_RESPONSE && eap.id == port->eap_id;
    if (!is_answer) {
        return;                         /* late, or sent again */
    }
    if (eap.type == LZ_EAP_IDENTITY) {
        size_t size = MIN(eap.data.size, sizeof port->user - 1);
        memcpy(port->user, eap.data.data, size);
        port->user[size] = '\0';
    }
    lz_event_cancel(port->env.scheduler, &port->eap_timer);
    ask_server(port, body);
}

static void take_frame(LzAccessPort *port, LzBytes frame)
{
    LzEapolType type;
    LzBytes body;
    if (port->is_by_hand || !lz_eapol_decode(frame, &type, &body)) {
        return;
    }
    port->has_supplicant = true;
    lz_event_cancel(port->env.scheduler, &port->fallback);
    if (type == LZ_EAPOL_START) {
        stop_request(port);
        ask_identity(port);
    } else if (type == LZ_EAPOL_LOGOFF) {
        forget(port);
        port->has_supplicant = true;
    } else {
        take_response(port, body);
    }
}

static void drop(LzAccessPort *port, LzPacket *packet)
{
    port->stats.dropped_packets++;
    lz_packet_lost(packet, port->env.probes);
    lz_packet_free(port->env.packets, packet);
}

static void up_receive(LzElement *element, LzPacket *packet)
{
    LzAccessPort *port = (LzAccessPort *)element;
    if (!port->authenticator->is_on) {
        drop(port, packet);
    } else if (packet->protocol == LZ_NOT_IP_EAPOL) {
        take_frame(port, (LzBytes){lz_packet_payload(packet), packet->payload_size});
        lz_packet_free(port->env.packets, packet);
    } else if (port->is_admitted) {
        lz_element_receive(port->options.up, packet);
    } else {
        bool may_fall_back = !port->has_supplicant && !port->request && port->options.fallback_ns != LZ_TIME_NEVER;
        if (may_fall_back && !lz_event_is_pending(&port->fallback)) {
            lz_timer_after(port->env.scheduler, &port->fallback, port->options.fallback_ns);
        }
        drop(port, packet);
    }
}

static void down_receive(LzElement *element, LzPacket *packet)
{
    LzAccessPort *port = (LzAccessPort *)(void *)((char *)element - offsetof(LzAccessPort, down));
    if (port->is_admitted) {
        lz_element_receive(port->options.down, packet);
    } else {
        drop(port, packet);
    }
}

static const LzElementOps up_ops = {.receive = up_receive};
static const LzElementOps down_ops = {.receive = down_receive};

/* ---- life ---- */

void lz_access_port_set_carrier(LzAccessPort *port, bool is_up)
{
    port->has_carrier = is_up;
    if (!is_up) {
        forget(port);
    }
}

void lz_access_port_set_by_hand(LzAccessPort *port, bool is_admitted)
{
    forget(port);
    port->is_by_hand = true;
    port->is_admitted = is_admitted;
}

const LzAccessPortStats *lz_access_port_stats(const LzAccessPort *port)
{
    return &port->stats;
}

uint16_t lz_access_port_source(const LzAccessPort *port)
{
    return port->source_port;
}

LzElement *lz_access_port_up(LzAccessPort *port)
{
    return &port->up;
}

LzElement *lz_access_port_down(LzAccessPort *port)
{
    return &port->down;
}

LzAccessPort *lz_access_port_new(LzAuthenticator *authenticator, const LzEnv *env, const LzAccessPortOptions *options)
{
    LzAccessPort *port = g_new0(LzAccessPort, 1);
    port->up.ops = &up_ops;
    port->down.ops = &down_ops;
    port->authenticator = authenticator;
    port->env = *env;
    port->options = *options;
    port->source_port = (uint16_t)(SOURCE_PORT_BASE + authenticator->ports->len % SOURCE_PORTS);
    lz_env_random(env, LZ_PURPOSE_ONBOARDING, &port->random);
    lz_event_init(&port->eap_timer, eap_timer_due, port);
    lz_event_init(&port->radius_timer, radius_timer_due, port);
    lz_event_init(&port->again, ask_again, port);
    lz_event_init(&port->fallback, ask_by_address, port);
    bool is_bound = lz_udp_bind(&authenticator->udp, port->source_port, answered, port);
    g_assert(is_bound);                 /* a switch has at most 65,535 / 2 ports under 802.1X: the loader sees to it */
    g_ptr_array_add(authenticator->ports, port);
    return port;
}

static void port_free(gpointer data)
{
    LzAccessPort *port = data;
    LzEvent *events[] = {&port->eap_timer, &port->radius_timer, &port->again, &port->fallback};
    for (unsigned i = 0; i < G_N_ELEMENTS(events); i++) {
        lz_event_cancel(port->env.scheduler, events[i]);
    }
    lz_buffer_unref(port->eap);
    lz_buffer_unref(port->request);
    g_free(port);
}

static void authenticator_receive(LzElement *element, LzPacket *packet)
{
    LzAuthenticator *self = (LzAuthenticator *)element;
    if (!self->is_on || packet->protocol != LZ_IP_UDP || !lz_udp_receive(&self->udp, packet)) {
        lz_packet_free(self->packets, packet);
    }
}

static const LzElementOps authenticator_ops = {.receive = authenticator_receive};

LzAuthenticator *lz_authenticator_new(const LzEnv *env, const LzAuthenticatorOptions *options)
{
    LzAuthenticator *self = g_new0(LzAuthenticator, 1);
    self->input.ops = &authenticator_ops;
    self->packets = env->packets;
    self->options = *options;
    lz_udp_init(&self->udp, env, options->address, options->output);
    self->ports = g_ptr_array_new_with_free_func(port_free);
    self->is_on = true;
    return self;
}

void lz_authenticator_free(LzAuthenticator *authenticator)
{
    if (authenticator) {
        g_ptr_array_unref(authenticator->ports);
        lz_udp_clear(&authenticator->udp);
        g_free(authenticator);
    }
}

LzElement *lz_authenticator_input(LzAuthenticator *authenticator)
{
    return &authenticator->input;
}

void lz_authenticator_set_power(LzAuthenticator *authenticator, bool is_on)
{
    authenticator->is_on = is_on;
    for (guint i = 0; i < authenticator->ports->len; i++) {
        LzAccessPort *port = authenticator->ports->pdata[i];
        bool is_asked = is_on && port->has_carrier && !port->is_by_hand;
        if (!is_on) {
            forget(port);
        } else if (is_asked) {
            ask_identity(port);
        }
    }
}
