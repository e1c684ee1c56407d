#include "tests/lib/tcp_pair.h"

#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u
#define PORT 8883
#define BACKLOG 1000
#define PIECE_BYTES (1000u * 1460u)

static void to_tcp(void *receiver, LzPacket *packet)
{
    lz_tcp_receive(receiver, packet);
}

static void connected(void *self, LzTcpSocket *socket)
{
    (void)socket;
    TcpPair *pair = self;
    pair->connected_ns = lz_now(pair->scheduler);
}

static void received(void *self, LzTcpSocket *socket, LzBuffer *buffer, uint32_t offset, uint32_t size)
{
    (void)socket;
    (void)buffer;
    (void)offset;
    TcpPair *pair = self;
    pair->received_bytes += size;
    pair->last_byte_ns = lz_now(pair->scheduler);
}

static void peer_finished(void *self, LzTcpSocket *socket)
{
    (void)self;
    lz_tcp_close(socket);
}

static void closed(void *self, LzTcpSocket *socket, LzTcpCloseReason reason)
{
    (void)socket;
    TcpPair *pair = self;
    pair->is_closed = true;
    pair->reason = reason;
}

static const LzTcpEvents events = {
    .connected = connected, .received = received, .peer_finished = peer_finished, .closed = closed,
};

static bool accepted(void *owner, LzTcpSocket *socket)
{
    TcpPair *pair = owner;
    pair->accepted = socket;
    lz_tcp_socket_adopt(socket, &events, pair);
    return true;
}

void tcp_pair_listen(TcpPair *pair)
{
    lz_tcp_listen(pair->server, PORT, BACKLOG, accepted, pair);
}

void tcp_pair_init(TcpPair *pair, LzTime rtt_ns, const LzTcpOptions *client, const LzTcpOptions *server)
{
    *pair = (TcpPair){.scheduler = lz_scheduler_new(), .packets = lz_packet_pool_new()};
    LzEnv env = {.scheduler = pair->scheduler, .packets = pair->packets, .seed = 1, .entity = lz_entity_id("client")};
    pair->client = lz_tcp_new(&env, CLIENT, &pair->to_server.input, client, NULL);
    env.entity = lz_entity_id("server");
    pair->server = lz_tcp_new(&env, SERVER, &pair->to_client.input, server, NULL);
    test_pipe_init(&pair->to_server, &env, rtt_ns / 2, to_tcp, pair->server);
    test_pipe_init(&pair->to_client, &env, rtt_ns / 2, to_tcp, pair->client);
    tcp_pair_listen(pair);
}

void tcp_pair_clear(TcpPair *pair)
{
    lz_tcp_free(pair->client);
    lz_tcp_free(pair->server);
    test_pipe_clear(&pair->to_server);
    test_pipe_clear(&pair->to_client);
    lz_packet_pool_free(pair->packets);
    lz_scheduler_free(pair->scheduler);
}

LzTcpSocket *tcp_pair_connect(TcpPair *pair)
{
    pair->connected_ns = -1;
    pair->is_closed = false;
    pair->socket = lz_tcp_connect(pair->client, SERVER, PORT, 0, &events, pair);
    return pair->socket;
}

void tcp_pair_send(TcpPair *pair, uint64_t bytes)
{
    LzBuffer *buffer = lz_buffer_new((uint32_t)MIN(bytes, PIECE_BYTES));
    for (uint64_t done = 0; done < bytes; done += PIECE_BYTES) {
        lz_tcp_send(pair->socket, buffer, 0, (uint32_t)MIN(bytes - done, PIECE_BYTES));
    }
    lz_buffer_unref(buffer);
}

void tcp_pair_run_for(TcpPair *pair, LzTime duration_ns)
{
    LzTime until_ns = lz_now(pair->scheduler) + duration_ns;
    while (lz_scheduler_step(pair->scheduler, until_ns)) {
    }
}
