/* The typed plan of a scenario: what the schema walk leaves behind, with every default filled in,
 * every name resolved and every device profile loaded. The world is built from this alone. */
#ifndef SIM_SCENARIO_PLAN_H
#define SIM_SCENARIO_PLAN_H

#include "lazaret/cpu.h"
#include "lazaret/metric.h"
#include "lazaret/param.h"
#include "sim/core/diurnal.h"

/* ---- run ---- */
typedef struct LzRunPlan {
    int64_t seed;
    LzTime duration_ns, warmup_ns;      /* warm-up is part of the duration */
    int64_t repeat;
    LzText threads;                     /* auto or a number; never changes results */
    uint32_t crypto_cost_ppb;           /* scale of every CPU class's crypto cost; 100 % as published */
} LzRunPlan;

/* ---- network ---- */
typedef struct LzZonePlan {             /* a zone is a switch, or some alike, and what hangs on it */
    LzText name;
    LzTime forwarding_ns;
    int64_t ports;                      /* 0: one switch, however many hosts */
    int64_t buffer_bytes;               /* that its ports share; 0: each queue has its own */
    uint32_t buffer_share_ppb;          /* of the free part of it, for each queue */
    bool router;                        /* joins segments */
    LzNameList places;                  /* what it is a part of: ward, floor, building, site */
} LzZonePlan;

/* Marks at the edge of the network: of what the hosts of an access link send, and of what a backbone delivers. */
typedef struct LzMarkRulePlan {
    LzText name;
    LzNameList dscp, pcp;               /* that the packet comes with; none: any */
    int64_t port;                       /* 0: any */
    int protocol;                       /* enum any, tcp, udp */
    LzText from, to;                    /* zone, place, segment, fleet, service or attack, looked for in that order */
    int64_t mark;                       /* DSCP */
} LzMarkRulePlan;

typedef struct LzMarkingPlan {
    int trust;                          /* enum all, dscp, pcp, none = LzTrust */
    int64_t otherwise;                  /* DSCP */
    LzList rules;                       /* LzMarkRulePlan */
} LzMarkingPlan;

typedef struct LzLinkPlan {
    LzText name;
    LzChoice model;                     /* link or radio model */
    LzChoice queue;                     /* queue model */
    LzText zone;                        /* access link: hosts of this zone's switch; one medium for all who name it */
    LzText from, to;                    /* backbone link between two zones (instead of `zone`) */
    int64_t cost;                       /* of a backbone: packets take the cheapest way */
    LzText access;                      /* access link: its label, by which a fleet in a place chooses */
    LzMarkingPlan marking;
} LzLinkPlan;

/* Floors of wards of closets (access switches), each joined to one core switch or two. The loader expands it to zones
 * and links, which stand in `zones` and `links` behind the written ones. */
typedef struct LzBuildingPlan {
    LzText name;
    int64_t floors, wards, closets;     /* wards of each floor, closets of each ward */
    int64_t cores;                      /* 1, or 2: the second stands by */
    LzText site;                        /* a place that it is a part of */
    LzZonePlan closet, core;            /* without name and places */
    LzList access;                      /* LzLinkPlan: one of each in every closet; their names are the labels */
    LzLinkPlan uplink;
} LzBuildingPlan;

typedef struct LzPlacePlan {            /* zones that name the same place */
    LzText name;
    unsigned *zones;                    /* indices, rising */
    unsigned zone_count;
} LzPlacePlan;

typedef struct LzNetworkPlan {
    LzList zones;                       /* LzZonePlan */
    LzList links;                       /* LzLinkPlan */
    LzTime convergence_ns;              /* from a failure to new routes; 0: routes never change */
    LzList buildings;                   /* LzBuildingPlan: expanded, and never written out */
    LzList places;                      /* LzPlacePlan; resolved */
} LzNetworkPlan;

/* A VLAN: what crosses from one to another passes a router. Hosts that are in none are in one of their own. */
typedef struct LzSegmentTlsPlan {       /* what its members must speak with services */
    int min;                            /* enum any, 1.2, 1.3; any and no suites: whatever they like */
    LzNameList suites;                  /* lz_suite_words; none: any */
    LzText isolate;                     /* segment that who speaks less is taken to; none: who does is refused */
} LzSegmentTlsPlan;

typedef struct LzSegmentPlan {
    LzText name;
    LzNameList members;                 /* fleets, services, attacks */
    int64_t vlan;                       /* IEEE 802.1Q identifier; not given: the lowest from 2 on that none has */
    LzSegmentTlsPlan tls;
} LzSegmentPlan;

/* ---- TLS of a service or a client ---- */
typedef struct LzDtlsPlan {
    bool has_cookies, has_connection_id;        /* keys `cookies` (service), `connection_id` */
    LzTime retransmit_ns, retransmit_max_ns;
    int64_t mtu_bytes;
} LzDtlsPlan;

typedef struct LzStatusPlan {           /* of certificates that clients show */
    int method;                         /* enum none, crl, ocsp = LzStatusMethod */
    LzText from;                        /* a service of kind cert-status */
    bool fails_hard;                    /* key `hard_fail` */
    LzTime refresh_ns, timeout_ns;
} LzStatusPlan;

typedef struct LzTlsPlan {
    bool is_enabled;                    /* key `enabled`; default true */
    int min, max;                       /* enum "1.2", "1.3" = LzTlsVersion */
    int key;                            /* enum ecdsa-p256, rsa-2048, ecdsa-p384, rsa-3072 = LzKeyType */
    LzNameList groups, suites, exchanges;       /* of the words below: LzTlsGroup, LzTlsSuite, LzTlsExchange; none: default */
    bool is_hybrid;                     /* key `post_quantum` */
    int client_auth;                    /* service: enum none, required */
    LzStatusPlan status;                /* service: key `revocation` */
    bool resume;                        /* service: issues tickets; client: uses them */
    LzTime ticket_lifetime_ns;
    LzDtlsPlan dtls;
    bool is_datagram, has_srtp;         /* resolved: it is DTLS; and for the keys of media */
} LzTlsPlan;

extern const char *const lz_group_words[], *const lz_suite_words[], *const lz_exchange_words[];

/* ---- TCP of a service or a client ---- */
typedef struct LzTcpPlan {
    int congestion;                     /* a service: enum newreno, cubic; a client: enum service, newreno, cubic */
    int64_t initial_window;             /* segments */
    int64_t receive_window_bytes;
    LzTime rto_initial_ns, rto_min_ns, delayed_ack_ns;
    int64_t syn_retries, synack_retries, retries;
    bool is_nagle, has_sack;            /* keys `nagle`, `sack` */
    bool counts_bytes;                  /* key `byte_counting` */
    bool has_syn_cookies;               /* of a service; key `syn_cookies` */
    bool keeps_alive;                   /* group `keepalive`, its keys enabled, idle, interval, probes */
    LzTime keepalive_idle_ns, keepalive_interval_ns;
    int64_t keepalive_probes;
} LzTcpPlan;
extern const char *const lz_congestion_words[];

/* ---- services ---- */
typedef struct LzServicePlan {
    LzText name;
    LzChoice kind;                      /* service model */
    LzText zone;
    LzText link;                        /* its access link; must be in the zone */
    int64_t port;
    LzText cpu;                         /* CPU class */
    int64_t cpu_cores;                  /* key `cpu` is the class, `cores` the number: field name cores */
    int64_t backlog;
    LzTime handshake_timeout_ns;
    LzTlsPlan tls;
    LzTcpPlan tcp;
    const LzCpu *cpu_class;             /* resolved */
} LzServicePlan;

/* ---- device profiles (models/devices) ---- */
typedef enum { LZ_CARRIED_PACKET, LZ_CARRIED_FLOW, LZ_CARRIED_FLOW_BACK } LzCarried;

typedef struct LzFlowPlan {
    LzText name;                        /* key `flow` */
    LzText publish;                     /* topic: {zone} {fleet} {id} {device} are replaced */
    LzText connection;                  /* of its device that carries it; NULL: the first */
    LzChoice behaviour;
    int64_t qos;                        /* 0..2 */
    LzTime deadline_ns;                 /* 0 = none */
    int criticality;                    /* enum life, urgent, clinical, administrative */
    int64_t dscp;                       /* 0..63; -1 until lz_mark_flows() */
    LzText diurnal;                     /* rhythm of the day */
    const LzDiurnal *day;               /* resolved; NULL: none */
    int carried;                        /* enum LzCarried */
    LzText source;                      /* of size, rate and deadline, or `assumed: …` */
} LzFlowPlan;

typedef struct LzDiurnalPlan {          /* models/diurnals */
    LzText name, title;
    LzNameList hours;                   /* share of the day that falls into each, as written */
    LzText source;
    LzDiurnal day;                      /* resolved */
} LzDiurnalPlan;

typedef struct LzProfilePlan {
    LzText name, title;
    LzText cpu;
    LzText source;
    LzList flows;                       /* LzFlowPlan */
    const LzCpu *cpu_class;             /* resolved */
} LzProfilePlan;

/* ---- fleet ---- */
typedef struct LzConnectPlan {
    LzText to;                          /* service */
    LzTlsPlan tls;
    LzTcpPlan tcp;
    LzChoice client;                    /* client model, default mqtt: keys keepalive, reconnect … stand beside */
    LzDist start;                       /* when a device is switched on, after 0 */
    LzTime handshake_timeout_ns;
} LzConnectPlan;

typedef struct LzConnectionPlan {       /* of a device, beside the first */
    LzText name;
    LzText to;                          /* service */
    LzTlsPlan tls;                      /* versions; certificate and resumption are as those of the first */
    LzChoice client;
    LzTime handshake_timeout_ns;
    unsigned flow_count;                /* resolved */
} LzConnectionPlan;

/* ---- onboarding ---- */
typedef enum { LZ_ONBOARDING_NONE, LZ_ONBOARDING_EST, LZ_ONBOARDING_MANUAL, LZ_ONBOARDING_MAB } LzOnboardingMethod;
typedef enum { LZ_BAD_CLONED, LZ_BAD_COPIED, LZ_BAD_EXPIRED, LZ_BAD_UNKNOWN_CA, LZ_BAD_KIND_COUNT } LzBadKind;
extern const char *const lz_bad_words[];
typedef struct LzBadPlan {              /* devices that must not get in */
    uint32_t share_ppb;
    LzNameList kinds;                   /* of LzBadKind, in turn; none: all */
} LzBadPlan;
typedef struct LzManualPlan {           /* somebody does it */
    int64_t technicians;
    LzDist time, correction;            /* for each device; until a mistake is found and put right */
    uint32_t mistakes_ppb;              /* devices that get into a wrong segment */
} LzManualPlan;
typedef struct LzOnboardingPlan {
    int method;                         /* LzOnboardingMethod */
    LzText nac, registrar;              /* services */
    int64_t fragment_bytes;
    uint32_t renew_ppb, renew_jitter_ppb;
    LzTime fallback_ns;
    LzBadPlan bad;
    LzManualPlan manual;
} LzOnboardingPlan;

typedef struct LzFleetPlan {
    LzText name;
    LzText profile;
    int64_t count;
    LzText zone;                        /* optional: the link's zone by default */
    LzText link;
    LzText place, access;               /* instead of link: the links of that label in the place, in turn */
    LzText cpu;                         /* overrides the profile's */
    LzConnectPlan connect;
    LzList connections;                 /* LzConnectionPlan */
    LzList traffic;                     /* LzFlowPlan: replaces the profile's flows of the same name, adds others */
    int pcp;                            /* enum none, 0 to 7: the tag of all frames */
    LzText dhcp, ntp, dns;              /* services that its devices need before they connect */
    LzDist clock_error;                 /* of each device's clock at the start: by how much it is ahead */
    int certificate;                    /* enum valid, expired, not-yet-valid, foreign-ca */
    bool follows_day;                   /* key `diurnal` */
    LzOnboardingPlan onboarding;
    const LzProfilePlan *resolved;      /* profile with traffic merged, its flows connection by connection */
    const LzCpu *cpu_class;
    unsigned *links;                    /* resolved: device n of the fleet, from 0, hangs on links[n % link_count] */
    unsigned link_count;
} LzFleetPlan;

/* ---- faults, attacks, defences ---- */
typedef enum {
    LZ_FAULT_SWITCH_OFF, LZ_FAULT_LINK_DOWN, LZ_FAULT_SERVICE_DOWN, LZ_FAULT_POWER_LOSS, LZ_FAULT_LOSS_BURST,
    LZ_FAULT_DELAY_STEP, LZ_FAULT_CLOCK_SKEW, LZ_FAULT_REVOKE, LZ_FAULT_KIND_COUNT,
} LzFaultKind;
typedef struct LzFlapPlan { LzDist down, up; } LzFlapPlan;
typedef struct LzFaultPlan {
    LzText name;
    int kind;                           /* enum switch-off, link-down … = LzFaultKind */
    LzText zone, link, service, fleet, place;   /* what the kind needs */
    LzDist at, duration;                /* key `for`; drawn once in each repetition: lz_fault_span() */
    LzFlapPlan flap;                    /* constant 0: it lasts without a break */
    uint32_t loss_ppb;                  /* loss-burst */
    LzTime delay_ns;                    /* delay-step */
    uint32_t share_ppb;                 /* revoke: of the fleet's devices; 0: all … */
    int64_t count;                      /* … or so many; 0: by share */
    LzTime skew_ns;                     /* clock-skew: of its devices' clocks, ahead when positive */
    LzDist boot;                        /* power-loss: of each device, from power to its first packet */
} LzFaultPlan;

typedef struct LzAttackerPlan {
    LzText link;                        /* where the attacker's hosts hang */
    int64_t hosts;
    LzText cpu;
    const LzCpu *cpu_class;             /* resolved */
} LzAttackerPlan;

typedef struct LzAttackPlan {
    LzText name;
    LzChoice kind;                      /* attack model */
    LzAttackerPlan from;
    LzText target;                      /* service */
    LzTime at_ns, for_ns;
    LzTlsPlan tls;
} LzAttackPlan;

typedef struct LzDefencePlan {
    LzText name;
    LzChoice kind;                      /* defence model */
    LzText where;                       /* service whose host it stands in front of, or zone in whose switches */
} LzDefencePlan;

/* ---- expectations ---- */
typedef enum {
    LZ_STAT_COUNT, LZ_STAT_RATE, LZ_STAT_RATIO, LZ_STAT_MEAN, LZ_STAT_MIN, LZ_STAT_MAX, LZ_STAT_LAST,
    LZ_STAT_P50, LZ_STAT_P90, LZ_STAT_P95, LZ_STAT_P99, LZ_STAT_P999, LZ_STAT_RECOVER_TIME,
} LzStat;
typedef struct LzWherePlan { LzText fleet; } LzWherePlan;
typedef struct LzVersusPlan { LzText baseline; } LzVersusPlan;     /* results below the scenario's folder */
typedef struct LzExpectPlan {
    LzText name;
    LzText metric;                      /* as written */
    int stat;                           /* LzStat */
    LzText min, max, to;                /* limits as written; `to` for recover_time */
    LzText during, after;               /* window name; default always */
    LzWherePlan where;
    LzVersusPlan vs;
    LzText max_drop, max_rise;          /* shares of the baseline's value, as written */
    int64_t min_samples;                /* at least 1 always */
    int severity;                       /* enum fail, warn */
    LzText basis;                       /* document of a published limit, or `assumed: …` */
    bool abort_on_fail;                 /* the run stops when it can no longer hold */
    /* resolved: */
    LzMetric metric_id;
    LzText scope_name;                  /* text NULL for scopes without a name */
    bool has_min, has_max;
    int64_t min_value, max_value;       /* recording unit of the stat: ns, bytes, ppb for ratios, µ-units (1e-6)
                                           for rate, else the count */
    int64_t to_value;
    bool has_max_drop, has_max_rise;
    int64_t max_drop_ppb, max_rise_ppb;
    unsigned window;                    /* index into LzPlan.windows */
    LzMark mark;                        /* of the expectation's first key */
} LzExpectPlan;

/* Windows: 0 is `always` (after the warm-up), 1 `warmup`, then each attack and fault: NAME,
 * before-NAME ("before NAME"), recovery of NAME (until the run's end or the next start). */
typedef struct LzWindowPlan {
    const char *name;                   /* "always", "warmup", "flood", "before flood", "recovery flood",
                                           "2 min..5 min" */
    LzTime from_ns, to_ns;              /* [from, to) */
} LzWindowPlan;

/* ---- record, live ---- */
typedef struct LzCapturePlan {
    LzText fleet;                       /* whose devices; absent: no capture */
    LzText device;                      /* or one device by name, "pump[7]" */
    LzText link;                        /* beside them: a link between two zones */
    int64_t first;                      /* how many of the fleet; default 1 */
    int secrets;                        /* enum embed, none */
} LzCapturePlan;
typedef struct LzRecordPlan {
    LzCapturePlan pcapng;
    LzTime series_every_ns;             /* key series: {every: 1 s} in the schema */
    LzNameList events;                  /* trace kinds */
} LzRecordPlan;
typedef struct LzLivePlan { int bind; /* enum off, ipc */ } LzLivePlan;

typedef struct LzHospitalPlan {         /* written out before the plan is read: lz_hospital_expand() */
    int64_t beds;
    LzText preset;
} LzHospitalPlan;

typedef struct LzPlan {
    LzText name, title;                 /* name: of the file when it gives none */
    int64_t start_unix_s;
    LzRunPlan run;
    LzTime device_lifetime_ns;          /* pki: {device_lifetime, issuing, intermediates} */
    int pki_issuing;                    /* LzKeyType */
    int64_t pki_intermediates;
    LzHospitalPlan hospital;
    LzNetworkPlan network;
    LzList segments;                    /* LzSegmentPlan */
    LzList services;                    /* LzServicePlan */
    LzList fleet;                       /* LzFleetPlan */
    LzList attacks;                     /* LzAttackPlan */
    LzList faults;                      /* LzFaultPlan */
    LzList defences;                    /* LzDefencePlan */
    LzList expect;                      /* LzExpectPlan */
    LzRecordPlan record;
    LzLivePlan live;
    /* resolved: */
    LzWindowPlan *windows;
    unsigned window_count;
    unsigned device_count;              /* fleet devices */
    unsigned threads;                   /* of run.threads; auto: this machine's processors */
    const char *path;                   /* of the scenario file */
    const char *const *overrides;       /* `path=value` as given, in order, NULL-terminated; NULL: none */
    const char *source;                 /* its exact bytes */
    size_t source_size;
    struct LzArena *arena;              /* owns everything above */
} LzPlan;

#endif
