#include "tests/lib/dtls_pipe.h"

#include <string.h>

typedef struct Flying {
    LzTime at_ns;
    bool is_from_server;
    LzBuffer *bytes;
} Flying;

LzTlsLab lz_test_dtls_lab(LzKeyType key)
{
    LzTlsLab lab = lz_test_tls_lab(LZ_TLS_1_2, key);
    lab.client_options.dtls = lab.server_options.dtls = (LzDtlsOptions){
        .is_datagram = true, .has_cookies = true, .has_connection_id = true,
        .retransmit_ns = LZ_SECONDS(1), .retransmit_max_ns = LZ_SECONDS(60), .mtu_bytes = 1472};
    return lab;
}

static void flying_free(gpointer flying)
{
    lz_buffer_unref(((Flying *)flying)->bytes);
    g_free(flying);
}

static LzDtlsSide side_new(void)
{
    return (LzDtlsSide){.opened_ns = -1, .alert_sent = -1, .alert_received = -1,
                        .received = g_ptr_array_new_with_free_func((GDestroyNotify)lz_buffer_unref),
                        .sent = g_ptr_array_new_with_free_func((GDestroyNotify)lz_buffer_unref)};
}

LzDtlsPipe *lz_test_dtls_pipe(const LzTlsLab *lab, uint32_t connection, LzTlsTicket *ticket)
{
    LzDtlsPipe *pipe = g_new0(LzDtlsPipe, 1);
    pipe->lab = lab;
    pipe->connection = connection;
    pipe->client = side_new();
    pipe->server = side_new();
    pipe->delay_ns = LZ_MILLISECONDS(10);
    pipe->flying = g_ptr_array_new_with_free_func(flying_free);
    pipe->ticket = ticket;
    pipe->key_log = g_string_new(NULL);
    return pipe;
}

void lz_test_dtls_pipe_free(LzDtlsPipe *pipe)
{
    for (unsigned i = 0; i < 2; i++) {
        LzDtlsSide *side = i == 0 ? &pipe->client : &pipe->server;
        lz_tls_endpoint_free(side->endpoint);
        g_ptr_array_unref(side->received);
        g_ptr_array_unref(side->sent);
    }
    g_ptr_array_unref(pipe->flying);
    g_string_free(pipe->key_log, TRUE);
    g_free(pipe);
}

static LzTime wall_ns(const LzDtlsPipe *pipe)
{
    return LZ_TEST_START_S * LZ_NS_PER_S + pipe->now_ns;
}

static void launch(LzDtlsPipe *pipe, bool is_from_server, LzBuffer *datagram)
{
    LzDtlsSide *from = is_from_server ? &pipe->server : &pipe->client;
    unsigned number = from->sent->len;
    g_ptr_array_add(from->sent, lz_buffer_new_copy(datagram->data, datagram->size));
    LzDtlsFate fate = pipe->judge ? pipe->judge(pipe->judge_self, is_from_server, number, datagram) : (LzDtlsFate){0};
    for (unsigned i = 0; !fate.is_lost && i <= fate.copies; i++) {
        Flying *flying = g_new(Flying, 1);
        *flying = (Flying){pipe->now_ns + pipe->delay_ns + fate.later_ns, is_from_server,
                           lz_buffer_new_copy(datagram->data, datagram->size)};
        g_ptr_array_add(pipe->flying, flying);
    }
}

static void note_step(LzDtlsPipe *pipe, LzDtlsSide *side, LzTlsStep *step)
{
    side->state = step->state;
    side->retransmissions += step->retransmissions;
    side->newer += step->has_newer;
    side->has_timed_out |= step->has_timed_out;
    side->alert_sent = MAX(side->alert_sent, step->alert_sent);
    side->alert_received = MAX(side->alert_received, step->alert_received);
    lz_crypto_work_add(&side->work, &step->work);
    if (step->timer_ns != LZ_DTLS_TIMER_AS_BEFORE) {
        side->timer_at_ns = step->timer_ns > 0 ? pipe->now_ns + step->timer_ns : 0;
    }
    if (step->just_opened) {
        side->opened_ns = pipe->now_ns;
    }
    for (guint i = 0; step->messages && i < step->messages->len; i++) {
        g_ptr_array_add(side->received, lz_buffer_ref(g_ptr_array_index(step->messages, i)));
    }
    for (guint i = 0; step->secrets && i < step->secrets->len; i++) {
        g_string_append_printf(pipe->key_log, "%s\n", (const char *)g_ptr_array_index(step->secrets, i));
    }
    for (guint i = 0; step->datagrams && i < step->datagrams->len; i++) {
        launch(pipe, side == &pipe->server, g_ptr_array_index(step->datagrams, i));
    }
    if (step->ticket) {
        lz_tls_ticket_move(pipe->ticket, step->ticket);
    }
    lz_tls_step_clear(step);
}

static void step(LzDtlsPipe *pipe, LzDtlsSide *side)
{
    LzTlsStep step;
    lz_tls_endpoint_step(side->endpoint, wall_ns(pipe), &step);
    note_step(pipe, side, &step);
}

/* A server without an endpoint, that is, without state. */
static void meet(LzDtlsPipe *pipe, LzBytes datagram)
{
    const LzDtlsHello hello = {.address = 0x0a000001, .port = 50000, .datagram = datagram};
    if (!lz_dtls_is_hello(datagram)) {
        return;
    }
    LzCryptoWork work;
    LzBuffer *answer = lz_dtls_answer_hello(pipe->lab->server, &hello, wall_ns(pipe), &work);
    lz_crypto_work_add(&pipe->server.work, &work);
    if (answer) {
        pipe->answered_hellos++;
        launch(pipe, true, answer);
        lz_buffer_unref(answer);
    } else {
        const LzTlsLab *lab = pipe->lab;
        pipe->server.endpoint = lz_tls_endpoint_new(lab->server, lab->client_options.seed, lab->server_options.entity,
                                                    pipe->connection, NULL);
    }
}

void lz_test_dtls_inject(LzDtlsPipe *pipe, LzDtlsSide *to, LzBytes datagram)
{
    if (!to->endpoint && to == &pipe->server) {
        meet(pipe, datagram);
    }
    if (to->endpoint) {
        lz_tls_endpoint_feed(to->endpoint, datagram);
        step(pipe, to);
    }
}

/* The first of those that arrive first; NULL: none. */
static Flying *next_arrival(const LzDtlsPipe *pipe)
{
    Flying *next = NULL;
    for (guint i = 0; i < pipe->flying->len; i++) {
        Flying *flying = g_ptr_array_index(pipe->flying, i);
        next = !next || flying->at_ns < next->at_ns ? flying : next;
    }
    return next;
}

static LzDtlsSide *next_timer(LzDtlsPipe *pipe)
{
    LzDtlsSide *client = &pipe->client, *server = &pipe->server;
    LzDtlsSide *first = client->timer_at_ns > 0 ? client : server;
    if (server->timer_at_ns > 0 && client->timer_at_ns > 0 && server->timer_at_ns < client->timer_at_ns) {
        first = server;
    }
    return first->timer_at_ns > 0 ? first : NULL;
}

static void arrive(LzDtlsPipe *pipe, Flying *flying)
{
    pipe->now_ns = flying->at_ns;
    g_autofree uint8_t *bytes = g_memdup2(flying->bytes->data, flying->bytes->size);
    const LzBytes datagram = {bytes, flying->bytes->size};
    LzDtlsSide *to = flying->is_from_server ? &pipe->client : &pipe->server;
    g_ptr_array_remove(pipe->flying, flying);
    lz_test_dtls_inject(pipe, to, datagram);
}

static void begin(LzDtlsPipe *pipe)
{
    const LzTlsLab *lab = pipe->lab;
    const LzTlsClient client = {.server_name = lab->server_name, .ticket = pipe->ticket,
                                .credential = lab->client_options.is_mutual ? lab->client_credential : NULL};
    pipe->client.endpoint = lz_tls_endpoint_new(lab->client, lab->client_options.seed, lab->client_options.entity,
                                                pipe->connection, &client);
    lz_tls_endpoint_tell_secrets(pipe->client.endpoint);
    step(pipe, &pipe->client);
}

void lz_test_dtls_run(LzDtlsPipe *pipe, LzTime until_ns)
{
    if (!pipe->client.endpoint) {
        begin(pipe);
    }
    for (;;) {
        Flying *flying = next_arrival(pipe);
        LzDtlsSide *timer = next_timer(pipe);
        bool is_arrival = flying && (!timer || flying->at_ns <= timer->timer_at_ns);
        LzTime at_ns = is_arrival ? flying->at_ns : timer ? timer->timer_at_ns : INT64_MAX;
        if (at_ns > until_ns) {
            pipe->now_ns = until_ns;
            return;
        }
        if (is_arrival) {
            arrive(pipe, flying);
        } else {
            pipe->now_ns = at_ns;
            timer->timer_at_ns = 0;
            lz_tls_endpoint_expire(timer->endpoint);
            step(pipe, timer);
        }
    }
}

void lz_test_dtls_write(LzDtlsPipe *pipe, LzDtlsSide *side, const char *message)
{
    LzTlsStep step;
    lz_tls_endpoint_write(side->endpoint, wall_ns(pipe), (LzBytes){(const uint8_t *)message, strlen(message)}, &step);
    note_step(pipe, side, &step);
}

const char *lz_test_dtls_message(const LzDtlsSide *side, unsigned number)
{
    static _Thread_local char text[2048];
    if (number >= side->received->len) {
        return NULL;
    }
    const LzBuffer *buffer = g_ptr_array_index(side->received, number);
    g_assert_cmpuint(buffer->size, <, sizeof text);
    memcpy(text, buffer->data, buffer->size);
    text[buffer->size] = '\0';
    return text;
}
