#include "sim/scenario/schema.h"

#include "sim/scenario/hospital.h"

#include "sim/scenario/plan.h"

#define S 1e9           /* one second in ns */
#define MS 1e6
#define MINUTE (60 * S)
#define DAY (86400 * S)
#define DATE_MAX 7258118400.0           /* 2200-01-01: with the longest run, nanoseconds since 1970 fit 64 bits */
#define RUN_MAX (366 * DAY)             /* longest run, and the latest an attack or fault can be */

#define SKEW_MAX (3650 * DAY)
#define NOT_GIVEN (2 * SKEW_MAX)        /* outside the range: no default */

#define TIME .kind = LZ_PARAM_TIME_NS
#define COUNT .kind = LZ_PARAM_COUNT
#define NAME .kind = LZ_PARAM_NAME
#define DIST .kind = LZ_PARAM_DIST
#define TEXT .kind = LZ_PARAM_TEXT
#define VALUE .kind = LZ_PARAM_VALUE
#define BOOL .kind = LZ_PARAM_BOOL
#define ENUM(list) .kind = LZ_PARAM_ENUM, .words = list
#define OBJECT(rows) .kind = LZ_PARAM_OBJECT, .table = rows
#define LIST(rows, Item) .kind = LZ_PARAM_LIST, .table = rows, .item_size = sizeof(Item)
#define MODEL(of) .kind = LZ_PARAM_MODEL, .model_kind = LZ_MODEL_##of
#define REQUIRED .is_required = true
/* The first key of a file: its format. Checked before the walk. */
#define FORMAT(word) { .field = word, .kind = LZ_PARAM_ANY, .words = format_words, .help = "format of this file: 1" }
/* Keys whose content is for others than the run. */
#define IGNORED(word, text) { .field = word, .kind = LZ_PARAM_ANY, .help = text }

static const char *const format_words[] = {"1", NULL};
static const char *const version_words[] = {"1.2", "1.3", NULL};
static const char *const key_words[] = {"ecdsa-p256", "rsa-2048", "ecdsa-p384", "rsa-3072", NULL};
const char *const lz_group_words[] = {"p256", "x25519", "p384", NULL};
const char *const lz_suite_words[] = {"aes-128-gcm", "aes-256-gcm", "chacha20-poly1305", "aes-128-ccm", "aes-128-ccm-8", NULL};
const char *const lz_exchange_words[] = {"ecdhe", "rsa", "psk", "psk-dhe", NULL};
static const char *const client_auth_words[] = {"none", "required", NULL};
static const char *const trust_words[] = {"all", "dscp", "pcp", "none", NULL};
static const char *const protocol_words[] = {"any", "tcp", "udp", NULL};
static const char *const pcp_words[] = {"0", "1", "2", "3", "4", "5", "6", "7", NULL};
static const char *const tag_words[] = {"none", "0", "1", "2", "3", "4", "5", "6", "7", NULL};
static const char *const carried_words[] = {"packet", "flow", "flow-back", NULL};
static const char *const criticality_words[] = {"life", "urgent", "clinical", "administrative", NULL};
static const char *const certificate_words[] = {"valid", "expired", "not-yet-valid", "foreign-ca", NULL};
static const char *const policy_version_words[] = {"any", "1.2", "1.3", NULL};
static const char *const severity_words[] = {"fail", "warn", NULL};
static const char *const secrets_words[] = {"embed", "none", NULL};
static const char *const bind_words[] = {"off", "ipc", NULL};
static const char *const trace_words[] = {"handshake", "session", "attack", "fault", "defence", "expect",
                                          "message-lost", NULL};
const char *const lz_congestion_words[] = {"newreno", "cubic", NULL};
static const char *const client_congestion_words[] = {"service", "newreno", "cubic", NULL};
const char *const lz_fault_words[] = {"switch-off", "link-down",  "service-down", "power-loss",
                                      "loss-burst", "delay-step", "clock-skew", "revoke", NULL};
const char *const lz_stat_words[] = {"count", "rate", "ratio", "mean", "min", "max", "last", "p50", "p90", "p95", "p99",
                                     "p99.9", "recover_time", NULL};

static const LzParam run_table[] = {
    LZ_PARAM(LzRunPlan, seed, COUNT, .fallback = 1, .help = "of every random stream; repetition n uses seed + n"),
    LZ_PARAM(LzRunPlan, duration_ns, TIME, REQUIRED, .min = MS, .max = RUN_MAX,
             .help = "virtual time, warm-up included"),
    LZ_PARAM(LzRunPlan, warmup_ns, TIME, .max = RUN_MAX,
             .help = "left out of every measurement except those during warmup"),
    LZ_PARAM(LzRunPlan, repeat, COUNT, .min = 1, .max = 1000, .fallback = 1,
             .help = "repetitions, each with its own seed"),
    LZ_PARAM(LzRunPlan, threads, TEXT, .fallback_text = "auto", .help = "that help with cryptography: auto (one per processor) or a number; never changes results"),
    LZ_PARAM(LzRunPlan, crypto_cost_ppb, .kind = LZ_PARAM_PPB, .max = 4e9, .has_max = true, .fallback = 1e9,
             .help = "scale of the CPU cost of cryptography; 100 % as published"),
    LZ_PARAM_END,
};

/* Of a switch, or of some alike. */
#define ZONE_COMMON \
    LZ_PARAM(LzZonePlan, forwarding_ns, TIME, .max = S, .fallback = 5e3, \
             .help = "time of its switch to forward a packet", \
             .source = "assumed: store-and-forward access switch at 1 Gbit/s"), \
    LZ_PARAM(LzZonePlan, ports, COUNT, .max = 65535, \
             .help = "hosts per switch: the zone has as many switches as it needs, each with its own link to the other " \
                     "zones; 0: one switch for all"), \
    LZ_PARAM(LzZonePlan, buffer_bytes, .kind = LZ_PARAM_BYTES, .max = 1e12, \
             .help = "memory that the ports of each of its switches share; 0: every queue has its own limit only"), \
    LZ_PARAM(LzZonePlan, buffer_share_ppb, .kind = LZ_PARAM_PPB, .min = 1, .max = 4e9, .has_max = true, .fallback = 1e9, \
             .help = "of the free part of that memory: how much one queue may hold (dynamic threshold)", \
             .source = "Choudhury and Hahne 1998, alpha; 1 as switches are delivered: assumed"), \
    LZ_PARAM(LzZonePlan, router, BOOL, .help = "whether its switches take packets from one segment to another")

static const LzParam zone_table[] = {
    LZ_PARAM(LzZonePlan, name, NAME, REQUIRED, .help = "of the zone: a switch, or some alike, and what hangs on it"),
    ZONE_COMMON,
    LZ_PARAM(LzZonePlan, places, .kind = LZ_PARAM_NAMES,
             .help = "what it is a part of, as [hospital-a, north, north-f2]: fleets and faults may name a place"),
    LZ_PARAM_END,
};

static const LzParam closet_table[] = {ZONE_COMMON, LZ_PARAM_END};

static const LzParam queue_table[] = {
    LZ_PARAM(LzLinkPlan, queue, .key = "model", MODEL(QUEUE), .fallback_text = "fifo", .help = "queue model"),
    LZ_PARAM_END,
};

static const LzParam mark_rule_table[] = {
    LZ_PARAM(LzMarkRulePlan, name, NAME, REQUIRED, .help = "of the rule"),
    LZ_PARAM(LzMarkRulePlan, dscp, .kind = LZ_PARAM_NAMES, .help = "code points that the packet may come with, as [ef, 40]"),
    LZ_PARAM(LzMarkRulePlan, pcp, .kind = LZ_PARAM_NAMES, .words = pcp_words,
             .help = "802.1p priorities that it may come with; without a tag, that of its DSCP"),
    LZ_PARAM(LzMarkRulePlan, port, COUNT, .max = 65535, .help = "TCP or UDP port of either end; 0: any"),
    LZ_PARAM(LzMarkRulePlan, protocol, ENUM(protocol_words), .help = "over IP"),
    LZ_PARAM(LzMarkRulePlan, from, NAME, .help = "zone, place, segment, fleet, service or attack that the sender is of"),
    LZ_PARAM(LzMarkRulePlan, to, NAME, .help = "zone, place, segment, fleet, service or attack that the receiver is of"),
    LZ_PARAM(LzMarkRulePlan, mark, .kind = LZ_PARAM_DSCP, REQUIRED, .help = "code point that it goes on with"),
    LZ_PARAM_END,
};

static const LzParam marking_table[] = {
    LZ_PARAM(LzMarkingPlan, trust, ENUM(trust_words),
             .help = "of packets that no rule knows, keep: all marks; the DSCP, which makes the 802.1p tag; the tag, which "
                     "makes the DSCP; none of them"),
    LZ_PARAM(LzMarkingPlan, otherwise, .kind = LZ_PARAM_DSCP, .help = "what they get where nothing is trusted"),
    LZ_PARAM(LzMarkingPlan, rules, LIST(mark_rule_table, LzMarkRulePlan),
             .help = "the first whose conditions all hold marks the packet"),
    LZ_PARAM_END,
};

#define LINK_COMMON \
    LZ_PARAM(LzLinkPlan, model, MODEL(LINK), REQUIRED, .help = "link or radio model"), \
    LZ_PARAM_GROUP("queue", .table = queue_table, .shorthand = "limit", \
                   .help = "in front of each station and direction; `queue: 256 kB` is the limit of the default model"), \
    LZ_PARAM(LzLinkPlan, marking, OBJECT(marking_table), .shorthand = "trust", \
             .help = "trust boundary where its hosts' packets enter the network, or at both ends of a backbone; " \
                     "`marking: none` marks all of them anew")
#define LINK_COST \
    LZ_PARAM(LzLinkPlan, cost, COUNT, .min = 1, .max = 65535, .fallback = 1, \
             .help = "backbone link: packets take the way of the smallest sum; a standby link costs more", \
             .source = "range: OSPF interface cost, RFC 2328 appendix C.3")

static const LzParam link_table[] = {
    LZ_PARAM(LzLinkPlan, name, NAME, REQUIRED, .help = "of the link"),
    LINK_COMMON,
    LZ_PARAM(LzLinkPlan, zone, NAME, .help = "access link: the zone of its hosts; one medium for all who name it"),
    LZ_PARAM(LzLinkPlan, access, NAME, .help = "access link: its label, by which a fleet in a place chooses it"),
    LZ_PARAM(LzLinkPlan, from, NAME, .help = "backbone link: one of its two zones"),
    LZ_PARAM(LzLinkPlan, to, NAME, .help = "backbone link: the other zone"),
    LINK_COST,
    LZ_PARAM_END,
};

static const LzParam access_table[] = {
    LZ_PARAM(LzLinkPlan, name, NAME, REQUIRED, .help = "label of the access link, as wired or air"),
    LINK_COMMON,
    LZ_PARAM_END,
};

static const LzParam uplink_table[] = {LINK_COMMON, LINK_COST, LZ_PARAM_END};

static const LzParam building_table[] = {
    LZ_PARAM(LzBuildingPlan, name, NAME, REQUIRED,
             .help = "of the building; its closets are zones NAME-f1-w1-c1 ..., its cores NAME-core or NAME-core-1, -2"),
    LZ_PARAM(LzBuildingPlan, floors, COUNT, .min = 1, .max = 200, .fallback = 1, .help = "floors"),
    LZ_PARAM(LzBuildingPlan, wards, COUNT, .min = 1, .max = 200, .fallback = 1, .help = "wards of each floor"),
    LZ_PARAM(LzBuildingPlan, closets, COUNT, .min = 1, .max = 200, .fallback = 1,
             .help = "closets, each with an access switch, of each ward"),
    LZ_PARAM(LzBuildingPlan, cores, COUNT, .min = 1, .max = 2, .fallback = 1,
             .help = "core switches; with 2, joined by a trunk, every closet has an uplink to each, and the second stands by"),
    LZ_PARAM(LzBuildingPlan, site, NAME, .help = "a place that the building is a part of, as a hospital of several"),
    LZ_PARAM(LzBuildingPlan, closet, OBJECT(closet_table), .help = "its access switches"),
    LZ_PARAM(LzBuildingPlan, core, OBJECT(closet_table), .help = "its core switches"),
    LZ_PARAM(LzBuildingPlan, access, LIST(access_table, LzLinkPlan), REQUIRED,
             .help = "access links, one of each in every closet: {wired: {...}, air: {...}}"),
    LZ_PARAM(LzBuildingPlan, uplink, OBJECT(uplink_table), REQUIRED,
             .help = "from each closet to the core; the trunk between two cores is like it"),
    LZ_PARAM_END,
};

static const LzParam network_table[] = {
    LZ_PARAM(LzNetworkPlan, zones, LIST(zone_table, LzZonePlan), .help = "parts of the network"),
    LZ_PARAM(LzNetworkPlan, links, LIST(link_table, LzLinkPlan),
             .help = "access links of zones and backbones between them"),
    LZ_PARAM(LzNetworkPlan, buildings, LIST(building_table, LzBuildingPlan), .is_alias = true,
             .help = "floors of wards of closets, written out as zones and links"),
    LZ_PARAM(LzNetworkPlan, convergence_ns, TIME, .max = 3600 * S,
             .help = "how long after a link or switch failed or came back all switches use other ways; 0: they never do. "
                     "Rapid spanning tree needs about 2 s, spanning tree 50 s, routing some 40 s"),
    LZ_PARAM_END,
};

static const LzParam segment_tls_table[] = {
    LZ_PARAM(LzSegmentTlsPlan, min, ENUM(policy_version_words),
             .help = "lowest TLS version with which its members may speak to a service; from 1.2 on, none speaks in the clear"),
    LZ_PARAM(LzSegmentTlsPlan, suites, .kind = LZ_PARAM_NAMES, .words = lz_suite_words,
             .help = "ciphers that they may speak with; any when not given"),
    LZ_PARAM(LzSegmentTlsPlan, isolate, NAME,
             .help = "segment that a member is taken to when it speaks with less; without it, services refuse such a member"),
    LZ_PARAM_END,
};

static const LzParam segment_table[] = {
    LZ_PARAM(LzSegmentPlan, name, NAME, REQUIRED, .help = "of the segment (VLAN)"),
    LZ_PARAM(LzSegmentPlan, members, .kind = LZ_PARAM_NAMES,
             .help = "fleets, services and attacks whose hosts are in it, wherever they hang; none in one that hosts are taken to"),
    LZ_PARAM(LzSegmentPlan, vlan, COUNT, .max = 4094,
             .help = "its identifier in the tags of frames between switches; 0: the next free one from 2 on (1 is that of "
                     "untagged frames)",
             .source = "IEEE 802.1Q-2022 table 9-2"),
    LZ_PARAM(LzSegmentPlan, tls, OBJECT(segment_tls_table), .help = "policy for what its members speak"),
    LZ_PARAM_END,
};

#define DTLS_COMMON \
    LZ_PARAM(LzDtlsPlan, has_connection_id, .key = "connection_id", BOOL, .fallback = 1, \
             .help = "a device whose address or port changes keeps its association, where both sides have this", .source = "RFC 9146"), \
    LZ_PARAM(LzDtlsPlan, retransmit_ns, .key = "retransmit", TIME, .min = 10 * MS, .max = 60 * S, .fallback = S, \
             .help = "a flight of the handshake that is not answered goes out again after this, then after twice that, and so on", \
             .source = "RFC 6347 section 4.2.4.1; RFC 7925 section 11: 9 s for constrained devices"), \
    LZ_PARAM(LzDtlsPlan, retransmit_max_ns, .key = "retransmit_max", TIME, .min = 10 * MS, .max = 600 * S, .fallback = 60 * S, \
             .help = "the handshake is given up when the next pause would be longer", .source = "RFC 6347 section 4.2.4.1"), \
    LZ_PARAM(LzDtlsPlan, mtu_bytes, .key = "mtu", .kind = LZ_PARAM_BYTES, .min = 228, .max = 1472, .fallback = 1472, \
             .help = "longest datagram, without IP and UDP: messages of the handshake are cut to fit, application data must", \
             .source = "RFC 6347 section 4.1.1; 1,500 bytes of Ethernet less 28")

static const LzParam service_dtls_table[] = {
    LZ_PARAM(LzDtlsPlan, has_cookies, .key = "cookies", BOOL, .fallback = 1,
             .help = "remembers nothing of who begins a handshake until he has sent back a cookie: a round trip more",
             .source = "RFC 6347 section 4.2.1"),
    DTLS_COMMON,
    LZ_PARAM_END,
};

static const LzParam client_dtls_table[] = {DTLS_COMMON, LZ_PARAM_END};

#define TLS_COMMON \
    LZ_PARAM(LzTlsPlan, is_enabled, .key = "enabled", BOOL, .fallback = 1, .help = "false: in the clear"), \
    LZ_PARAM(LzTlsPlan, min, ENUM(version_words), .help = "lowest TLS version"), \
    LZ_PARAM(LzTlsPlan, max, ENUM(version_words), .fallback = 1, .help = "highest TLS version"), \
    LZ_PARAM(LzTlsPlan, key, ENUM(key_words), .help = "type of its own certificate's key"), \
    LZ_PARAM(LzTlsPlan, groups, .kind = LZ_PARAM_NAMES, .words = lz_group_words, \
             .help = "of key exchange, the preferred first; [p256, x25519, p384] when not given"), \
    LZ_PARAM(LzTlsPlan, suites, .kind = LZ_PARAM_NAMES, .words = lz_suite_words, \
             .help = "ciphers, the preferred first; [aes-128-gcm] when not given", .source = "RFC 9325 section 4.2"), \
    LZ_PARAM(LzTlsPlan, exchanges, .kind = LZ_PARAM_NAMES, .words = lz_exchange_words, \
             .help = "[ecdhe] with certificates when not given; rsa: TLS 1.2's encrypted secret; psk, psk-dhe: a key of each " \
                     "device that the servers know (in TLS 1.2 psk-dhe has chacha20-poly1305 alone)"), \
    LZ_PARAM(LzTlsPlan, is_hybrid, .key = "post_quantum", BOOL, \
             .help = "TLS 1.3 with X25519MLKEM768 where both sides have it: modelled. Its 1,184 and 1,088 bytes are on the wire, in " \
                     "an extension of private use, and its time is charged, but no secret comes of it", \
             .source = "FIPS 203 table 3; draft-ietf-tls-ecdhe-mlkem")

static const char *const status_words[] = {"none", "crl", "ocsp", NULL};
static const LzParam status_table[] = {
    LZ_PARAM(LzTlsPlan, status.method, .key = "method", ENUM(status_words),
             .help = "how it learns that a client's certificate of this site is revoked: none, it does not; crl, by a list that it "
                     "fetches; ocsp, by a question about each",
             .source = "RFC 5280 section 5, RFC 6960"),
    LZ_PARAM(LzTlsPlan, status.from, .key = "from", NAME, .help = "the service of kind cert-status that it asks"),
    LZ_PARAM(LzTlsPlan, status.fails_hard, .key = "hard_fail", BOOL,
             .help = "when nothing is heard, nor was anything that is still good, the certificate is refused; false: accepted"),
    LZ_PARAM(LzTlsPlan, status.refresh_ns, .key = "refresh", TIME, .min = S, .max = 365 * DAY, .fallback = 3600 * S,
             .help = "it fetches the list so often, or asks again about a certificate, but keeps to what it has heard as long as that is "
                     "good", .source = "assumed"),
    LZ_PARAM(LzTlsPlan, status.timeout_ns, .key = "timeout", TIME, .min = MS, .max = 60 * S, .fallback = 5 * S,
             .help = "how long it waits for an answer", .source = "assumed"),
    LZ_PARAM_END,
};

static const LzParam service_tls_table[] = {
    TLS_COMMON,
    LZ_PARAM_GROUP("revocation", .table = status_table, .shorthand = "method",
                   .help = "whether clients' certificates are still good; a service that asks issues no tickets, as a resumed "
                           "session shows no certificate"),
    LZ_PARAM(LzTlsPlan, client_auth, ENUM(client_auth_words), .fallback = 1,
             .help = "whether a client must show a certificate"),
    LZ_PARAM(LzTlsPlan, resume, BOOL, .fallback = 1, .help = "issues tickets for resumption"),
    LZ_PARAM(LzTlsPlan, ticket_lifetime_ns, TIME, .min = S, .max = 7 * DAY, .fallback = DAY,
             .help = "how long a ticket is good",
             .source = "at most 7 days: RFC 8446 section 4.6.1"),
    LZ_PARAM(LzTlsPlan, dtls, OBJECT(service_dtls_table), .help = "of a service that speaks UDP, such as coap-server: DTLS 1.2"),
    LZ_PARAM_END,
};

static const LzParam client_tls_table[] = {
    TLS_COMMON,
    LZ_PARAM(LzTlsPlan, resume, BOOL, .help = "resumes with a ticket when it has one"),
    LZ_PARAM(LzTlsPlan, dtls, OBJECT(client_dtls_table), .help = "towards a service that speaks DTLS"),
    LZ_PARAM_END,
};

static const LzParam keepalive_table[] = {
    LZ_PARAM(LzTcpPlan, keeps_alive, .key = "enabled", BOOL, .help = "whether an idle connection is probed at all",
             .source = "off by default: RFC 9293 section 3.8.4"),
    LZ_PARAM(LzTcpPlan, keepalive_idle_ns, .key = "idle", TIME, .min = S, .max = 7 * DAY, .fallback = 7200 * S,
             .help = "silence before the first probe", .source = "Linux tcp_keepalive_time; RFC 1122 section 4.2.3.6"),
    LZ_PARAM(LzTcpPlan, keepalive_interval_ns, .key = "interval", TIME, .min = MS, .max = DAY, .fallback = 75 * S,
             .help = "between probes", .source = "Linux tcp_keepalive_intvl"),
    LZ_PARAM(LzTcpPlan, keepalive_probes, .key = "probes", COUNT, .min = 1, .max = 127, .fallback = 9,
             .help = "unanswered ones that end the connection", .source = "Linux tcp_keepalive_probes"),
    LZ_PARAM_END,
};

#define TCP_COMMON \
    LZ_PARAM_GROUP("keepalive", .table = keepalive_table, .shorthand = "enabled", .help = "probes of an idle connection"), \
    LZ_PARAM(LzTcpPlan, initial_window, COUNT, .min = 1, .max = 1000, .fallback = 10, \
             .help = "segments that may be sent before the first acknowledgement", .source = "RFC 6928 section 2"), \
    LZ_PARAM(LzTcpPlan, receive_window_bytes, .kind = LZ_PARAM_BYTES, .min = 1460, .max = 1073725440, .fallback = 262144, \
             .help = "that it offers; above 65,535 bytes by window scaling", \
             .source = "assumed; Linux tunes between 128 kB and 6 MB; the most: RFC 7323 section 2.2"), \
    LZ_PARAM(LzTcpPlan, rto_initial_ns, TIME, .min = MS, .max = 60 * S, .fallback = S, \
             .help = "first time-out of a SYN", .source = "RFC 6298 section 2.1"), \
    LZ_PARAM(LzTcpPlan, rto_min_ns, TIME, .min = MS, .max = 60 * S, .fallback = 200 * MS, \
             .help = "a time-out is at least the smoothed round-trip time and this", .source = "Linux TCP_RTO_MIN"), \
    LZ_PARAM(LzTcpPlan, delayed_ack_ns, TIME, .max = 500 * MS, .fallback = 40 * MS, \
             .help = "longest wait of an acknowledgement for data to go with; 0: none waits", \
             .source = "Linux TCP_DELACK_MIN; at most 500 ms: RFC 9293 section 3.8.6.3"), \
    LZ_PARAM(LzTcpPlan, syn_retries, COUNT, .max = 127, .fallback = 6, .help = "times that a SYN is sent again", \
             .source = "Linux tcp_syn_retries"), \
    LZ_PARAM(LzTcpPlan, synack_retries, COUNT, .max = 127, .fallback = 5, .help = "times that a SYN-ACK is sent again", \
             .source = "Linux tcp_synack_retries"), \
    LZ_PARAM(LzTcpPlan, retries, COUNT, .min = 1, .max = 127, .fallback = 15, \
             .help = "times that data is sent again before the connection is given up", .source = "Linux tcp_retries2"), \
    LZ_PARAM(LzTcpPlan, is_nagle, .key = "nagle", BOOL, .help = "small segments wait while data is unacknowledged", \
             .source = "RFC 9293 section 3.7.4"), \
    LZ_PARAM(LzTcpPlan, has_sack, .key = "sack", BOOL, .fallback = 1, .help = "selective acknowledgements", \
             .source = "RFC 2018"), \
    LZ_PARAM(LzTcpPlan, counts_bytes, .key = "byte_counting", BOOL, .fallback = 1, \
             .help = "NewReno grows by what is acknowledged, false: by how often: half as fast when every second segment is", \
             .source = "RFC 3465; RFC 5681 section 3.1")

static const LzParam service_tcp_table[] = {
    LZ_PARAM(LzTcpPlan, congestion, ENUM(lz_congestion_words), .help = "congestion control of what the service sends",
             .source = "RFC 5681 and 6582; RFC 9438"),
    TCP_COMMON,
    LZ_PARAM(LzTcpPlan, has_syn_cookies, .key = "syn_cookies", BOOL,
             .help = "a full backlog answers with cookies; such a connection has neither window scaling nor SACK",
             .source = "RFC 4987 section 3.6"),
    LZ_PARAM_END,
};

static const LzParam client_tcp_table[] = {
    LZ_PARAM(LzTcpPlan, congestion, ENUM(client_congestion_words),
             .help = "congestion control of what the devices send; service: as the service has it",
             .source = "RFC 5681 and 6582; RFC 9438"),
    TCP_COMMON,
    LZ_PARAM_END,
};

static const LzParam service_table[] = {
    LZ_PARAM(LzServicePlan, name, NAME, REQUIRED, .help = "of the service"),
    LZ_PARAM(LzServicePlan, kind, MODEL(SERVICE), REQUIRED, .is_of_preset = true, .help = "service model"),
    LZ_PARAM(LzServicePlan, zone, NAME, .help = "where it stands; its link's zone when not given"),
    LZ_PARAM(LzServicePlan, link, NAME, REQUIRED, .is_of_preset = true, .help = "its access link"),
    LZ_PARAM(LzServicePlan, port, COUNT, .min = 1, .max = 65535, .fallback = 8883,
             .help = "TCP and UDP port", .source = "IANA: secure-mqtt"),
    LZ_PARAM(LzServicePlan, cpu, NAME, .folder = "cpus", .fallback_text = "x86-server", .help = "CPU class"),
    LZ_PARAM(LzServicePlan, cpu_cores, .key = "cores", .kind = LZ_PARAM_CORES, .min = 1, .max = 1024, .fallback = 2,
             .help = "of that CPU"),
    LZ_PARAM(LzServicePlan, backlog, COUNT, .min = 1, .max = 65535, .fallback = 4096,
             .help = "connections that may wait to be accepted",
             .source = "Linux net.core.somaxconn since 5.4"),
    LZ_PARAM(LzServicePlan, handshake_timeout_ns, TIME, .min = MS, .max = 3600 * S, .fallback = 30 * S,
             .help = "a connection that has not finished its TLS handshake by then is closed"),
    LZ_PARAM(LzServicePlan, tls, OBJECT(service_tls_table), .help = "TLS as the service speaks it"),
    LZ_PARAM(LzServicePlan, tcp, OBJECT(service_tcp_table), .help = "TCP as the service's host has it"),
    LZ_PARAM_END,
};

const LzParam lz_schema_flow[] = {
    LZ_PARAM(LzFlowPlan, name, .key = "flow", NAME, REQUIRED, .help = "of the flow of messages"),
    LZ_PARAM(LzFlowPlan, publish, TEXT, REQUIRED, .help = "topic; {zone} {fleet} {id} {device} are replaced"),
    LZ_PARAM(LzFlowPlan, connection, NAME,
             .help = "which of the fleet's `connections` carries it; `connect` when not given"),
    LZ_PARAM(LzFlowPlan, behaviour, MODEL(BEHAVIOUR), REQUIRED,
             .help = "when messages are made and how large they are"),
    LZ_PARAM(LzFlowPlan, qos, COUNT, .max = 2, .has_max = true,
             .help = "0 at most once, 1 at least once, 2 exactly once"),
    LZ_PARAM(LzFlowPlan, deadline_ns, TIME, .max = DAY, .help = "creation to delivery; 0 is none"),
    LZ_PARAM(LzFlowPlan, criticality, ENUM(criticality_words), .fallback = 2, .help = "what is lost when it is late"),
    LZ_PARAM(LzFlowPlan, dscp, .kind = LZ_PARAM_DSCP, .fallback = -1, .fallback_text = "by criticality: ef, cs5, af21, df",
             .help = "of its packets; a connection has the highest of its flows", .source = "RFC 4594 figure 3, in a project mapping"),
    LZ_PARAM(LzFlowPlan, diurnal, NAME, .folder = "diurnals", .help = "rhythm of the day that its rate follows (lazaret list diurnals); all hours are "
             "alike when not given"),
    LZ_PARAM(LzFlowPlan, carried, ENUM(carried_words),
             .help = "packet: each message in packets; flow: only its load on the links and queues of its way to the service, for "
                     "background such as video; flow-back: the same from the service, as of a streamed desktop"),
    LZ_PARAM(LzFlowPlan, source, TEXT, .help = "of size, rate and deadline, or `assumed: ...`"),
    LZ_PARAM_END,
};

static const LzParam connect_table[] = {
    LZ_PARAM(LzConnectPlan, to, NAME, REQUIRED, .help = "service"),
    LZ_PARAM(LzConnectPlan, tls, OBJECT(client_tls_table), .help = "TLS as the devices speak it"),
    LZ_PARAM(LzConnectPlan, tcp, OBJECT(client_tcp_table), .help = "TCP as the devices' hosts have it"),
    LZ_PARAM(LzConnectPlan, client, MODEL(CLIENT), .fallback_text = "mqtt", .help = "client model"),
    LZ_PARAM(LzConnectPlan, start, .kind = LZ_PARAM_DIST,
             .help = "when a device is switched on; {spread: 60 s} is uniform from 0"),
    LZ_PARAM(LzConnectPlan, handshake_timeout_ns, TIME, .min = MS, .max = 3600 * S, .fallback = 30 * S,
             .help = "a device that is not connected by then gives up and tries again"),
    LZ_PARAM_END,
};

static const LzParam connection_tls_table[] = {
    LZ_PARAM(LzTlsPlan, is_enabled, .key = "enabled", BOOL, .fallback = 1, .help = "false: in the clear"),
    LZ_PARAM(LzTlsPlan, min, ENUM(version_words), .help = "lowest TLS version"),
    LZ_PARAM(LzTlsPlan, max, ENUM(version_words), .fallback = 1, .help = "highest TLS version"),
    LZ_PARAM(LzTlsPlan, dtls, OBJECT(client_dtls_table), .help = "towards a service that speaks DTLS"),
    LZ_PARAM_END,
};

static const LzParam connection_table[] = {
    LZ_PARAM(LzConnectionPlan, name, NAME, REQUIRED, .help = "of the connection, as flows name it"),
    LZ_PARAM(LzConnectionPlan, to, NAME, REQUIRED, .help = "service"),
    LZ_PARAM(LzConnectionPlan, tls, OBJECT(connection_tls_table),
             .help = "TLS as the devices speak it; certificate and resumption as under `connect`"),
    LZ_PARAM(LzConnectionPlan, client, MODEL(CLIENT), .fallback_text = "mqtt", .help = "client model"),
    LZ_PARAM(LzConnectionPlan, handshake_timeout_ns, TIME, .min = MS, .max = 3600 * S, .fallback = 30 * S,
             .help = "an attempt that has not connected by then is given up"),
    LZ_PARAM_END,
};

const char *const lz_bad_words[] = {[LZ_BAD_CLONED] = "cloned", [LZ_BAD_COPIED] = "copied", [LZ_BAD_EXPIRED] = "expired",
                                    [LZ_BAD_UNKNOWN_CA] = "unknown-ca", NULL};
const char *const lz_onboarding_words[] = {[LZ_ONBOARDING_NONE] = "none", [LZ_ONBOARDING_EST] = "eap-tls-est",
                                           [LZ_ONBOARDING_MANUAL] = "manual", [LZ_ONBOARDING_MAB] = "mab", NULL};

static const LzParam bad_table[] = {
    LZ_PARAM(LzBadPlan, share_ppb, .kind = LZ_PARAM_PPB, .max = 1e9,
             .help = "of the fleet's devices that are not what they seem, spread evenly over it"),
    LZ_PARAM(LzBadPlan, kinds, .kind = LZ_PARAM_NAMES, .words = lz_bad_words,
             .help = "what they are, in turn: cloned, with another's certificate and key; copied, with its certificate alone; "
                     "expired; unknown-ca, of a manufacturer that nobody knows. All when not given"),
    LZ_PARAM_END,
};

static const LzParam manual_table[] = {
    LZ_PARAM(LzManualPlan, technicians, COUNT, .min = 1, .max = 10000, .fallback = 4, .help = "who work at the same time",
             .source = "assumed"),
    LZ_PARAM(LzManualPlan, time, DIST, .max = 30 * DAY, .fallback = 900 * S,
             .help = "that one of them needs for a device: network port, address, certificate", .source = "assumed: 15 min"),
    LZ_PARAM(LzManualPlan, mistakes_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 0.02e9,
             .help = "share of devices that get into a wrong segment", .source = "assumed: 2 %"),
    LZ_PARAM(LzManualPlan, correction, DIST, .max = 365 * DAY, .fallback = 4 * 3600 * S,
             .help = "until a mistake is found and put right, which is one touch more", .source = "assumed: 4 h"),
    LZ_PARAM_END,
};

static const LzParam onboarding_table[] = {
    LZ_PARAM(LzOnboardingPlan, method, ENUM(lz_onboarding_words),
             .help = "how devices get into the network and to their certificate: none, they are there from the start; "
                     "eap-tls-est, by themselves, with their manufacturer's certificate; manual, by hand; mab, by their MAC address"),
    LZ_PARAM(LzOnboardingPlan, nac, NAME, .help = "eap-tls-est, mab: a service of kind nac, which their switches ask"),
    LZ_PARAM(LzOnboardingPlan, registrar, NAME, .help = "eap-tls-est: a service of kind registrar, for the site's certificate"),
    LZ_PARAM(LzOnboardingPlan, fragment_bytes, .kind = LZ_PARAM_BYTES, .min = 100, .max = 1250, .fallback = 1024,
             .help = "of TLS in each of their EAP messages", .source = "RFC 5216 section 2.1.5 leaves it open; FreeRADIUS has it"),
    LZ_PARAM(LzOnboardingPlan, renew_ppb, .key = "renew", .kind = LZ_PARAM_PPB, .min = 0.1e9, .max = 0.95e9, .fallback = 2e9 / 3,
             .help = "of a certificate's life: when a device asks for the next", .source = "assumed: 1/2 to 2/3 are usual"),
    LZ_PARAM(LzOnboardingPlan, renew_jitter_ppb, .key = "renew_jitter", .kind = LZ_PARAM_PPB, .max = 0.05e9, .has_max = true,
             .fallback = 0.02e9, .help = "of a certificate's life: by how much earlier or later, at random", .source = "assumed"),
    LZ_PARAM(LzOnboardingPlan, fallback_ns, .key = "fallback", TIME, .min = MS, .max = 3600 * S, .fallback = 90 * S,
             .help = "mab: how long a switch waits for 802.1X before it asks by the MAC address",
             .source = "three times txPeriod, IEEE 802.1X-2004 section 8.2.2.2"),
    LZ_PARAM(LzOnboardingPlan, bad, OBJECT(bad_table), .shorthand = "share", .help = "devices among them that must not get in"),
    LZ_PARAM(LzOnboardingPlan, manual, OBJECT(manual_table), .help = "manual: who does it, how fast and how well"),
    LZ_PARAM_END,
};

static const LzParam fleet_table[] = {
    LZ_PARAM(LzFleetPlan, name, NAME, REQUIRED, .help = "of the fleet; its devices are NAME[1], NAME[2] ..."),
    LZ_PARAM(LzFleetPlan, profile, NAME, REQUIRED, .is_of_preset = true, .folder = "devices", .help = "device profile (lazaret list devices)"),
    LZ_PARAM(LzFleetPlan, count, COUNT, .min = 1, .max = LZ_DEVICES_MAX, .fallback = 1, .help = "devices"),
    LZ_PARAM(LzFleetPlan, zone, NAME, .help = "where they are; their link's zone when not given"),
    LZ_PARAM(LzFleetPlan, link, NAME, .help = "access link; or else `place`"),
    LZ_PARAM(LzFleetPlan, place, NAME,
             .help = "instead of `link`: the devices hang on the access links of this place, one after the other in turn"),
    LZ_PARAM(LzFleetPlan, access, NAME, .help = "label of those access links; the first of each zone when not given"),
    LZ_PARAM(LzFleetPlan, cpu, NAME, .folder = "cpus", .help = "CPU class; the profile's when not given"),
    LZ_PARAM(LzFleetPlan, connect, OBJECT(connect_table), REQUIRED, .is_of_preset = true, .help = "what they connect to, and how"),
    LZ_PARAM(LzFleetPlan, traffic, LIST(lz_schema_flow, LzFlowPlan),
             .help = "replaces the profile's flows of the same name, adds others"),
    LZ_PARAM(LzFleetPlan, pcp, ENUM(tag_words), .help = "802.1p priority that their network cards tag every frame with"),
    LZ_PARAM(LzFleetPlan, dhcp, NAME,
             .help = "a service of kind dhcp: a device has no address, and connects to nothing, without a lease from it"),
    LZ_PARAM(LzFleetPlan, ntp, NAME,
             .help = "a service of kind ntp: a device sets its clock by it before it connects, and each 64 s after"),
    LZ_PARAM(LzFleetPlan, dns, NAME,
             .help = "a service of kind dns: a device asks it for the address of its service before it connects"),
    LZ_PARAM(LzFleetPlan, clock_error, DIST, .min = 1, .max = SKEW_MAX,
             .help = "how far each device's clock is ahead when the run begins; right when not given"),
    LZ_PARAM(LzFleetPlan, certificate, ENUM(certificate_words), .help = "what they present"),
    LZ_PARAM(LzFleetPlan, onboarding, OBJECT(onboarding_table), .shorthand = "method",
             .help = "how they get into the network; until then their switch lets nothing of theirs through"),
    LZ_PARAM(LzFleetPlan, connections, LIST(connection_table, LzConnectionPlan),
             .help = "what else they connect to, for the flows that name it: {library: {to: pump-server, client: http}}"),
    LZ_PARAM(LzFleetPlan, follows_day, .key = "diurnal", BOOL, .fallback = 1,
             .help = "false: its flows have no rhythm of the day, whatever they name"),
    LZ_PARAM_END,
};

static const LzParam attacker_table[] = {
    LZ_PARAM(LzAttackerPlan, link, NAME, REQUIRED, .help = "access link of the attacker's hosts"),
    LZ_PARAM(LzAttackerPlan, hosts, COUNT, .min = 1, .max = 100000, .fallback = 1, .help = "how many"),
    LZ_PARAM(LzAttackerPlan, cpu, NAME, .folder = "cpus", .fallback_text = "x86-server", .help = "CPU class"),
    LZ_PARAM_END,
};

static const LzParam attack_table[] = {
    LZ_PARAM(LzAttackPlan, name, NAME, REQUIRED, .help = "of the attack, and of its window"),
    LZ_PARAM(LzAttackPlan, kind, MODEL(ATTACK), REQUIRED, .help = "attack model"),
    LZ_PARAM(LzAttackPlan, from, OBJECT(attacker_table), REQUIRED, .help = "who attacks"),
    LZ_PARAM(LzAttackPlan, target, NAME, REQUIRED, .help = "service"),
    LZ_PARAM(LzAttackPlan, at_ns, TIME, REQUIRED, .max = RUN_MAX, .help = "when it begins"),
    LZ_PARAM(LzAttackPlan, for_ns, TIME, REQUIRED, .min = MS, .max = RUN_MAX, .help = "how long it lasts"),
    LZ_PARAM(LzAttackPlan, tls, OBJECT(client_tls_table), .help = "TLS as the attacker speaks it"),
    LZ_PARAM_END,
};

static const LzParam flap_table[] = {
    LZ_PARAM(LzFlapPlan, down, DIST, REQUIRED, .min = 1, .max = RUN_MAX, .help = "how long it fails each time"),
    LZ_PARAM(LzFlapPlan, up, DIST, REQUIRED, .min = 1, .max = RUN_MAX, .help = "how long it works in between"),
    LZ_PARAM_END,
};

static const LzParam fault_table[] = {
    LZ_PARAM(LzFaultPlan, name, NAME, REQUIRED, .help = "of the fault, and of its window"),
    LZ_PARAM(LzFaultPlan, kind, ENUM(lz_fault_words), REQUIRED, .help = "what fails"),
    LZ_PARAM(LzFaultPlan, zone, NAME,
             .help = "switch-off: whose switch; power-loss: whose switch, devices and services"),
    LZ_PARAM(LzFaultPlan, link, NAME, .help = "link-down, loss-burst, delay-step: which link"),
    LZ_PARAM(LzFaultPlan, service, NAME, .help = "service-down: which service"),
    LZ_PARAM(LzFaultPlan, fleet, NAME, .help = "power-loss, clock-skew, revoke: whose devices"),
    LZ_PARAM(LzFaultPlan, place, NAME, .help = "power-loss: every zone of this ward, floor, building or site"),
    LZ_PARAM(LzFaultPlan, at, DIST, REQUIRED, .max = RUN_MAX,
             .help = "when it begins; a distribution is drawn once in each repetition"),
    LZ_PARAM(LzFaultPlan, duration, .key = "for", DIST, REQUIRED, .min = MS, .max = RUN_MAX,
             .help = "how long it lasts, at least 1 ms"),
    LZ_PARAM(LzFaultPlan, flap, OBJECT(flap_table),
             .help = "meanwhile it comes and goes, beginning with the failure: {down: 2 s, up: 5 s}"),
    LZ_PARAM(LzFaultPlan, loss_ppb, .kind = LZ_PARAM_PPB, .min = 1, .max = 1e9,
             .help = "loss-burst: share of packets lost, beside what the link loses by itself"),
    LZ_PARAM(LzFaultPlan, delay_ns, TIME, .min = 1, .max = 100 * S,
             .help = "delay-step: by how much every packet is later"),
    LZ_PARAM(LzFaultPlan, skew_ns, TIME, .min = -SKEW_MAX, .max = SKEW_MAX, .fallback = NOT_GIVEN,
             .help = "clock-skew: by how much the devices' clocks are ahead, or behind when negative"),
    LZ_PARAM(LzFaultPlan, share_ppb, .kind = LZ_PARAM_PPB, .min = 1, .max = 1e9,
             .help = "revoke: of its devices that have not been, rounded up and spread evenly, whose certificates are taken back for "
                     "good, as after a theft of keys"),
    LZ_PARAM(LzFaultPlan, count, COUNT, .min = 1, .max = 1e7, .help = "revoke: so many of them instead; all when there are fewer, or nothing is given"),
    LZ_PARAM(LzFaultPlan, boot, DIST, .min = 1, .max = DAY,
             .help = "power-loss: what each device needs to start when power is back; at once when not given"),
    LZ_PARAM_END,
};

static const LzParam defence_table[] = {
    LZ_PARAM(LzDefencePlan, name, NAME, REQUIRED, .help = "of the defence"),
    LZ_PARAM(LzDefencePlan, kind, MODEL(DEFENCE), REQUIRED, .help = "defence model"),
    LZ_PARAM(LzDefencePlan, where, NAME, REQUIRED,
             .help = "service whose host it stands in front of, or zone through whose switches everything passes it"),
    LZ_PARAM_END,
};

static const LzParam where_table[] = {
    LZ_PARAM(LzWherePlan, fleet, NAME, .help = "only this fleet"),
    LZ_PARAM_END,
};

static const LzParam versus_table[] = {
    LZ_PARAM(LzVersusPlan, baseline, TEXT, .help = "results of an earlier run, in a folder below the scenario's"),
    LZ_PARAM_END,
};

static const LzParam expect_table[] = {
    LZ_PARAM(LzExpectPlan, name, NAME, REQUIRED, .help = "of the test case"),
    LZ_PARAM(LzExpectPlan, metric, TEXT, REQUIRED,
             .help = "SCOPE.NAME.METRIC, as flow.alarm.latency (lazaret list metrics)"),
    LZ_PARAM(LzExpectPlan, stat, ENUM(lz_stat_words), REQUIRED, .help = "statistic of the metric"),
    LZ_PARAM(LzExpectPlan, min, VALUE, .help = "lower limit, with its unit"),
    LZ_PARAM(LzExpectPlan, max, VALUE, .help = "upper limit, with its unit"),
    LZ_PARAM(LzExpectPlan, to, VALUE, .help = "recover_time: the level that counts as recovered"),
    LZ_PARAM(LzExpectPlan, during, TEXT,
             .help = "always, warmup, an attack or fault, before NAME, recovery NAME, 2 min..5 min"),
    LZ_PARAM(LzExpectPlan, after, TEXT, .help = "an attack or fault: its recovery"),
    LZ_PARAM(LzExpectPlan, where, OBJECT(where_table), .help = "part of what is measured"),
    LZ_PARAM(LzExpectPlan, vs, OBJECT(versus_table), .help = "what it is compared with"),
    LZ_PARAM(LzExpectPlan, max_drop, VALUE, .help = "vs: how far below the baseline's value, as 5 %"),
    LZ_PARAM(LzExpectPlan, max_rise, VALUE, .help = "vs: how far above the baseline's value, as 5 %"),
    LZ_PARAM(LzExpectPlan, min_samples, COUNT, .min = 1, .fallback = 1, .help = "fewer samples are a failure"),
    LZ_PARAM(LzExpectPlan, severity, ENUM(severity_words), .help = "warn does not change the exit code"),
    LZ_PARAM(LzExpectPlan, basis, TEXT,
             .help = "of the limit: the document that publishes it, or `assumed: ...`; without it the limit is ours"),
    LZ_PARAM(LzExpectPlan, abort_on_fail, BOOL,
             .help = "stop the run as soon as it can no longer hold, instead of at the run's end"),
    LZ_PARAM_END,
};

static const LzParam capture_where_table[] = {
    LZ_PARAM(LzCapturePlan, fleet, NAME, .help = "whose devices"),
    LZ_PARAM(LzCapturePlan, first, COUNT, .min = 1, .max = LZ_DEVICES_MAX, .fallback = 1,
             .help = "how many of the fleet"),
    LZ_PARAM_END,
};

static const LzParam capture_table[] = {
    LZ_PARAM(LzCapturePlan, fleet, NAME, .help = "whose devices"),
    LZ_PARAM(LzCapturePlan, first, COUNT, .min = 1, .max = LZ_DEVICES_MAX, .fallback = 1,
             .help = "how many of the fleet"),
    LZ_PARAM(LzCapturePlan, device, TEXT, .help = "or one device: \"pump[7]\""),
    LZ_PARAM(LzCapturePlan, link, NAME, .help = "beside them, frames on a link between two zones, tags included"),
    LZ_PARAM(LzCapturePlan, secrets, ENUM(secrets_words),
             .help = "TLS secrets inside the capture, so that Wireshark decrypts it"),
    LZ_PARAM_GROUP("where", .table = capture_where_table, .is_alias = true, .help = "the same as fleet and first"),
    LZ_PARAM_END,
};

static const LzParam series_table[] = {
    LZ_PARAM(LzRecordPlan, series_every_ns, .key = "every", TIME, .min = MS, .max = DAY, .fallback = S,
             .help = "step of the time series"),
    LZ_PARAM_END,
};

static const LzParam record_table[] = {
    LZ_PARAM(LzRecordPlan, pcapng, OBJECT(capture_table), .help = "packets of some devices, or on a link"),
    LZ_PARAM_GROUP("series", .table = series_table, .help = "time series"),
    LZ_PARAM(LzRecordPlan, events, .kind = LZ_PARAM_NAMES, .words = trace_words,
             .help = "kinds of events written to events.csv"),
    LZ_PARAM_END,
};

static const LzParam pki_table[] = {
    LZ_PARAM(LzPlan, device_lifetime_ns, TIME, .min = S, .max = 3650 * DAY, .fallback = 365 * DAY,
             .help = "of a device's certificate"),
    LZ_PARAM(LzPlan, pki_issuing, .key = "issuing", ENUM(key_words), .help = "type of the CA's key"),
    LZ_PARAM(LzPlan, pki_intermediates, .key = "intermediates", COUNT, .max = 3,
             .help = "CAs between the root and a device"),
    LZ_PARAM_END,
};

static const LzParam live_table[] = {
    LZ_PARAM(LzLivePlan, bind, ENUM(bind_words), .fallback = 1,
             .help = "feed of the running simulation on a local socket"),
    LZ_PARAM_END,
};

static const LzParam hospital_table[] = {
    LZ_PARAM(LzHospitalPlan, beds, COUNT, REQUIRED, .min = 1, .max = LZ_HOSPITAL_BEDS_MAX,
             .help = "devices are counted by them: lazaret describe hospital --beds 500"),
    LZ_PARAM(LzHospitalPlan, preset, NAME, .folder = "hospitals", .fallback_text = "general", .help = "file of models/hospitals/"),
    LZ_PARAM_END,
};

const LzParam lz_schema_scenario[] = {
    FORMAT("lazaret"),
    LZ_PARAM(LzPlan, name, NAME, .help = "of the scenario; the file's name when not given"),
    LZ_PARAM(LzPlan, title, TEXT, .help = "one line for people"),
    IGNORED("authors", "for people: [{name: ..., orcid: ...}]"),
    LZ_PARAM(LzPlan, run, OBJECT(run_table), REQUIRED, .help = "how long and how often"),
    LZ_PARAM(LzPlan, start_unix_s, .kind = LZ_PARAM_DATE, .max = DATE_MAX, .fallback = 1772431200,
             .help = "the virtual wall clock at 0; certificates are checked against it"),
    LZ_PARAM_GROUP("pki", .table = pki_table, .help = "certificates made for the run"),
    LZ_PARAM(LzPlan, hospital, OBJECT(hospital_table), .shorthand = "beds", .is_alias = true,
             .help = "a preset: network, services and fleets of a hospital, to which this file adds; what it writes itself wins"),
    LZ_PARAM(LzPlan, network, OBJECT(network_table), REQUIRED, .is_of_preset = true, .help = "zones and links"),
    LZ_PARAM(LzPlan, segments, LIST(segment_table, LzSegmentPlan),
             .help = "VLANs: what goes from one to another passes a zone with `router: true`"),
    LZ_PARAM(LzPlan, services, LIST(service_table, LzServicePlan), REQUIRED, .is_of_preset = true, .help = "what devices connect to"),
    LZ_PARAM(LzPlan, fleet, LIST(fleet_table, LzFleetPlan), REQUIRED, .is_of_preset = true, .help = "groups of like devices"),
    LZ_PARAM(LzPlan, attacks, LIST(attack_table, LzAttackPlan), .help = "who attacks what, and when"),
    LZ_PARAM(LzPlan, faults, LIST(fault_table, LzFaultPlan), .help = "what fails, and when"),
    LZ_PARAM(LzPlan, defences, LIST(defence_table, LzDefencePlan), .help = "what protects services"),
    LZ_PARAM(LzPlan, expect, LIST(expect_table, LzExpectPlan), .help = "what must hold: each is one test case"),
    LZ_PARAM(LzPlan, record, OBJECT(record_table), .help = "what is kept beside the metrics"),
    IGNORED("sweep", "axes of a parameter study; a run ignores it"),
    LZ_PARAM(LzPlan, live, OBJECT(live_table), .help = "live feed"),
    IGNORED("include", "not supported: an error"),
    LZ_PARAM_END,
};

const LzParam lz_schema_device[] = {
    FORMAT("lazaret-device"),
    LZ_PARAM(LzProfilePlan, name, NAME, REQUIRED, .help = "of the profile: the file's name"),
    LZ_PARAM(LzProfilePlan, title, TEXT, .help = "one line for people"),
    LZ_PARAM(LzProfilePlan, cpu, NAME, .folder = "cpus", REQUIRED, .help = "CPU class"),
    LZ_PARAM(LzProfilePlan, source, TEXT, REQUIRED, .help = "of the profile's figures"),
    LZ_PARAM(LzProfilePlan, flows, LIST(lz_schema_flow, LzFlowPlan), REQUIRED, .help = "what the device sends"),
    LZ_PARAM_END,
};

const LzParam lz_schema_diurnal[] = {
    FORMAT("lazaret-diurnal"),
    LZ_PARAM(LzDiurnalPlan, name, NAME, REQUIRED, .help = "of the rhythm: the file's name"),
    LZ_PARAM(LzDiurnalPlan, title, TEXT, .help = "one line for people"),
    LZ_PARAM(LzDiurnalPlan, hours, .kind = LZ_PARAM_NAMES, REQUIRED,
             .help = "24 shares of the day, from midnight, as [1.5 %, 1.5 %, ...]; together 100 %"),
    LZ_PARAM(LzDiurnalPlan, source, TEXT, REQUIRED, .help = "of the shares, or `assumed: ...`"),
    LZ_PARAM_END,
};

#define DERIVED(field, text, rule) LZ_PARAM(LzCpu, field, TIME, .max = 3600 * S, .fallback_text = rule, .help = text)
#define OPERATION(field, text) LZ_PARAM(LzCpu, field, TIME, REQUIRED, .min = 1, .max = 3600 * S, .help = text)

const LzParam lz_schema_cpu[] = {
    FORMAT("lazaret-cpu"),
    LZ_PARAM(LzCpu, name, NAME, REQUIRED, .help = "of the class: the file's name"),
    LZ_PARAM(LzCpu, title, TEXT, .help = "one line for people"),
    LZ_PARAM(LzCpu, clock_hz, .kind = LZ_PARAM_FREQUENCY_HZ, REQUIRED, .min = 1, .help = "of one core"),
    OPERATION(p256_sign_ns, "ECDSA P-256 signature"),
    OPERATION(p256_verify_ns, "ECDSA P-256 verification"),
    OPERATION(p256_ecdhe_ns, "ECDHE P-256: key generation and shared secret"),
    OPERATION(p384_sign_ns, "ECDSA P-384 signature"),
    OPERATION(p384_verify_ns, "ECDSA P-384 verification"),
    OPERATION(p384_ecdhe_ns, "ECDHE P-384: key generation and shared secret"),
    OPERATION(x25519_ecdhe_ns, "X25519: key generation and shared secret"),
    OPERATION(rsa2048_private_ns, "RSA-2048 private operation"),
    OPERATION(rsa2048_public_ns, "RSA-2048 public operation"),
    OPERATION(record_ns, "fixed cost of one TLS record"),
    LZ_PARAM(LzCpu, aead_bps, .kind = LZ_PARAM_BPS, REQUIRED, .min = 1, .help = "authenticated encryption: AES-128-GCM"),
    DERIVED(rsa3072_private_ns, "RSA-3072 private operation", "3.375 times RSA-2048: the cube of the length"),
    DERIVED(rsa3072_public_ns, "RSA-3072 public operation", "2.25 times RSA-2048: the square of the length"),
    DERIVED(mlkem768_keygen_ns, "ML-KEM-768 key generation", "988,722 cycles, as on a Cortex-M4 (pqm4)"),
    DERIVED(mlkem768_encapsulate_ns, "ML-KEM-768 encapsulation", "1,138,225 cycles, as on a Cortex-M4 (pqm4)"),
    DERIVED(mlkem768_decapsulate_ns, "ML-KEM-768 decapsulation", "1,387,984 cycles, as on a Cortex-M4 (pqm4)"),
    LZ_PARAM(LzCpu, ccm_bps, .kind = LZ_PARAM_BPS, .fallback_text = "that of AES-GCM", .help = "AES-128-CCM and CCM-8"),
    LZ_PARAM(LzCpu, chacha_bps, .kind = LZ_PARAM_BPS, .fallback_text = "that of AES-GCM", .help = "ChaCha20-Poly1305"),
    LZ_PARAM(LzCpu, hash_bps, .kind = LZ_PARAM_BPS, REQUIRED, .min = 1, .help = "SHA-256"),
    LZ_PARAM(LzCpu, source, TEXT, REQUIRED, .help = "of the figures, and which are assumed"),
    LZ_PARAM_END,
};
