/* TCP by script: one side is the stack, the other is the test, which says what arrives and what must
 * answer it, with times. Sequence and acknowledgement numbers are relative to each side's first. */
#include <glib.h>
#include <string.h>

#include "sim/core/scheduler.h"
#include "sim/net/packet.h"
#include "sim/net/tcp.h"

enum { SYN = LZ_TCP_SYN, ACK = LZ_TCP_ACK, FIN = LZ_TCP_FIN, RST = LZ_TCP_RST, PSH = LZ_TCP_PSH };
enum { LOCAL_PORT = 8883, PEER_PORT = 40000, MSS = 1000, WINDOW = 60000 };
#define HOST 0x0a000001u
#define PEER 0x0a000002u
#define PEER_INITIAL UINT32_C(0xfffffe00)       /* the peer's numbers wrap during most tests */

typedef struct Script {
    LzScheduler *scheduler;
    LzPacketPool *pool;
    LzTcp *tcp;
    LzElement output;
    GQueue out;                         /* LzPacket *, when in queued_ns */
    uint32_t initial;                   /* the stack's first sequence number, learnt from its SYN */
    uint16_t local_port, peer_port;
    LzTcpSocket *socket;
    unsigned connected, finished, closed;
    LzTcpCloseReason reason;
    uint64_t received_bytes, sent_end, acknowledged_end;
    bool is_in_verb, refuses;
    bool must_close_on_finish, loses_power_on_data;
} Script;

/* ---- the application ---- */

static Script *outside_verb(void *self)
{
    Script *script = self;
    g_assert_false(script->is_in_verb);
    return script;
}

static void on_connected(void *self, LzTcpSocket *socket)
{
    Script *script = outside_verb(self);
    g_assert_true(socket == script->socket);
    script->connected++;
}

static void on_received(void *self, LzTcpSocket *socket, LzBuffer *buffer, uint32_t offset, uint32_t size)
{
    (void)socket;
    Script *script = outside_verb(self);
    for (uint32_t i = 0; i < size; i++) {       /* the peer's bytes count up from its first */
        g_assert_cmpuint(buffer->data[offset + i], ==, (uint8_t)(script->received_bytes + i));
    }
    script->received_bytes += size;
    if (script->loses_power_on_data) {
        lz_tcp_reset(script->tcp);
    }
}

static void on_sent(void *self, LzTcpSocket *socket, uint64_t stream_end)
{
    (void)socket;
    ((Script *)self)->sent_end = stream_end;    /* the one that may come from inside lz_tcp_send() */
}

static void on_acknowledged(void *self, LzTcpSocket *socket, uint64_t stream_end)
{
    (void)socket;
    outside_verb(self)->acknowledged_end = stream_end;
}

static void on_peer_finished(void *self, LzTcpSocket *socket)
{
    Script *script = outside_verb(self);
    script->finished++;
    if (script->must_close_on_finish) {
        lz_tcp_close(socket);
    }
}

static void on_closed(void *self, LzTcpSocket *socket, LzTcpCloseReason reason)
{
    (void)socket;
    Script *script = outside_verb(self);
    script->closed++;
    script->reason = reason;
    script->socket = NULL;
}

static const LzTcpEvents events = {
    .connected = on_connected,
    .received = on_received,
    .sent = on_sent,
    .acknowledged = on_acknowledged,
    .peer_finished = on_peer_finished,
    .closed = on_closed,
};

static bool on_accepted(void *owner, LzTcpSocket *socket)
{
    Script *script = outside_verb(owner);
    if (script->refuses) {
        return false;
    }
    script->socket = socket;
    lz_tcp_socket_adopt(socket, &events, script);
    return true;
}

/* ---- the script ---- */

static void catch(LzElement *element, LzPacket *packet)
{
    Script *script = (Script *)(void *)((char *)element - G_STRUCT_OFFSET(Script, output));
    packet->queued_ns = lz_now(script->scheduler);
    g_queue_push_tail(&script->out, packet);
}

static const LzElementOps catch_ops = {.receive = catch};

static LzTcpOptions test_options(void)
{
    LzTcpOptions options = lz_tcp_options_default;
    options.mss = MSS;
    return options;
}

static void script_init(Script *script, const LzTcpOptions *options)
{
    *script = (Script){
        .scheduler = lz_scheduler_new(),
        .pool = lz_packet_pool_new(),
        .output = {.ops = &catch_ops},
        .local_port = LOCAL_PORT,
        .peer_port = PEER_PORT,
    };
    g_queue_init(&script->out);
    LzEnv env = {.scheduler = script->scheduler, .packets = script->pool, .seed = 1, .entity = lz_entity_id("host")};
    script->tcp = lz_tcp_new(&env, HOST, &script->output, options, NULL);
}

/* The pool asserts that every packet was freed. */
static void script_clear(Script *script)
{
    lz_tcp_free(script->tcp);
    LzPacket *packet;
    while ((packet = g_queue_pop_head(&script->out))) {
        lz_packet_free(script->pool, packet);
    }
    lz_packet_pool_free(script->pool);
    lz_scheduler_free(script->scheduler);
}

static void run_to(Script *script, LzTime time_ns)
{
    while (lz_scheduler_step(script->scheduler, time_ns)) {
    }
}

static void run_for(Script *script, LzTime time_ns)
{
    run_to(script, lz_now(script->scheduler) + time_ns);
}

static LzPacket *make(Script *script, unsigned flags, uint32_t seq, uint32_t ack, uint16_t window, uint32_t size)
{
    LzPacket *packet = lz_packet_new(script->pool);
    packet->source = PEER;
    packet->destination = HOST;
    packet->source_port = script->peer_port;
    packet->destination_port = script->local_port;
    packet->protocol = LZ_IP_TCP;
    packet->tcp_flags = (uint8_t)flags;
    packet->sequence = PEER_INITIAL + seq;
    packet->acknowledgement = flags & ACK ? script->initial + ack : 0;
    packet->window = window;
    if (flags & SYN) {
        packet->mss = MSS;
    }
    if (size > 0) {
        packet->payload = lz_buffer_new(size);
        packet->payload_size = size;
        for (uint32_t i = 0; i < size; i++) {
            packet->payload->data[i] = (uint8_t)(seq - 1 + i);
        }
    }
    lz_packet_set_wire_bytes(packet);
    return packet;
}

static void arrive(Script *script, unsigned flags, uint32_t seq, uint32_t ack, uint16_t window, uint32_t size)
{
    lz_tcp_receive(script->tcp, make(script, flags, seq, ack, window, size));
    run_to(script, lz_now(script->scheduler));
}

static void arrive_sack(Script *script, uint32_t ack, uint32_t left, uint32_t right)
{
    LzPacket *packet = make(script, ACK, 1, ack, WINDOW, 0);
    packet->sack_count = 1;
    packet->sack[0].left = script->initial + left;
    packet->sack[0].right = script->initial + right;
    lz_tcp_receive(script->tcp, packet);
    run_to(script, lz_now(script->scheduler));
}

/* The next packet that the stack sent; the caller frees it with done(). */
static LzPacket *take(Script *script)
{
    LzPacket *packet = g_queue_pop_head(&script->out);
    g_assert_nonnull(packet);
    return packet;
}

static void done(Script *script, LzPacket *packet)
{
    lz_packet_free(script->pool, packet);
}

static void expect(Script *script, unsigned flags, uint32_t seq, uint32_t ack, uint32_t size)
{
    LzPacket *packet = take(script);
    g_assert_cmphex(packet->tcp_flags & ~(unsigned)PSH, ==, flags);
    if (flags & SYN) {
        script->initial = packet->sequence;
        script->local_port = packet->source_port;
    }
    g_assert_cmpuint(packet->sequence - script->initial, ==, seq);
    if (flags & ACK) {
        g_assert_cmpuint(packet->acknowledgement - PEER_INITIAL, ==, ack);
    }
    g_assert_cmpuint(packet->payload_size, ==, size);
    for (uint32_t i = 0; i < size; i++) {
        g_assert_cmpuint(lz_packet_payload(packet)[i], ==, (uint8_t)(seq - 1 + i));
    }
    done(script, packet);
}

static void expect_at(Script *script, LzTime at_ns, unsigned flags, uint32_t seq, uint32_t ack, uint32_t size)
{
    const LzPacket *packet = g_queue_peek_head(&script->out);
    g_assert_nonnull(packet);
    g_assert_cmpint(packet->queued_ns, ==, at_ns);
    expect(script, flags, seq, ack, size);
}

static void expect_nothing(Script *script)
{
    g_assert_cmpuint(g_queue_get_length(&script->out), ==, 0);
}

/* The stack's bytes count up from its first too. */
static void send_bytes(Script *script, uint32_t seq, uint32_t size)
{
    LzBuffer *buffer = lz_buffer_new(size);
    for (uint32_t i = 0; i < size; i++) {
        buffer->data[i] = (uint8_t)(seq - 1 + i);
    }
    script->is_in_verb = true;
    lz_tcp_send(script->socket, buffer, 0, size);
    script->is_in_verb = false;
    lz_buffer_unref(buffer);
    run_to(script, lz_now(script->scheduler));
}

static void connect(Script *script)
{
    script->is_in_verb = true;
    script->socket = lz_tcp_connect(script->tcp, PEER, PEER_PORT, 10, &events, script);
    script->is_in_verb = false;
}

/* Handshake with a round trip of rtt_ns; the peer offers SACK or not. */
static void open_actively(Script *script, LzTime rtt_ns, bool has_sack)
{
    connect(script);
    expect(script, SYN, 0, 0, 0);
    run_for(script, rtt_ns);
    LzPacket *packet = make(script, SYN | ACK, 0, 1, WINDOW, 0);
    packet->sack_permitted = has_sack;
    lz_tcp_receive(script->tcp, packet);
    expect(script, ACK, 1, 1, 0);
    g_assert_cmpuint(script->connected, ==, 1);
}

static void listen(Script *script, unsigned backlog)
{
    lz_tcp_listen(script->tcp, LOCAL_PORT, backlog, on_accepted, script);
}

static void open_passively(Script *script)
{
    listen(script, 8);
    arrive(script, SYN, 0, 0, WINDOW, 0);
    expect(script, SYN | ACK, 0, 1, 0);
    arrive(script, ACK, 1, 1, WINDOW, 0);
    g_assert_nonnull(script->socket);
}

static void finish(Script *script)
{
    script->is_in_verb = true;
    lz_tcp_close(script->socket);
    script->is_in_verb = false;
    run_to(script, lz_now(script->scheduler));
}

/* Declares the options, changes some of them, declares and starts a script. */
#define SCRIPT(name, ...)                                                                                              \
    LzTcpOptions options = test_options();                                                                             \
    __VA_ARGS__;                                                                                                       \
    Script name##_;                                                                                                    \
    Script *name = &name##_;                                                                                           \
    script_init(name, &options)

/* ---- opening ---- */

static void test_active_open(void)
{
    SCRIPT(s, (void)options);
    connect(s);
    LzPacket *syn = g_queue_peek_head(&s->out);
    g_assert_cmpuint(syn->mss, ==, MSS);
    g_assert_cmpuint(syn->tcp_window_scale, ==, options.window_scale + 1);
    g_assert_true(syn->sack_permitted);
    g_assert_cmpuint(syn->window, ==, 65535);
    g_assert_cmpuint(syn->dscp, ==, 10);
    expect_at(s, 0, SYN, 0, 0, 0);
    run_for(s, LZ_MILLISECONDS(20));
    arrive(s, SYN | ACK, 0, 1, WINDOW, 0);
    expect_at(s, LZ_MILLISECONDS(20), ACK, 1, 1, 0);
    g_assert_cmpuint(s->connected, ==, 1);
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 1);
    run_for(s, LZ_SECONDS(300));        /* an idle connection is silent */
    expect_nothing(s);
    script_clear(s);
}

/* Linux tcp_syn_retries: 1, 2, 4, 8, 16, 32 s between the tries, given up after 127 s. */
static void test_syn_retries(void)
{
    SCRIPT(s, (void)options);
    connect(s);
    static const int seconds[] = {0, 1, 3, 7, 15, 31, 63};
    run_to(s, LZ_SECONDS(127) - 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(seconds); i++) {
        expect_at(s, LZ_SECONDS(seconds[i]), SYN, 0, 0, 0);
    }
    expect_nothing(s);
    g_assert_cmpuint(s->closed, ==, 0);
    run_to(s, LZ_SECONDS(127));
    g_assert_cmpuint(s->closed, ==, 1);
    g_assert_cmpint(s->reason, ==, LZ_TCP_CLOSED_TIMEOUT);
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 0);
    script_clear(s);
}

static void test_connection_refused(void)
{
    SCRIPT(s, (void)options);
    connect(s);
    expect(s, SYN, 0, 0, 0);
    arrive(s, RST | ACK, 0, 7, 0, 0);   /* acknowledges nothing of ours: ignored */
    g_assert_cmpuint(s->closed, ==, 0);
    arrive(s, RST | ACK, 0, 1, 0, 0);
    g_assert_cmpuint(s->closed, ==, 1);
    g_assert_cmpint(s->reason, ==, LZ_TCP_CLOSED_RESET);
    expect_nothing(s);
    script_clear(s);
}

/* RFC 9293 3.5, figure 8. */
static void test_simultaneous_open(void)
{
    SCRIPT(s, (void)options);
    connect(s);
    expect(s, SYN, 0, 0, 0);
    arrive(s, SYN, 0, 0, WINDOW, 0);
    expect(s, SYN | ACK, 0, 1, 0);
    arrive(s, SYN | ACK, 0, 1, WINDOW, 0);
    g_assert_cmpuint(s->connected, ==, 1);
    send_bytes(s, 1, 100);
    expect(s, ACK, 1, 1, 100);
    script_clear(s);
}

static void test_passive_open(void)
{
    SCRIPT(s, (void)options);
    open_passively(s);
    g_assert_cmpuint(lz_tcp_peer_address(s->socket), ==, PEER);
    g_assert_cmpuint(lz_tcp_peer_port(s->socket), ==, PEER_PORT);
    g_assert_cmpuint(lz_tcp_local_port(s->socket), ==, LOCAL_PORT);
    expect_nothing(s);
    script_clear(s);
}

/* Linux tcp_synack_retries: the half-open connection is forgotten after 63 s. */
static void test_syn_ack_retries(void)
{
    SCRIPT(s, (void)options);
    listen(s, 8);
    arrive(s, SYN, 0, 0, WINDOW, 0);
    static const int seconds[] = {0, 1, 3, 7, 15, 31};
    run_to(s, LZ_SECONDS(63) - 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(seconds); i++) {
        expect_at(s, LZ_SECONDS(seconds[i]), SYN | ACK, 0, 1, 0);
    }
    expect_nothing(s);
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 1);
    run_to(s, LZ_SECONDS(63));
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 0);
    script_clear(s);
}

static void test_backlog(void)
{
    SCRIPT(s, (void)options);
    listen(s, 2);
    for (uint16_t i = 0; i < 3; i++) {
        s->peer_port = (uint16_t)(PEER_PORT + i);
        arrive(s, SYN, 0, 0, WINDOW, 0);
    }
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->syn_dropped, ==, 1);
    g_assert_cmpuint(g_queue_get_length(&s->out), ==, 2);
    s->peer_port = PEER_PORT;
    expect(s, SYN | ACK, 0, 1, 0);
    arrive(s, ACK, 1, 1, WINDOW, 0);    /* one is complete: room for the third */
    g_assert_nonnull(s->socket);
    s->peer_port = PEER_PORT + 2;
    arrive(s, SYN, 0, 0, WINDOW, 0);
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->syn_dropped, ==, 1);
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 3);
    lz_tcp_unlisten(s->tcp, LOCAL_PORT);
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 1);
    script_clear(s);
}

static void test_refused_by_application(void)
{
    SCRIPT(s, (void)options);
    s->refuses = true;
    listen(s, 8);
    arrive(s, SYN, 0, 0, WINDOW, 0);
    expect(s, SYN | ACK, 0, 1, 0);
    arrive(s, ACK, 1, 1, WINDOW, 0);
    expect(s, RST | ACK, 1, 1, 0);
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 0);
    script_clear(s);
}

static void test_unknown_port_is_reset(void)
{
    SCRIPT(s, (void)options);
    arrive(s, SYN, 0, 0, WINDOW, 0);
    LzPacket *packet = take(s);
    g_assert_cmphex(packet->tcp_flags, ==, RST | ACK);
    g_assert_cmpuint(packet->sequence, ==, 0);
    g_assert_cmpuint(packet->acknowledgement, ==, PEER_INITIAL + 1);
    done(s, packet);
    arrive(s, ACK, 5, 77, WINDOW, 10);
    packet = take(s);
    g_assert_cmphex(packet->tcp_flags, ==, RST);
    g_assert_cmpuint(packet->sequence, ==, s->initial + 77);
    done(s, packet);
    arrive(s, RST, 5, 0, 0, 0);
    expect_nothing(s);
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->resets_out, ==, 2);
    script_clear(s);
}

/* ---- data out ---- */

static void test_send_and_acknowledge(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 2500);
    expect(s, ACK, 1, 1, 1000);
    expect(s, ACK, 1001, 1, 1000);
    expect(s, ACK, 2001, 1, 500);
    g_assert_cmpuint(s->sent_end, ==, 2500);
    g_assert_cmpuint(lz_tcp_unacknowledged(s->socket), ==, 2500);
    arrive(s, ACK, 1, 2001, WINDOW, 0);
    g_assert_cmpuint(s->acknowledged_end, ==, 2000);
    arrive(s, ACK, 1, 2501, WINDOW, 0);
    g_assert_cmpuint(lz_tcp_unacknowledged(s->socket), ==, 0);
    arrive(s, ACK, 1, 9999, WINDOW, 0);         /* never sent: answered, not believed */
    expect(s, ACK, 2501, 1, 0);
    expect_nothing(s);
    script_clear(s);
}

/* RFC 6928: ten segments, then one more for every one that is acknowledged, plus slow start. */
static void test_initial_window(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 40000);
    for (uint32_t i = 0; i < 10; i++) {
        expect(s, ACK, 1 + 1000 * i, 1, 1000);
    }
    expect_nothing(s);
    arrive(s, ACK, 1, 1001, WINDOW, 0);
    expect(s, ACK, 10001, 1, 1000);
    expect(s, ACK, 11001, 1, 1000);
    expect_nothing(s);
    script_clear(s);
}

static void test_small_writes_are_gathered(void)
{
    SCRIPT(s, options.is_nagle = true);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 10);
    expect(s, ACK, 1, 1, 10);
    send_bytes(s, 11, 10);              /* RFC 9293 3.7.4: waits for the acknowledgement */
    send_bytes(s, 21, 10);
    expect_nothing(s);
    arrive(s, ACK, 1, 11, WINDOW, 0);
    expect(s, ACK, 11, 1, 20);
    script_clear(s);
}

static void test_without_nagle(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 10);
    send_bytes(s, 11, 10);
    expect(s, ACK, 1, 1, 10);
    expect(s, ACK, 11, 1, 10);
    script_clear(s);
}

static void test_peer_without_options(void)
{
    SCRIPT(s, (void)options);
    connect(s);
    expect(s, SYN, 0, 0, 0);
    LzPacket *packet = make(s, SYN | ACK, 0, 1, WINDOW, 0);
    packet->mss = 0;                    /* RFC 9293 3.7.1: 536 */
    lz_tcp_receive(s->tcp, packet);
    LzPacket *ack = take(s);
    g_assert_cmpuint(ack->window, ==, 65535);   /* no window scale agreed */
    done(s, ack);
    send_bytes(s, 1, 1000);
    expect(s, ACK, 1, 1, 536);
    expect(s, ACK, 537, 1, 464);
    script_clear(s);
}

static void test_window_scale(void)
{
    SCRIPT(s, (void)options);
    connect(s);
    expect(s, SYN, 0, 0, 0);
    LzPacket *packet = make(s, SYN | ACK, 0, 1, 5000, 0);
    packet->tcp_window_scale = 5;       /* shift 4 */
    lz_tcp_receive(s->tcp, packet);
    LzPacket *ack = take(s);
    g_assert_cmpuint(ack->window, ==, options.receive_window_bytes >> options.window_scale);
    done(s, ack);
    send_bytes(s, 1, 9000);             /* in the SYN the window is not scaled */
    g_assert_cmpuint(g_queue_get_length(&s->out), ==, 5);
    arrive(s, ACK, 1, 1, 500, 0);       /* now it is: 8000 */
    g_assert_cmpuint(g_queue_get_length(&s->out), ==, 8);
    script_clear(s);
}

/* ---- time-outs ---- */

/* RTT 20 ms: SRTT + max(200 ms, 4 x 10 ms) = 220 ms, doubled each time (RFC 6298 5.5). */
static void test_retransmission_timeout(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 3000);
    for (uint32_t i = 0; i < 3; i++) {
        expect(s, ACK, 1 + 1000 * i, 1, 1000);
    }
    LzTime start_ns = LZ_MILLISECONDS(20);
    run_to(s, start_ns + LZ_MILLISECONDS(220 + 440 + 880));
    expect_at(s, start_ns + LZ_MILLISECONDS(220), ACK, 1, 1, 1000);
    expect_at(s, start_ns + LZ_MILLISECONDS(660), ACK, 1, 1, 1000);
    expect_at(s, start_ns + LZ_MILLISECONDS(1540), ACK, 1, 1, 1000);
    expect_nothing(s);
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->timeouts, ==, 3);
    arrive(s, ACK, 1, 1001, WINDOW, 0);         /* slow start from one segment */
    expect(s, ACK, 1001, 1, 1000);
    expect(s, ACK, 2001, 1, 1000);
    arrive(s, ACK, 1, 3001, WINDOW, 0);
    g_assert_cmpuint(s->acknowledged_end, ==, 3000);
    script_clear(s);
}

static void test_give_up_data(void)
{
    SCRIPT(s, options.data_retries = 3);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 10);
    run_to(s, LZ_MILLISECONDS(20 + 220 * 15) - 1);
    g_assert_cmpuint(g_queue_get_length(&s->out), ==, 4);
    g_assert_cmpuint(s->closed, ==, 0);
    run_for(s, 1);
    g_assert_cmpuint(s->closed, ==, 1);
    g_assert_cmpint(s->reason, ==, LZ_TCP_CLOSED_TIMEOUT);
    script_clear(s);
}

/* RFC 6298 5.7, and RFC 6928 2: one lost SYN leaves the initial window as it is. */
static void test_after_syn_timeout(void)
{
    SCRIPT(s, (void)options);
    connect(s);
    expect(s, SYN, 0, 0, 0);
    run_to(s, LZ_MILLISECONDS(1020));
    expect_at(s, LZ_SECONDS(1), SYN, 0, 0, 0);
    arrive(s, SYN | ACK, 0, 1, WINDOW, 0);
    expect(s, ACK, 1, 1, 0);
    send_bytes(s, 1, 12000);
    for (uint32_t i = 0; i < 10; i++) {
        expect(s, ACK, 1 + 1000 * i, 1, 1000);
    }
    expect_nothing(s);
    run_to(s, LZ_MILLISECONDS(4020));
    expect_at(s, LZ_MILLISECONDS(4020), ACK, 1, 1, 1000);
    script_clear(s);
}

/* ---- loss ---- */

/* RFC 3042 and RFC 5681 3.2, without SACK: the third duplicate retransmits, partial ACKs go on (RFC 6582). */
static void test_fast_retransmit_newreno(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), false);
    send_bytes(s, 1, 20000);
    for (uint32_t i = 0; i < 10; i++) {
        expect(s, ACK, 1 + 1000 * i, 1, 1000);
    }
    arrive(s, ACK, 1, 1, WINDOW, 0);            /* segments 1 and 5 are lost */
    expect(s, ACK, 10001, 1, 1000);
    arrive(s, ACK, 1, 1, WINDOW, 0);
    expect(s, ACK, 11001, 1, 1000);
    expect_nothing(s);
    arrive(s, ACK, 1, 1, WINDOW, 0);
    expect(s, ACK, 1, 1, 1000);
    expect_nothing(s);
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->fast_recoveries, ==, 1);
    arrive(s, ACK, 1, 4001, WINDOW, 0);         /* partial: the next hole at once */
    expect(s, ACK, 4001, 1, 1000);
    arrive(s, ACK, 1, 12001, WINDOW, 0);        /* full: window is half of the ten segments */
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->retransmitted, ==, 2);
    g_assert_cmpuint(g_queue_get_length(&s->out), ==, 2);
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->timeouts, ==, 0);
    script_clear(s);
}

/* RFC 6675: the scoreboard names both holes, so both are filled before any cumulative ACK. */
static void test_sack_recovery(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 10000);
    for (uint32_t i = 0; i < 10; i++) {
        expect(s, ACK, 1 + 1000 * i, 1, 1000);
    }
    arrive_sack(s, 1, 1001, 2001);              /* 0 and 4 are lost */
    arrive_sack(s, 1, 1001, 3001);
    expect_nothing(s);
    arrive_sack(s, 1, 1001, 4001);
    expect(s, ACK, 1, 1, 1000);                 /* DupThresh */
    arrive_sack(s, 1, 5001, 6001);
    arrive_sack(s, 1, 5001, 7001);
    expect_nothing(s);                          /* 4 is not yet lost: two segments above it */
    arrive_sack(s, 1, 5001, 8001);
    arrive_sack(s, 1, 5001, 9001);
    expect(s, ACK, 4001, 1, 1000);
    arrive(s, ACK, 1, 4001, WINDOW, 0);
    arrive(s, ACK, 1, 10001, WINDOW, 0);
    g_assert_cmpuint(s->acknowledged_end, ==, 10000);
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->timeouts, ==, 0);
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->fast_recoveries, ==, 1);
    script_clear(s);
}

/* RFC 6937: while the window comes down, data goes on leaving, ten segments for every twenty-two that arrive; the plain
 * rule of RFC 6675 would be silent until half the flight had. */
static void test_proportional_reduction(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 60000);
    for (uint32_t i = 0; i < 10; i++) {
        expect(s, ACK, 1 + 1000 * i, 1, 1000);
    }
    for (uint32_t i = 0; i < 10; i++) {         /* slow start to twenty */
        arrive(s, ACK, 1, 1001 + 1000 * i, WINDOW, 0);
        expect(s, ACK, 10001 + 2000 * i, 1, 1000);
        expect(s, ACK, 11001 + 2000 * i, 1, 1000);
    }
    arrive_sack(s, 10001, 11001, 12001);        /* the first of the twenty is lost; RFC 3042 twice */
    expect(s, ACK, 30001, 1, 1000);
    arrive_sack(s, 10001, 11001, 13001);
    expect(s, ACK, 31001, 1, 1000);
    arrive_sack(s, 10001, 11001, 14001);        /* recovery: threshold ten, flight twenty-two */
    expect(s, ACK, 10001, 1, 1000);
    for (uint32_t delivered = 2; delivered <= 11; delivered++) {
        arrive_sack(s, 10001, 11001, 13001 + 1000 * delivered);
        if (delivered >= 5 && delivered % 2 == 1) {
            expect(s, ACK, 32001 + 1000 * (delivered - 5) / 2, 1, 1000);
        }
        expect_nothing(s);
    }
    g_assert_cmpuint(lz_tcp_stats(s->tcp)->timeouts, ==, 0);
    script_clear(s);
}

/* ---- data in ---- */

static void test_delayed_ack(void)
{
    SCRIPT(s, (void)options);
    open_passively(s);
    arrive(s, ACK, 1, 1, WINDOW, 1000);
    g_assert_cmpuint(s->received_bytes, ==, 1000);
    expect_nothing(s);
    run_to(s, LZ_MILLISECONDS(40));
    expect_at(s, LZ_MILLISECONDS(40), ACK, 1, 1001, 0);
    arrive(s, ACK, 1001, 1, WINDOW, 1000);      /* every second full segment at once */
    arrive(s, ACK, 2001, 1, WINDOW, 1000);
    expect_at(s, LZ_MILLISECONDS(40), ACK, 1, 3001, 0);
    run_for(s, LZ_SECONDS(1));
    expect_nothing(s);
    arrive(s, ACK, 3001, 1, WINDOW, 10);        /* data going back carries the acknowledgement */
    send_bytes(s, 1, 5);
    expect(s, ACK, 1, 3011, 5);
    arrive(s, ACK, 3011, 6, WINDOW, 0);
    run_for(s, LZ_SECONDS(1));
    expect_nothing(s);
    script_clear(s);
}

static void expect_sack(Script *script, uint32_t ack, unsigned count, const uint32_t *blocks)
{
    LzPacket *packet = take(script);
    g_assert_cmpuint(packet->acknowledgement - PEER_INITIAL, ==, ack);
    g_assert_cmpuint(packet->sack_count, ==, count);
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmpuint(packet->sack[i].left - PEER_INITIAL, ==, blocks[2 * i]);
        g_assert_cmpuint(packet->sack[i].right - PEER_INITIAL, ==, blocks[2 * i + 1]);
    }
    done(script, packet);
}

/* RFC 2018 4: the block of the segment just received first, then the most recent others. */
static void test_out_of_order(void)
{
    SCRIPT(s, (void)options);
    listen(s, 8);
    LzPacket *syn = make(s, SYN, 0, 0, WINDOW, 0);
    syn->sack_permitted = true;
    lz_tcp_receive(s->tcp, syn);
    expect(s, SYN | ACK, 0, 1, 0);
    arrive(s, ACK, 1, 1, WINDOW, 0);
    arrive(s, ACK, 1001, 1, WINDOW, 1000);
    expect_sack(s, 1, 1, (const uint32_t[]){1001, 2001});
    arrive(s, ACK, 3001, 1, WINDOW, 1000);
    expect_sack(s, 1, 2, (const uint32_t[]){3001, 4001, 1001, 2001});
    arrive(s, ACK, 5001, 1, WINDOW, 1000);
    expect_sack(s, 1, 3, (const uint32_t[]){5001, 6001, 3001, 4001, 1001, 2001});
    arrive(s, ACK, 2001, 1, WINDOW, 1000);      /* joins two */
    expect_sack(s, 1, 2, (const uint32_t[]){1001, 4001, 5001, 6001});
    arrive(s, ACK, 2001, 1, WINDOW, 1000);      /* a duplicate */
    expect_sack(s, 1, 2, (const uint32_t[]){1001, 4001, 5001, 6001});
    g_assert_cmpuint(s->received_bytes, ==, 0);
    arrive(s, ACK, 1, 1, WINDOW, 1500);         /* fills the first hole and overlaps */
    expect_sack(s, 4001, 1, (const uint32_t[]){5001, 6001});
    g_assert_cmpuint(s->received_bytes, ==, 4000);
    arrive(s, ACK, 3501, 1, WINDOW, 1500);      /* partly old */
    expect_sack(s, 6001, 0, NULL);
    g_assert_cmpuint(s->received_bytes, ==, 6000);
    arrive(s, ACK, 1, 1, WINDOW, 1000);         /* wholly old: acknowledged again */
    expect_sack(s, 6001, 0, NULL);
    expect_nothing(s);
    script_clear(s);
}

/* ---- flow control ---- */

static void test_zero_window_of_the_peer(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    LzTime start_ns = LZ_MILLISECONDS(20);
    send_bytes(s, 1, 2000);
    expect(s, ACK, 1, 1, 1000);
    expect(s, ACK, 1001, 1, 1000);
    arrive(s, ACK, 1, 2001, 0, 0);
    send_bytes(s, 2001, 500);
    expect_nothing(s);
    LzTime rto_ns = LZ_MILLISECONDS(200) + LZ_MILLISECONDS(35) / 2;     /* samples 20 ms and 0: SRTT 17.5 ms */
    run_to(s, start_ns + 3 * rto_ns);
    expect_at(s, start_ns + rto_ns, ACK, 2000, 1, 0);           /* RFC 9293 3.8.6.1, as Linux probes */
    expect_at(s, start_ns + 3 * rto_ns, ACK, 2000, 1, 0);
    arrive(s, ACK, 1, 2001, 0, 0);
    expect_nothing(s);
    arrive(s, ACK, 1, 2001, 300, 0);            /* nothing is under way: what fits is sent */
    expect(s, ACK, 2001, 1, 300);
    arrive(s, ACK, 1, 2301, 4000, 0);
    expect(s, ACK, 2301, 1, 200);
    arrive(s, ACK, 1, 2501, 4000, 0);
    run_for(s, LZ_SECONDS(60));
    expect_nothing(s);
    g_assert_cmpuint(s->closed, ==, 0);
    script_clear(s);
}

static void test_unread_bytes_close_our_window(void)
{
    SCRIPT(s, options.receive_window_bytes = 4000);
    open_passively(s);
    uint32_t seq = 1;
    for (unsigned i = 0; i < 4; i++, seq += 1000) {
        lz_tcp_set_unread(s->socket, 1000 * i + 1000);
        arrive(s, ACK, seq, 1, WINDOW, 1000);
    }
    run_for(s, LZ_SECONDS(1));
    LzPacket *last = NULL;
    while (!g_queue_is_empty(&s->out)) {
        if (last) {
            done(s, last);
        }
        last = take(s);
    }
    g_assert_cmpuint(last->acknowledgement - PEER_INITIAL, ==, 4001);
    g_assert_cmpuint(last->window, ==, 0);
    done(s, last);
    arrive(s, ACK, 4001, 1, WINDOW, 10);        /* beyond the window: refused, acknowledged */
    g_assert_cmpuint(s->received_bytes, ==, 4000);
    expect(s, ACK, 1, 4001, 0);
    arrive(s, ACK, 4000, 1, WINDOW, 0);         /* a probe is answered */
    expect(s, ACK, 1, 4001, 0);
    lz_tcp_set_unread(s->socket, 3500);         /* too small a step for a window update */
    expect_nothing(s);
    lz_tcp_set_unread(s->socket, 2000);
    LzPacket *update = take(s);
    g_assert_cmpuint(update->window, ==, 2000);
    done(s, update);
    script_clear(s);
}

/* ---- closing ---- */

static void test_active_close(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 100);
    expect(s, ACK, 1, 1, 100);
    finish(s);
    expect(s, FIN | ACK, 101, 1, 0);
    arrive(s, ACK, 1, 102, WINDOW, 0);
    arrive(s, ACK, 1, 102, WINDOW, 500);        /* half-closed: the peer may still send */
    g_assert_cmpuint(s->received_bytes, ==, 500);
    arrive(s, FIN | ACK, 501, 102, WINDOW, 0);
    expect(s, ACK, 102, 502, 0);
    g_assert_cmpuint(s->finished, ==, 1);
    g_assert_cmpuint(s->closed, ==, 1);
    g_assert_cmpint(s->reason, ==, LZ_TCP_CLOSED_LOCAL);
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 0);
    run_for(s, LZ_SECONDS(30));
    arrive(s, FIN | ACK, 501, 102, WINDOW, 0);  /* TIME_WAIT: acknowledged again, starts anew */
    expect(s, ACK, 102, 502, 0);
    run_for(s, LZ_SECONDS(60) - 1);
    arrive(s, ACK, 400, 102, WINDOW, 10);
    expect(s, ACK, 102, 502, 0);
    run_for(s, 1);
    arrive(s, ACK, 502, 102, WINDOW, 0);        /* gone */
    expect(s, RST, 102, 0, 0);
    script_clear(s);
}

static void test_passive_close(void)
{
    SCRIPT(s, (void)options);
    s->must_close_on_finish = true;
    open_passively(s);
    arrive(s, FIN | ACK, 1, 1, WINDOW, 200);
    g_assert_cmpuint(s->received_bytes, ==, 200);
    g_assert_cmpuint(s->finished, ==, 1);
    expect(s, ACK, 1, 202, 0);
    expect(s, FIN | ACK, 1, 202, 0);
    g_assert_cmpuint(s->closed, ==, 0);
    arrive(s, ACK, 202, 2, WINDOW, 0);
    g_assert_cmpuint(s->closed, ==, 1);
    g_assert_cmpint(s->reason, ==, LZ_TCP_CLOSED_PEER);
    script_clear(s);
}

static void test_simultaneous_close(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    finish(s);
    expect(s, FIN | ACK, 1, 1, 0);
    arrive(s, FIN | ACK, 1, 1, WINDOW, 0);      /* it has not seen ours: CLOSING */
    expect(s, ACK, 2, 2, 0);
    g_assert_cmpuint(s->closed, ==, 0);
    arrive(s, ACK, 2, 2, WINDOW, 0);
    g_assert_cmpuint(s->closed, ==, 1);
    g_assert_cmpint(s->reason, ==, LZ_TCP_CLOSED_LOCAL);
    script_clear(s);
}

static void test_fin_is_retransmitted(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    finish(s);
    expect(s, FIN | ACK, 1, 1, 0);
    run_for(s, LZ_MILLISECONDS(220));
    expect(s, FIN | ACK, 1, 1, 0);
    script_clear(s);
}

static void test_fin_out_of_order(void)
{
    SCRIPT(s, (void)options);
    open_passively(s);
    arrive(s, FIN | ACK, 1001, 1, WINDOW, 500);
    g_assert_cmpuint(s->finished, ==, 0);
    expect(s, ACK, 1, 1, 0);
    arrive(s, ACK, 1, 1, WINDOW, 1000);
    g_assert_cmpuint(s->received_bytes, ==, 1500);
    g_assert_cmpuint(s->finished, ==, 1);
    expect(s, ACK, 1, 1502, 0);
    script_clear(s);
}

static void test_reset(void)
{
    SCRIPT(s, (void)options);
    open_passively(s);
    arrive(s, RST, 100, 0, 0, 0);               /* in the window, not in its place: RFC 9293 3.10.7.4 */
    expect(s, ACK, 1, 1, 0);
    g_assert_cmpuint(s->closed, ==, 0);
    arrive(s, SYN, 50, 0, WINDOW, 0);           /* a SYN in the window is questioned too */
    expect(s, ACK, 1, 1, 0);
    arrive(s, RST, 1, 0, 0, 0);
    g_assert_cmpuint(s->closed, ==, 1);
    g_assert_cmpint(s->reason, ==, LZ_TCP_CLOSED_RESET);
    expect_nothing(s);
    script_clear(s);
}

static void test_abort(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    send_bytes(s, 1, 100);
    expect(s, ACK, 1, 1, 100);
    s->is_in_verb = true;
    lz_tcp_abort(s->socket);
    s->is_in_verb = false;
    expect(s, RST | ACK, 101, 1, 0);
    g_assert_cmpuint(s->closed, ==, 0);         /* as an event, not from inside the verb */
    run_for(s, 0);
    g_assert_cmpuint(s->closed, ==, 1);
    g_assert_cmpint(s->reason, ==, LZ_TCP_CLOSED_LOCAL);
    script_clear(s);
}

static void test_orphan_closes_by_itself(void)
{
    SCRIPT(s, (void)options);
    open_actively(s, LZ_MILLISECONDS(20), true);
    lz_tcp_orphan(s->socket);
    expect(s, FIN | ACK, 1, 1, 0);
    arrive(s, ACK, 1, 2, WINDOW, 0);
    arrive(s, ACK, 1, 2, WINDOW, 300);          /* nobody reads it */
    run_for(s, LZ_MILLISECONDS(40));
    expect(s, ACK, 2, 301, 0);
    run_for(s, LZ_SECONDS(60));                 /* FIN_WAIT_2 of an orphan ends */
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 0);
    g_assert_cmpuint(s->closed + s->received_bytes, ==, 0);
    script_clear(s);
}

static void test_power_loss_is_silent(void)
{
    SCRIPT(s, (void)options);
    open_passively(s);
    send_bytes(s, 1, 100);
    expect(s, ACK, 1, 1, 100);
    lz_tcp_reset(s->tcp);
    run_for(s, LZ_SECONDS(1000));
    expect_nothing(s);
    g_assert_cmpuint(s->closed, ==, 0);
    arrive(s, SYN, 0, 0, WINDOW, 0);            /* listeners are forgotten too */
    LzPacket *packet = take(s);
    g_assert_cmphex(packet->tcp_flags, ==, RST | ACK);
    done(s, packet);
    script_clear(s);
}

/* From inside a callback the socket that is on the stack must outlive the call. */
static void test_power_loss_in_a_callback(void)
{
    SCRIPT(s, (void)options);
    s->loses_power_on_data = true;
    open_passively(s);
    send_bytes(s, 1, 100);
    expect(s, ACK, 1, 1, 100);
    arrive(s, FIN | ACK, 1, 101, WINDOW, 500);
    g_assert_cmpuint(s->received_bytes, ==, 500);
    g_assert_cmpuint(s->finished + s->closed, ==, 0);
    expect(s, ACK, 101, 502, 0);        /* went out before the application was told */
    run_for(s, LZ_SECONDS(1000));
    expect_nothing(s);
    g_assert_cmpuint(lz_tcp_open_sockets(s->tcp), ==, 0);
    script_clear(s);
}

static void test_time_wait_reopens(void)
{
    SCRIPT(s, (void)options);
    open_passively(s);
    finish(s);
    expect(s, FIN | ACK, 1, 1, 0);
    arrive(s, FIN | ACK, 1, 2, WINDOW, 0);
    expect(s, ACK, 2, 2, 0);
    g_assert_cmpuint(s->closed, ==, 1);
    LzPacket *syn = make(s, SYN, 5000, 0, WINDOW, 0);
    lz_tcp_receive(s->tcp, syn);
    expect(s, SYN | ACK, 0, 5001, 0);
    script_clear(s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcp/open/active", test_active_open);
    g_test_add_func("/tcp/open/syn-retries", test_syn_retries);
    g_test_add_func("/tcp/open/refused", test_connection_refused);
    g_test_add_func("/tcp/open/simultaneous", test_simultaneous_open);
    g_test_add_func("/tcp/open/passive", test_passive_open);
    g_test_add_func("/tcp/open/syn-ack-retries", test_syn_ack_retries);
    g_test_add_func("/tcp/open/backlog", test_backlog);
    g_test_add_func("/tcp/open/refused-by-application", test_refused_by_application);
    g_test_add_func("/tcp/open/unknown-port", test_unknown_port_is_reset);
    g_test_add_func("/tcp/send/acknowledged", test_send_and_acknowledge);
    g_test_add_func("/tcp/send/initial-window", test_initial_window);
    g_test_add_func("/tcp/send/nagle", test_small_writes_are_gathered);
    g_test_add_func("/tcp/send/no-nagle", test_without_nagle);
    g_test_add_func("/tcp/send/no-options", test_peer_without_options);
    g_test_add_func("/tcp/send/window-scale", test_window_scale);
    g_test_add_func("/tcp/timeout/back-off", test_retransmission_timeout);
    g_test_add_func("/tcp/timeout/give-up", test_give_up_data);
    g_test_add_func("/tcp/timeout/after-syn", test_after_syn_timeout);
    g_test_add_func("/tcp/loss/newreno", test_fast_retransmit_newreno);
    g_test_add_func("/tcp/loss/sack", test_sack_recovery);
    g_test_add_func("/tcp/loss/prr", test_proportional_reduction);
    g_test_add_func("/tcp/receive/delayed-ack", test_delayed_ack);
    g_test_add_func("/tcp/receive/out-of-order", test_out_of_order);
    g_test_add_func("/tcp/flow/zero-window", test_zero_window_of_the_peer);
    g_test_add_func("/tcp/flow/unread", test_unread_bytes_close_our_window);
    g_test_add_func("/tcp/close/active", test_active_close);
    g_test_add_func("/tcp/close/passive", test_passive_close);
    g_test_add_func("/tcp/close/simultaneous", test_simultaneous_close);
    g_test_add_func("/tcp/close/fin-lost", test_fin_is_retransmitted);
    g_test_add_func("/tcp/close/fin-out-of-order", test_fin_out_of_order);
    g_test_add_func("/tcp/close/reset", test_reset);
    g_test_add_func("/tcp/close/abort", test_abort);
    g_test_add_func("/tcp/close/orphan", test_orphan_closes_by_itself);
    g_test_add_func("/tcp/close/power-loss", test_power_loss_is_silent);
    g_test_add_func("/tcp/close/power-loss-in-a-callback", test_power_loss_in_a_callback);
    g_test_add_func("/tcp/close/time-wait-reopens", test_time_wait_reopens);
    return g_test_run();
}
