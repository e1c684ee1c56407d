/* Medium access of one Wi-Fi channel: EDCA (or DCF) contention among the nodes that share it, with carrier sense per
 * node. The medium decides who may send when, and what overlaps with what; its owner decides what is sent, how long
 * that takes and whether it is understood. Event-driven: a node that counts down costs nothing until somebody sends,
 * and nothing is scheduled while nobody has anything to send.
 *
 * An exchange is a row of phases, each with a node that talks and perhaps one that must understand it: RTS, CTS, data,
 * acknowledgement. When a phase is over the owner says what comes next. */
#ifndef LAZARET_WIFI_MEDIUM_H
#define LAZARET_WIFI_MEDIUM_H

#include <glib.h>

#include "lazaret/decibel.h"
#include "lazaret/env.h"
#include "lazaret/wifi_timing.h"

typedef struct LzWifiMedium LzWifiMedium;
typedef struct LzWifiNode LzWifiNode;
typedef struct LzWifiAir LzWifiAir;

typedef struct LzWifiFunction {         /* the contention of one access category */
    bool is_waiting;                    /* has something to send */
    bool is_counting;                   /* has a backoff that is not over; after an exchange also with nothing to send */
    uint32_t backoff, cw;               /* slots */
} LzWifiFunction;

struct LzWifiNode {
    LzWifiMedium *medium;               /* NULL: on no channel */
    LzWifiNode *next;                   /* among those that contend */
    LzWifiFunction functions[LZ_WIFI_AC_COUNT];
    const LzWifiEdca *edca;             /* by access category; borrowed */
    LzRandom random;
    unsigned index;                     /* the owner's */
    unsigned heard;                     /* exchanges in the air that it hears, its own included */
    bool is_listed, is_frozen;
    LzTime idle_ns;                     /* the medium is idle around it from then on */
    LzTime next_ns;                     /* would send then; LZ_TIME_NEVER: not before the medium is idle */
};

typedef struct LzWifiPhase {
    LzWifiNode *talker, *listener;      /* listener NULL: nothing that could be misunderstood */
    LzTime duration_ns;
} LzWifiPhase;

/* What comes after a phase. */
typedef enum { LZ_WIFI_NEXT_PHASE, LZ_WIFI_DONE, LZ_WIFI_FAILED } LzWifiOutcome;

struct LzWifiAir {                      /* an exchange in the air */
    LzWifiAir *next;
    LzWifiMedium *medium;
    LzWifiNode *node;                   /* who won */
    LzWifiAc ac;
    LzWifiPhase phase;
    LzTime began_ns, phase_began_ns;
    uint64_t interference;              /* of others at the listener during the phase, summed; lz_mdb_power() */
    GPtrArray *heard_by;                /* nodes; owned */
    LzEvent end;
};

typedef struct LzWifiMediumOps {
    /* Whether `who` senses what `whom` sends. */
    bool (*hears)(void *owner, const LzWifiNode *who, const LzWifiNode *whom);
    /* Power at `at` of what `from` sends: lz_mdb_power(); the same node: LZ_POWER_MAX. */
    uint64_t (*power)(void *owner, const LzWifiNode *from, const LzWifiNode *at);
    /* The node may send in this category: the first phase. False: it has nothing after all. */
    bool (*begin)(void *owner, LzWifiAir *air, LzWifiPhase *ret_phase);
    /* The phase is over. */
    LzWifiOutcome (*next)(void *owner, LzWifiAir *air, LzWifiPhase *ret_phase);
    /* The exchange has left the air; the owner calls lz_wifi_node_want() again if there is more. */
    void (*ended)(void *owner, LzWifiAir *air, LzWifiOutcome outcome);
    /* Another category of the same node won at the same moment: an internal collision. */
    void (*lost)(void *owner, LzWifiNode *node, LzWifiAc ac);
} LzWifiMediumOps;

struct LzWifiMedium {
    LzEnv env;
    const LzWifiMediumOps *ops;
    void *owner;
    LzTime slot_ns;
    LzTime sense_ns;                    /* until others notice that somebody has begun to send (aCCATime) */
    LzTime after_failure_ns;            /* idle time on top after an exchange that failed: EIFS less DIFS, or 0 */
    LzTime after_success_ns;            /* the same after one that succeeded */
    LzWifiNode *nodes, **nodes_end;     /* that contend */
    LzWifiAir *airs, **airs_end;
    struct { LzWifiNode *talkers[2]; LzTime idle_ns; } past[8];     /* what ended lately, a ring */
    unsigned past_next;
    LzTime blocked_until_ns;            /* something that is no Wi-Fi keeps everybody from sending */
    LzEvent grant;
};

void lz_wifi_medium_init(LzWifiMedium *medium, const LzEnv *env, const LzWifiMediumOps *ops, void *owner);
/* Ends what is in the air without a word to the owner; nobody contends any more. */
void lz_wifi_medium_reset(LzWifiMedium *medium);

/* random: a stream of the node's own. edca: LZ_WIFI_AC_COUNT rows. */
void lz_wifi_node_init(LzWifiNode *node, unsigned index, const LzWifiEdca *edca, const LzRandom *random);
/* To a channel, or to none (NULL). What the node has in the air on the old one goes on there. */
void lz_wifi_node_move(LzWifiNode *node, LzWifiMedium *medium);
/* Has something to send in this category, or nothing any more. */
void lz_wifi_node_want(LzWifiNode *node, LzWifiAc ac);
void lz_wifi_node_unwant(LzWifiNode *node, LzWifiAc ac);
/* Whether the medium seems busy to it, or it has just been; of a node on a channel. */
bool lz_wifi_node_is_talking(const LzWifiNode *node);

/* Nobody senses the medium idle before then; what is in the air goes on. */
void lz_wifi_medium_block(LzWifiMedium *medium, LzTime until_ns);

#endif
