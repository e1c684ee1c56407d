/* The bytes of a TCP stream arrive as they were sent: in order, each once, unchanged. */
#ifndef SIM_NET_CHECK_STREAM_H
#define SIM_NET_CHECK_STREAM_H

#include "lazaret/packet.h"
#include "sim/core/laws.h"

typedef struct LzStreamCheck LzStreamCheck;

typedef struct LzStreamName {           /* one direction of a connection */
    LzAddress source, destination;
    uint16_t source_port, destination_port;
} LzStreamName;

LzStreamCheck *lz_stream_check_new(LzLaws *laws);
void lz_stream_check_free(LzStreamCheck *check);        /* accepts NULL */
/* A connection begins: what was left of an earlier one of the same name is forgotten. */
void lz_stream_check_begin(LzStreamCheck *check, const LzStreamName *name);
void lz_stream_check_sent(LzStreamCheck *check, const LzStreamName *name, LzBytes bytes);
void lz_stream_check_received(LzStreamCheck *check, const LzStreamName *name, LzBytes bytes);
/* The receiver is gone. */
void lz_stream_check_end(LzStreamCheck *check, const LzStreamName *name);

#endif
