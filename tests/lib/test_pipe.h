/* A pipe between two hosts for tests of transports: a fixed delay, and a function that decides the fate of
 * each packet. Remembers the header of all that entered. */
#ifndef TESTS_LIB_TEST_PIPE_H
#define TESTS_LIB_TEST_PIPE_H

#include <glib.h>

#include "lazaret/element.h"
#include "lazaret/env.h"

/* The header of a packet that entered, and when; its payload is not kept. */
typedef struct TestSeen {
    LzTime at_ns;
    LzPacket header;
} TestSeen;

typedef struct TestFate {
    bool is_lost, is_doubled;
    LzTime extra_ns;            /* beyond the pipe's delay; packets overtake each other */
} TestFate;

typedef struct TestPipe {
    LzElement input;
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzTime delay_ns;
    TestFate (*decide)(void *self, const LzPacket *packet, unsigned index);     /* NULL: all arrive */
    void *self;
    void (*arrived)(void *receiver, LzPacket *packet);
    void *receiver;
    LzPacket *first;            /* under way, by arrival; arrival time in queued_ns */
    LzEvent arrive;
    GArray *seen;               /* TestSeen */
} TestPipe;

void test_pipe_init(TestPipe *pipe, const LzEnv *env, LzTime delay_ns,
                    void (*arrived)(void *receiver, LzPacket *packet), void *receiver);
void test_pipe_clear(TestPipe *pipe);

#endif
