/* Links and radios (models/links/, models/radios/): how packets cross between the stations of one
 * medium and the network behind it. The engine keeps a queue per station and direction in front of
 * the model and counts everything; the model decides when a packet may go, how long it takes and
 * whether it arrives. A point-to-point link is a medium with one station per host.
 *
 * Flow: packet arrives -> engine queues it -> ops->kick() -> (when the model has an opportunity)
 * lz_link_pull() -> lz_link_deliver() or lz_link_drop(). */
#ifndef LAZARET_LINK_H
#define LAZARET_LINK_H

#include "lazaret/env.h"

typedef struct LzLink LzLink;           /* the engine's side of one medium */

typedef enum { LZ_UP, LZ_DOWN } LzDirection;    /* up: from the station into the network; down: to the station */

typedef struct LzLinkOps {
    /* Zeroed bytes of the model's own for each station and direction, beside the engine's: lz_link_port_state(). */
    size_t port_state_size;
    /* A medium with queues by class of traffic: so many for each station and direction, and which of them takes a
     * packet. In all calls, from kick() to lz_link_busy(), `station` then stands for station * lanes + lane. 0: one. */
    unsigned lanes;
    unsigned (*lane)(const void *state, const LzPacket *packet);
    /* link: for the calls below. env: the medium's. stations: how many may be attached (fixed). */
    void (*init)(void *state, const void *config, LzLink *link, const LzEnv *env, unsigned stations);
    /* The packet, for which the queue is no reason to wait, would go at once: lz_link_pass() and send it, true.
     * False: it will be queued, then kick(). NULL: the model takes every packet from the queue. */
    bool (*offer)(void *state, unsigned station, LzDirection direction, LzPacket *packet);
    /* Something waits at this station and direction: called at each arrival, and when a queue that held a packet back
     * gives it. */
    void (*kick)(void *state, unsigned station, LzDirection direction);
    /* The medium lost power or carrier (false) or has it again (true). On false the model drops what
     * it holds (lz_link_drop, LZ_DROP_LINK_DOWN) and cancels its events; the engine drops the queues. */
    void (*set_up)(void *state, bool is_up);
    /* A transmitter of a constant rate for each station and direction, which is all that packets wait for: this many bit/s, or
     * 0 for no wait at all. NULL: it is something else, so no flow that is not in packets may cross it. */
    int64_t (*rate_bps)(const void *config);
    /* Frees what init made and every packet it still holds. */
    void (*clear)(void *state);
} LzLinkOps;

/* For models: */
LzScope lz_link_scope(const LzLink *link);     /* what is reported of this link */
void *lz_link_port_state(const LzLink *link, unsigned station, LzDirection direction);
/* A packet that the model holds will be delivered: fetches what that will touch. */
void lz_link_expect(const LzLink *link, unsigned station, LzDirection direction, const LzPacket *packet);
/* NULL when the queue is empty or holds back; also after lz_link_peek() gave a packet, if the queue then drops it. */
LzPacket *lz_link_pull(LzLink *link, unsigned station, LzDirection direction);
/* The model takes the packet that it is offered. */
void lz_link_pass(LzLink *link, LzDirection direction, LzPacket *packet);
const LzPacket *lz_link_peek(const LzLink *link, unsigned station, LzDirection direction);
uint64_t lz_link_waiting_bytes(const LzLink *link, unsigned station, LzDirection direction);
/* Both take ownership. Deliver: the packet reaches the other side now. */
void lz_link_deliver(LzLink *link, unsigned station, LzDirection direction, LzPacket *packet);
void lz_link_drop(LzLink *link, unsigned station, LzDirection direction, LzPacket *packet, LzDropReason reason);
/* The medium is occupied for this long by this station and direction (utilisation). */
void lz_link_busy(LzLink *link, unsigned station, LzDirection direction, LzTime duration_ns);

/* What this link sends for an IP packet: at least so many bytes, and overhead_bytes beside them. Called in init;
 * Ethernet unless told. */
void lz_link_set_framing(LzLink *link, uint32_t packet_bytes_min, uint32_t overhead_bytes);

/* Time to send bytes at a rate, rounded up to whole ns. rate_bps > 0. */
LzTime lz_transmit_ns_ceil(uint64_t bytes, int64_t rate_bps);

#endif
