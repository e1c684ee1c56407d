/* What this machine can do at best, in JSON, so that figures from different machines can be compared: a mutual handshake
 * between bare Mbed TLS contexts, and the barest loop that could be called a network simulation. */
#include <glib.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/bench/bare_handshake.h"

enum { ROUNDS = 3, PAIRS = 60 };

/* ---- the barest loop: devices, three links each way to the server, a copied payload, a 4-ary heap ---- */

enum { SECONDS = 60, HOPS = 3, PAYLOAD_BYTES = 256, ARITY = 4 };

typedef struct Message {
    struct Message *next_free;
    uint32_t device, hop;               /* hop HOPS: delivered */
    uint8_t payload[PAYLOAD_BYTES];
} Message;

typedef struct Entry {
    int64_t at_ns;
    Message *message;                   /* NULL: the device makes its next one */
    uint32_t device;
} Entry;

typedef struct Loop {
    unsigned devices;
    Entry *heap;                        /* room for 4 per device */
    unsigned count;
    int64_t *free_ns[HOPS];             /* when each link has sent what it has */
    Message *spare;
    uint64_t hops, delivered;
} Loop;

static void push(Loop *loop, Entry entry)
{
    unsigned at = loop->count++;
    g_assert_cmpuint(loop->count, <=, 4 * loop->devices);
    while (at > 0 && loop->heap[(at - 1) / ARITY].at_ns > entry.at_ns) {
        loop->heap[at] = loop->heap[(at - 1) / ARITY];
        at = (at - 1) / ARITY;
    }
    loop->heap[at] = entry;
}

static Entry pop(Loop *loop)
{
    Entry top = loop->heap[0], last = loop->heap[--loop->count];
    unsigned at = 0;
    for (unsigned child = 1; child < loop->count; child = ARITY * at + 1) {
        unsigned least = child;
        for (unsigned i = child + 1; i < MIN(child + ARITY, loop->count); i++) {
            least = loop->heap[i].at_ns < loop->heap[least].at_ns ? i : least;
        }
        if (loop->heap[least].at_ns >= last.at_ns) {
            break;
        }
        loop->heap[at] = loop->heap[least];
        at = least;
    }
    loop->heap[at] = last;
    return top;
}

/* Over the message's next link: behind what it sends already, then 100 Mbit/s, 1 Gbit/s, 10 Gbit/s and the way. */
static void send_on(Loop *loop, Message *message, int64_t now_ns)
{
    static const int64_t send_ns[HOPS] = {22880, 2288, 229}, way_ns[HOPS] = {500000, 100000, 50000};
    const unsigned fan_in[HOPS] = {1, 48, loop->devices};
    unsigned hop = message->hop++;
    int64_t *free_ns = &loop->free_ns[hop][message->device / fan_in[hop]];
    *free_ns = MAX(*free_ns, now_ns) + send_ns[hop];
    loop->hops++;
    push(loop, (Entry){.at_ns = *free_ns + way_ns[hop], .message = message, .device = message->device});
}

static Message *message_new(Loop *loop, uint32_t device, const uint8_t *payload)
{
    Message *message = loop->spare;
    if (message) {
        loop->spare = message->next_free;
    } else {
        message = g_new(Message, 1);
    }
    message->device = device;
    message->hop = 0;
    memcpy(message->payload, payload, sizeof message->payload);
    return message;
}

static void fire(Loop *loop, const Entry *entry, const uint8_t *payload)
{
    if (!entry->message) {
        push(loop, (Entry){.at_ns = entry->at_ns + 1000000000, .device = entry->device});
        send_on(loop, message_new(loop, entry->device, payload), entry->at_ns);
    } else if (entry->message->hop < HOPS) {
        send_on(loop, entry->message, entry->at_ns);
    } else {
        loop->delivered++;
        entry->message->next_free = loop->spare;
        loop->spare = entry->message;
    }
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static Loop *loop_new(unsigned devices)
{
    Loop *loop = g_new0(Loop, 1);
    loop->devices = devices;
    loop->heap = g_new0(Entry, 4 * (size_t)devices);
    for (unsigned hop = 0; hop < HOPS; hop++) {
        loop->free_ns[hop] = g_new0(int64_t, devices);
    }
    return loop;
}

static void loop_free(Loop *loop)
{
    for (unsigned i = 0; i < loop->count; i++) {
        g_free(loop->heap[i].message);
    }
    while (loop->spare) {
        Message *message = loop->spare;
        loop->spare = message->next_free;
        g_free(message);
    }
    for (unsigned hop = 0; hop < HOPS; hop++) {
        g_free(loop->free_ns[hop]);
    }
    g_free(loop->heap);
    g_free(loop);
}

static double hop_ns(unsigned devices)
{
    Loop *loop = loop_new(devices);
    static const uint8_t payload[PAYLOAD_BYTES] = {1};
    double from_s = cpu_s();
    for (uint32_t device = 0; device < devices; device++) {
        push(loop, (Entry){.at_ns = (int64_t)device * 7919 % devices * (1000000000 / devices), .device = device});
    }
    while (loop->heap[0].at_ns < INT64_C(1000000000) * SECONDS) {
        Entry entry = pop(loop);
        fire(loop, &entry, payload);
    }
    double spent_s = cpu_s() - from_s;
    g_assert_cmpuint(loop->delivered, >=, (uint64_t)devices * (SECONDS - 1));
    double each_ns = spent_s / (double)loop->hops * 1e9;
    loop_free(loop);
    return each_ns;
}

/* The least of some rounds: other programs only ever add time. */
int main(void)
{
    static const unsigned devices[] = {1000, 10000, 50000};
    double hop[] = {INFINITY, INFINITY, INFINITY}, tls_1_2_s = INFINITY, tls_1_3_s = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(devices); i++) {
            hop[i] = MIN(hop[i], hop_ns(devices[i]));
        }
        tls_1_2_s = MIN(tls_1_2_s, lz_bare_handshake_cpu_s(PAIRS, false));
        tls_1_3_s = MIN(tls_1_3_s, lz_bare_handshake_cpu_s(PAIRS, true));
    }
    printf("{\"bare_hop_ns\": {\"1000\": %.1f, \"10000\": %.1f, \"50000\": %.1f}, "
           "\"bare_handshake_ms\": {\"1.2\": %.4f, \"1.3\": %.4f}}\n",
           hop[0], hop[1], hop[2], tls_1_2_s * 1e3, tls_1_3_s * 1e3);
    return 0;
}
