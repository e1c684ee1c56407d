/* Two TCP stacks and a pipe each way between them, for tests of what TCP does in which time. */
#ifndef TESTS_LIB_TCP_PAIR_H
#define TESTS_LIB_TCP_PAIR_H

#include "sim/core/scheduler.h"
#include "sim/net/packet.h"
#include "sim/net/tcp.h"
#include "tests/lib/test_pipe.h"

typedef struct TcpPair {
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzTcp *client, *server;
    TestPipe to_server, to_client;
    LzTcpSocket *socket;                /* the client's */
    LzTcpSocket *accepted;              /* the server's latest */
    LzTime connected_ns, last_byte_ns;
    uint64_t received_bytes;            /* by either end */
    bool is_closed;                     /* one end was told so */
    LzTcpCloseReason reason;
} TcpPair;

/* Both options are borrowed. */
void tcp_pair_init(TcpPair *pair, LzTime rtt_ns, const LzTcpOptions *client, const LzTcpOptions *server);
void tcp_pair_clear(TcpPair *pair);
void tcp_pair_listen(TcpPair *pair);            /* init did it; after lz_tcp_reset(pair->server) */
LzTcpSocket *tcp_pair_connect(TcpPair *pair);
/* The client sends so many bytes, all zero, in pieces of whole segments of 1460 bytes. */
void tcp_pair_send(TcpPair *pair, uint64_t bytes);
void tcp_pair_run_for(TcpPair *pair, LzTime duration_ns);

#endif
