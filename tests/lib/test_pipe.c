#include "tests/lib/test_pipe.h"

static void arm(TestPipe *pipe)
{
    lz_event_cancel(pipe->scheduler, &pipe->arrive);
    if (pipe->first) {
        lz_schedule_at(pipe->scheduler, &pipe->arrive, pipe->first->queued_ns);
    }
}

static void insert(TestPipe *pipe, LzPacket *packet, LzTime arrival_ns)
{
    LzPacket **place = &pipe->first;
    packet->queued_ns = arrival_ns;
    while (*place && (*place)->queued_ns <= arrival_ns) {
        place = &(*place)->next;
    }
    packet->next = *place;
    *place = packet;
    arm(pipe);
}

static void arrive(void *owner)
{
    TestPipe *pipe = owner;
    LzPacket *packet = pipe->first;
    pipe->first = packet->next;
    arm(pipe);
    pipe->arrived(pipe->receiver, packet);
}

static void receive(LzElement *element, LzPacket *packet)
{
    TestPipe *pipe = (TestPipe *)element;
    TestFate fate = {0};
    if (pipe->decide) {
        fate = pipe->decide(pipe->self, packet, pipe->seen->len);
    }
    LzTime now_ns = lz_now(pipe->scheduler);
    TestSeen seen = {.at_ns = now_ns, .header = *packet};
    g_array_append_val(pipe->seen, seen);
    if (fate.is_lost) {
        lz_packet_free(pipe->packets, packet);
        return;
    }
    if (fate.is_doubled) {
        insert(pipe, lz_packet_clone(pipe->packets, packet), now_ns + pipe->delay_ns);
    }
    insert(pipe, packet, now_ns + pipe->delay_ns + fate.extra_ns);
}

static const LzElementOps ops = {.receive = receive};

void test_pipe_init(TestPipe *pipe, const LzEnv *env, LzTime delay_ns,
                    void (*arrived)(void *receiver, LzPacket *packet), void *receiver)
{
    *pipe = (TestPipe){
        .input = {.ops = &ops},
        .scheduler = env->scheduler,
        .packets = env->packets,
        .delay_ns = delay_ns,
        .arrived = arrived,
        .receiver = receiver,
        .seen = g_array_new(FALSE, FALSE, sizeof(TestSeen)),
    };
    lz_event_init(&pipe->arrive, arrive, pipe);
}

void test_pipe_clear(TestPipe *pipe)
{
    lz_event_cancel(pipe->scheduler, &pipe->arrive);
    while (pipe->first) {
        LzPacket *packet = pipe->first;
        pipe->first = packet->next;
        lz_packet_free(pipe->packets, packet);
    }
    g_array_unref(pipe->seen);
}
