/* What is in the network and what happens there: services, fleets, attacks, faults, defences, the run and what it records. */
#include "sim/scenario/resolve.h"

#include <string.h>

#include "lazaret/dscp.h"
#include "lazaret/model.h"
#include "lazaret/service.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema.h"

#define THREADS_MAX 1024

/* ---- services, fleets ---- */

enum { VERSION_1_2, VERSION_1_3 };      /* words of LzTlsPlan.min and max */

static bool has_name(const LzNameList *names, const char *name)
{
    for (unsigned i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].text, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether two lists have a name in common; an empty one stands for the fallback. */
static bool do_meet(const LzNameList *ours, const LzNameList *theirs, const char *fallback)
{
    LzText alone = {.text = fallback};
    LzNameList standing_for_none = {&alone, fallback ? 1 : 0};
    ours = ours->count > 0 ? ours : &standing_for_none;
    theirs = theirs->count > 0 ? theirs : &standing_for_none;
    bool is_any = !fallback && (ours->count == 0 || theirs->count == 0);
    for (unsigned i = 0; !is_any && i < ours->count; i++) {
        is_any = has_name(theirs, ours->items[i].text);
    }
    return is_any;
}

/* The suites that Mbed TLS has of TLS 1.2: ECDHE_PSK with ChaCha20 alone, RSA with everything else. */
static bool has_old_suite(const LzTlsPlan *tls)
{
    bool has_chacha = has_name(&tls->suites, "chacha20-poly1305");
    bool has_aes = tls->suites.count == 0 || tls->suites.count > (has_chacha ? 1u : 0u);
    bool has_any = tls->exchanges.count == 0 || has_name(&tls->exchanges, "ecdhe") || has_name(&tls->exchanges, "psk");
    return has_any || (has_chacha && has_name(&tls->exchanges, "psk-dhe")) || (has_aes && has_name(&tls->exchanges, "rsa"));
}

void lz_resolve_check_tls(LzResolver *resolver, const LzTlsPlan *tls, LzMark mark)
{
    if (tls->is_enabled && tls->min > tls->max) {
        lz_report_error(resolver->report, "E116", mark, 1, "`min` of `tls` is above its `max`");
    } else if (tls->is_enabled && tls->max == VERSION_1_2 && tls->is_hybrid) {
        lz_report_error(resolver->report, "E116", mark, 1, "`post_quantum` is of TLS 1.3, and `max` of `tls` is \"1.2\"");
    } else if (tls->is_enabled && tls->max == VERSION_1_2 && !has_old_suite(tls)) {
        LzDiagnostic *diagnostic = lz_report_error(resolver->report, "E116", mark, 1,
                                                   "TLS 1.2 has no cipher suite for these `exchanges` and `suites`");
        lz_diagnostic_hint(diagnostic, "psk-dhe needs chacha20-poly1305, rsa any but chacha20-poly1305");
    }
}

void lz_resolve_dtls(LzResolver *resolver, LzTlsPlan *tls, bool has_srtp, LzMark mark)
{
    if (tls->is_enabled && tls->min != VERSION_1_2) {
        lz_report_error(resolver->report, "E116", mark, 1, "over UDP there is DTLS 1.2 alone, and `min` of `tls` is \"1.3\"");
    } else if (tls->is_enabled && tls->dtls.retransmit_ns > tls->dtls.retransmit_max_ns) {
        lz_report_error(resolver->report, "E116", mark, 1, "`retransmit` of `dtls` is longer than its `retransmit_max`");
    }
    tls->is_datagram = true;
    tls->has_srtp = has_srtp;
    tls->min = tls->max = VERSION_1_2;
}

/* Where a `tls` map stands, below the given map. */
LzMark lz_resolve_tls_mark(const LzNode *node, LzMark fallback)
{
    const LzNode *tls = lz_node_get(node, "tls", NULL);
    return tls ? tls->mark : fallback;
}

/* A service that others need must be of that kind. */
static void resolve_need(LzResolver *resolver, const LzText *name, const char *kind)
{
    const LzServicePlan *service = lz_names_resolve(resolver->services, "E106", name);
    if (service && service->kind.model && strcmp(service->kind.model->name, kind) != 0) {
        lz_report_error(resolver->report, "E126", name->mark, lz_text_length(name), "service `%s` is of kind %s, not %s",
                        name->text, service->kind.model->name, kind);
    }
}

static void resolve_status(LzResolver *resolver, LzServicePlan *service)
{
    LzStatusPlan *status = &service->tls.status;
    resolve_need(resolver, &status->from, "cert-status");
    const LzNode *tls = lz_node_get(lz_walk_node(resolver->walk, service), "tls", NULL);
    const LzNode *node = tls ? lz_node_get(tls, "revocation", NULL) : NULL;
    if (node && status->method != 0 && !status->from.text) {
        lz_report_error(resolver->report, "E151", node->mark, node->length, "whoever asks about certificates needs `from`");
    }
}

static void resolve_service(LzResolver *resolver, LzServicePlan *service)
{
    lz_resolve_access(resolver, &service->link, &service->zone);
    const LzServiceOps *ops = service->kind.model ? service->kind.model->ops : NULL;
    if (ops && ops->port > 0 && !lz_node_find(lz_walk_node(resolver->walk, service), "port")) {
        service->port = service->tls.is_enabled && ops->secure_port > 0 ? ops->secure_port : ops->port;
    }
    LzMark tls_mark = lz_resolve_tls_mark(lz_walk_node(resolver->walk, service), service->name.mark);
    bool is_plain = ops && ops->is_plain && !lz_node_find(lz_walk_node(resolver->walk, service), "tls");
    if (is_plain || (ops && ops->is_datagram && !ops->carries_tls && !ops->speaks_dtls)) {
        service->tls.is_enabled = false;
    } else if (ops && ops->speaks_dtls) {
        lz_resolve_dtls(resolver, &service->tls, ops->carries_media, tls_mark);
    }
    service->cpu_class = lz_data_cpu(resolver->data, &service->cpu);
    if (service->kind.model) {
        lz_resolve_host_groups(resolver, service->kind.model->params, service->kind.config);
    }
    resolve_status(resolver, service);
    lz_resolve_check_tls(resolver, &service->tls, tls_mark);
}

static void check_topic(LzResolver *resolver, const LzFlowPlan *flow)
{
    if (flow->publish.text && strpbrk(flow->publish.text, "+#")) {
        lz_report_error(resolver->report, "E118", flow->publish.mark, lz_text_length(&flow->publish),
                        "a topic to publish to holds no wildcard (`+`, `#`)");
    }
    static const char *const known[] = {"{zone}", "{fleet}", "{id}", "{device}"};
    const char *open = flow->publish.text ? strchr(flow->publish.text, '{') : NULL;
    for (; open; open = strchr(open + 1, '{')) {
        const char *end = strchr(open, '}');
        g_autofree char *word = g_strndup(open, end ? (size_t)(end - open) + 1 : strlen(open));
        if (g_strv_contains((const char *const[]){known[0], known[1], known[2], known[3], NULL}, word)) {
            continue;
        }
        g_autofree char *quoted = lz_quote(word);
        LzDiagnostic *diagnostic =
            lz_report_error(resolver->report, "E118", flow->publish.mark, lz_text_length(&flow->publish),
                            "nothing replaces `%s` in a topic", quoted);
        lz_diagnostic_suggest(diagnostic, word, known, G_N_ELEMENTS(known), NULL);
    }
}

static const LzFlowPlan *find_flow(const LzList *flows, const char *name)
{
    for (unsigned i = 0; i < flows->count; i++) {
        const LzFlowPlan *flow = LZ_ITEM(*flows, LzFlowPlan, i);
        if (flow->name.text && strcmp(flow->name.text, name) == 0) {
            return flow;
        }
    }
    return NULL;
}

/* The profile's flows, those of the same name replaced, then the fleet's others. */
static LzList merge_flows(LzArena *arena, const LzList *profile, const LzList *traffic)
{
    LzList merged = {lz_arena_array(arena, profile->count + traffic->count, sizeof(LzFlowPlan)), 0};
    LzFlowPlan *flows = merged.items;
    for (unsigned i = 0; i < profile->count; i++) {
        const LzFlowPlan *flow = LZ_ITEM(*profile, LzFlowPlan, i);
        const LzFlowPlan *instead = flow->name.text ? find_flow(traffic, flow->name.text) : NULL;
        flows[merged.count++] = instead ? *instead : *flow;
    }
    for (unsigned i = 0; i < traffic->count; i++) {
        const LzFlowPlan *flow = LZ_ITEM(*traffic, LzFlowPlan, i);
        if (flow->name.text && !find_flow(profile, flow->name.text)) {
            flows[merged.count++] = *flow;
        }
    }
    return merged;
}

static bool has_connections(const LzList *flows)
{
    for (unsigned i = 0; i < flows->count; i++) {
        if (LZ_ITEM(*flows, LzFlowPlan, i)->connection.text) {
            return true;
        }
    }
    return false;
}

static LzList without_days(LzArena *arena, const LzList *flows)
{
    LzList plain = {lz_arena_array(arena, flows->count, sizeof(LzFlowPlan)), flows->count};
    for (unsigned i = 0; i < flows->count; i++) {
        LzFlowPlan *flow = LZ_ITEM(plain, LzFlowPlan, i);
        *flow = *LZ_ITEM(*flows, LzFlowPlan, i);
        flow->day = NULL;
    }
    return plain;
}

static void resolve_profile(LzResolver *resolver, LzFleetPlan *fleet)
{
    const LzProfilePlan *profile = lz_data_profile(resolver->data, &fleet->profile);
    lz_data_flows(resolver->data, &fleet->traffic);
    G_GNUC_UNUSED g_autoptr(LzNames) flows =
        lz_names_new(resolver->report, "flow", &fleet->traffic, sizeof(LzFlowPlan));
    for (unsigned i = 0; i < fleet->traffic.count; i++) {
        check_topic(resolver, LZ_ITEM(fleet->traffic, LzFlowPlan, i));
    }
    if (!profile) {
        return;
    }
    LzProfilePlan *resolved = lz_arena_alloc(resolver->walk->arena, sizeof *resolved);
    *resolved = *profile;
    if (fleet->traffic.count > 0) {
        resolved->flows = merge_flows(resolver->walk->arena, &profile->flows, &fleet->traffic);
    }
    if (!fleet->follows_day) {
        resolved->flows = without_days(resolver->walk->arena, &resolved->flows);
    }
    if (fleet->connections.count > 0 || has_connections(&resolved->flows)) {
        resolved->flows = lz_resolve_connections(resolver, fleet, &resolved->flows);
    }
    fleet->traffic = resolved->flows;
    fleet->resolved = resolved;
    if (!fleet->cpu.text) {
        fleet->cpu = profile->cpu;
        fleet->cpu_class = profile->cpu_class;
        return;
    }
    fleet->cpu_class = lz_data_cpu(resolver->data, &fleet->cpu);
}

static void warn_lists(LzResolver *resolver, const LzText *fleet, const LzTlsPlan *ours, const LzServicePlan *service, LzMark mark)
{
    const LzTlsPlan *theirs = &service->tls;
    const char *missing = !do_meet(&ours->suites, &theirs->suites, "aes-128-gcm")     ? "cipher (`suites`)"
                        : !do_meet(&ours->exchanges, &theirs->exchanges, "ecdhe")     ? "key exchange (`exchanges`)"
                        : !do_meet(&ours->groups, &theirs->groups, NULL)              ? "group (`groups`)"
                                                                                      : NULL;
    if (missing) {
        lz_report_warning(resolver->report, "W304", mark, 1,
                          "fleet `%s` and service `%s` have no %s in common: every handshake will be refused", fleet->text,
                          service->name.text, missing);
    }
}

/* What can run, but hardly is what was meant. */
void lz_resolve_warn_tls(LzResolver *resolver, const LzText *fleet, const LzTlsPlan *ours, const LzText *to,
                         const LzServicePlan *service, const LzNode *node)
{
    const LzTlsPlan *theirs = &service->tls;
    const LzNode *written = lz_node_get(node, "tls", NULL);
    LzMark mark = written ? written->mark : to->mark;
    if (!service->name.text || !fleet->text) {
        return;
    }
    if (!theirs->is_enabled && ours->is_enabled && written) {
        lz_report_warning(resolver->report, "W304", mark, 1,
                          "service `%s` speaks no TLS, so fleet `%s` does not either, whatever its `tls` says",
                          service->name.text, fleet->text);
    } else if (theirs->is_enabled && !ours->is_enabled) {
        lz_report_warning(resolver->report, "W304", mark, 1,
                          "service `%s` speaks TLS and fleet `%s` does not: no session will open", service->name.text,
                          fleet->text);
    } else if (theirs->is_enabled && (ours->min > theirs->max || ours->max < theirs->min)) {
        lz_report_warning(resolver->report, "W304", mark, 1,
                          "fleet `%s` and service `%s` have no version of TLS in common: every handshake will be refused",
                          fleet->text, service->name.text);
    } else if (theirs->is_enabled) {
        warn_lists(resolver, fleet, ours, service, mark);
    }
}

/* The first access link of a zone that has the label, or that has any when none is wanted; -1: there is none. */
static int find_access(const LzPlan *plan, const LzText *zone, const LzText *label)
{
    for (unsigned i = 0; i < plan->network.links.count; i++) {
        const LzLinkPlan *link = LZ_ITEM(plan->network.links, LzLinkPlan, i);
        bool is_here = link->zone.text && zone->text && strcmp(link->zone.text, zone->text) == 0;
        if (is_here && (!label->text || g_strcmp0(link->access.text, label->text) == 0)) {
            return (int)i;
        }
    }
    return -1;
}

static void find_links_of_place(LzResolver *resolver, LzFleetPlan *fleet, const LzPlacePlan *place)
{
    const LzPlan *plan = resolver->plan;
    fleet->links = lz_arena_array(resolver->walk->arena, place->zone_count, sizeof *fleet->links);
    for (unsigned i = 0; i < place->zone_count; i++) {
        int link = find_access(plan, &LZ_ITEM(plan->network.zones, LzZonePlan, place->zones[i])->name, &fleet->access);
        if (link >= 0) {
            fleet->links[fleet->link_count++] = (unsigned)link;
        }
    }
    if (fleet->link_count == 0) {
        const LzText *wrong = fleet->access.text ? &fleet->access : &fleet->place;
        lz_report_error(resolver->report, "E123", wrong->mark, lz_text_length(wrong),
                        "no zone of place `%s` has an access link%s%s%s", place->name.text,
                        fleet->access.text ? " labelled `" : "", fleet->access.text ? fleet->access.text : "",
                        fleet->access.text ? "`" : "");
    }
}

/* Where the devices hang: on one link, or on those of a place. */
static void resolve_links(LzResolver *resolver, LzFleetPlan *fleet)
{
    const LzNode *node = lz_walk_node(resolver->walk, fleet);
    if (!node || !lz_node_find(node, "link") == !lz_node_find(node, "place")) {
        unsigned length;
        LzMark mark = lz_walk_mark(resolver->walk, fleet, "name", &length);
        lz_report_error(resolver->report, "E123", mark, length, "a fleet needs either `link` or `place`");
        return;
    }
    if (fleet->link.text && fleet->access.text) {
        lz_report_error(resolver->report, "E123", fleet->access.mark, lz_text_length(&fleet->access),
                        "`access` chooses among the links of a `place`: beside `link` it has no meaning");
    }
    if (fleet->place.text) {
        const LzPlacePlan *place = lz_names_resolve(resolver->places, "E122", &fleet->place);
        if (place) {
            find_links_of_place(resolver, fleet, place);
        }
        return;
    }
    lz_resolve_access(resolver, &fleet->link, &fleet->zone);
    const LzLinkPlan *link = fleet->link.text ? lz_names_find(resolver->links, fleet->link.text) : NULL;
    if (link) {
        fleet->links = lz_arena_alloc(resolver->walk->arena, sizeof *fleet->links);
        fleet->links[0] = (unsigned)(link - LZ_ITEM(resolver->plan->network.links, LzLinkPlan, 0));
        fleet->link_count = 1;
    }
}

/* Keys that a method must have. */
static const struct OnboardingKey { const char *key; LzOnboardingMethod method; } onboarding_keys[] = {
    {"nac", LZ_ONBOARDING_EST}, {"registrar", LZ_ONBOARDING_EST}, {"nac", LZ_ONBOARDING_MAB},
};

/* A key of another method is no mistake: the methods of a scenario are compared by changing that word alone. */
static void resolve_onboarding(LzResolver *resolver, LzFleetPlan *fleet)
{
    LzOnboardingPlan *onboarding = &fleet->onboarding;
    resolve_need(resolver, &onboarding->nac, "nac");
    resolve_need(resolver, &onboarding->registrar, "registrar");
    const LzNode *node = lz_node_get(lz_walk_node(resolver->walk, fleet), "onboarding", NULL);
    for (unsigned i = 0; node && i < G_N_ELEMENTS(onboarding_keys); i++) {
        const struct OnboardingKey *row = &onboarding_keys[i];
        if ((int)row->method == onboarding->method && !lz_node_get(node, row->key, NULL)) {
            lz_report_error(resolver->report, "E141", node->mark, node->length, "onboarding by %s needs `%s`",
                            lz_onboarding_words[onboarding->method], row->key);
        }
    }
    if (onboarding->method == LZ_ONBOARDING_EST && node && !fleet->connect.tls.is_enabled) {
        lz_report_error(resolver->report, "E141", node->mark, node->length,
                        "onboarding by eap-tls-est is for devices that speak TLS, and fleet `%s` does not",
                        fleet->name.text ? fleet->name.text : "");
    }
}

static void resolve_fleet(LzResolver *resolver, LzFleetPlan *fleet)
{
    LzPlan *plan = resolver->plan;
    resolve_links(resolver, fleet);
    resolve_need(resolver, &fleet->dhcp, "dhcp");
    resolve_need(resolver, &fleet->ntp, "ntp");
    resolve_need(resolver, &fleet->dns, "dns");
    resolve_onboarding(resolver, fleet);
    resolve_profile(resolver, fleet);
    const LzServicePlan *service = lz_names_resolve(resolver->services, "E106", &fleet->connect.to);
    const LzNode *connect = lz_node_get(lz_walk_node(resolver->walk, fleet), "connect", NULL);
    LzMark tls_mark = lz_resolve_tls_mark(connect, fleet->name.mark);
    if (service && service->tls.is_datagram) {
        lz_resolve_dtls(resolver, &fleet->connect.tls, service->tls.has_srtp, tls_mark);
    }
    lz_resolve_check_tls(resolver, &fleet->connect.tls, tls_mark);
    if (service) {
        lz_resolve_warn_tls(resolver, &fleet->name, &fleet->connect.tls, &fleet->connect.to, service, connect);
    }
    if (fleet->count > LZ_DEVICES_MAX - (int64_t)plan->device_count) {
        lz_report_error(resolver->report, "E115", fleet->name.mark, 1, "more than %d devices in all fleets",
                        LZ_DEVICES_MAX);
        return;
    }
    plan->device_count += (unsigned)fleet->count;
}

/* ---- attacks, faults, defences ---- */

static void warn_end(LzResolver *resolver, const void *item, const char *what, const LzText *name, LzTime at_ns,
                     LzTime for_ns)
{
    LzTime duration_ns = resolver->plan->run.duration_ns;
    if (!name->text || duration_ns == 0 || at_ns + for_ns <= duration_ns) {
        return;
    }
    g_autofree char *end = lz_quantity_format(LZ_PARAM_TIME_NS, at_ns + for_ns);
    g_autofree char *run_end = lz_quantity_format(LZ_PARAM_TIME_NS, duration_ns);
    unsigned length = 1;
    if (at_ns >= duration_ns) {
        LzMark mark = lz_walk_mark(resolver->walk, item, "at", &length);
        lz_report_warning(resolver->report, "W302", mark, length, "%s `%s` begins after the run ends (%s)", what,
                          name->text, run_end);
        return;
    }
    LzMark mark = lz_walk_mark(resolver->walk, item, "for", &length);
    lz_report_warning(resolver->report, "W301", mark, length, "%s `%s` ends (%s) after the run does (%s)", what,
                      name->text, end, run_end);
}

static void resolve_attack(LzResolver *resolver, LzAttackPlan *attack)
{
    lz_resolve_access(resolver, &attack->from.link, NULL);
    attack->from.cpu_class = lz_data_cpu(resolver->data, &attack->from.cpu);
    lz_names_resolve(resolver->services, "E106", &attack->target);
    lz_resolve_check_tls(resolver, &attack->tls, lz_resolve_tls_mark(lz_walk_node(resolver->walk, attack), attack->name.mark));
    warn_end(resolver, attack, "attack", &attack->name, attack->at_ns, attack->for_ns);
}

#define KIND(word) (1u << LZ_FAULT_##word)

typedef struct FaultKey {               /* of which kinds a key is, and which of them must have it */
    const char *key;
    unsigned kinds, needed_by;
} FaultKey;

static const FaultKey fault_keys[] = {
    {"zone", KIND(SWITCH_OFF) | KIND(POWER_LOSS), KIND(SWITCH_OFF)},
    {"link", KIND(LINK_DOWN) | KIND(LOSS_BURST) | KIND(DELAY_STEP),
     KIND(LINK_DOWN) | KIND(LOSS_BURST) | KIND(DELAY_STEP)},
    {"service", KIND(SERVICE_DOWN), KIND(SERVICE_DOWN)},
    {"fleet", KIND(POWER_LOSS) | KIND(CLOCK_SKEW) | KIND(REVOKE), KIND(CLOCK_SKEW) | KIND(REVOKE)},
    {"share", KIND(REVOKE), 0},
    {"count", KIND(REVOKE), 0},
    {"place", KIND(POWER_LOSS), 0},
    {"loss", KIND(LOSS_BURST), KIND(LOSS_BURST)},
    {"delay", KIND(DELAY_STEP), KIND(DELAY_STEP)},
    {"skew", KIND(CLOCK_SKEW), KIND(CLOCK_SKEW)},
    {"boot", KIND(POWER_LOSS), 0},
};

static void check_fault_keys(LzResolver *resolver, const LzFaultPlan *fault, const LzNode *node)
{
    unsigned length = 1;
    LzMark kind_mark = lz_walk_mark(resolver->walk, fault, "kind", &length);
    for (unsigned i = 0; i < G_N_ELEMENTS(fault_keys); i++) {
        const FaultKey *row = &fault_keys[i];
        const LzEntry *entry = lz_node_find(node, row->key);
        if (!entry && row->needed_by & 1u << fault->kind) {
            lz_report_error(resolver->report, "E114", kind_mark, length, "a %s needs `%s`", lz_fault_words[fault->kind],
                            row->key);
        } else if (entry && !(row->kinds & 1u << fault->kind)) {
            lz_report_error(resolver->report, "E114", entry->value->mark, entry->value->length,
                            "`%s` has no meaning for a %s", row->key, lz_fault_words[fault->kind]);
        }
    }
    bool has_one = !!lz_node_find(node, "fleet") + !!lz_node_find(node, "zone") + !!lz_node_find(node, "place") == 1;
    if (fault->kind == LZ_FAULT_POWER_LOSS && !has_one) {
        lz_report_error(resolver->report, "E114", kind_mark, length, "a power-loss needs one of `fleet`, `zone`, `place`");
    }
}

static void resolve_fault(LzResolver *resolver, LzFaultPlan *fault)
{
    const LzNode *node = lz_walk_node(resolver->walk, fault);
    if (node) {
        check_fault_keys(resolver, fault, node);
    }
    lz_names_resolve(resolver->zones, "E102", &fault->zone);
    lz_names_resolve(resolver->links, "E103", &fault->link);
    lz_names_resolve(resolver->services, "E106", &fault->service);
    lz_names_resolve(resolver->fleets, "E107", &fault->fleet);
    lz_names_resolve(resolver->places, "E122", &fault->place);
    if (fault->at.kind == LZ_DIST_CONSTANT && fault->duration.kind == LZ_DIST_CONSTANT) {
        warn_end(resolver, fault, "fault", &fault->name, fault->at.a_ns, fault->duration.a_ns);
    }
}

/* An attack and a fault both give their name to a window, where `always` and `warmup` are taken. */
static void check_window_names(LzResolver *resolver)
{
    const LzPlan *plan = resolver->plan;
    for (unsigned i = 0; i < plan->attacks.count + plan->faults.count; i++) {
        const LzText *name = i < plan->attacks.count
                                 ? &LZ_ITEM(plan->attacks, LzAttackPlan, i)->name
                                 : &LZ_ITEM(plan->faults, LzFaultPlan, i - plan->attacks.count)->name;
        if (!name->text) {
            continue;
        }
        if (i < plan->attacks.count && lz_names_find(resolver->fleets, name->text)) {
            lz_report_error(resolver->report, "E108", name->mark, lz_text_length(name),
                            "the name `%s` is taken: a fleet has it, and both name hosts", name->text);
        }
        bool is_reserved = strcmp(name->text, "always") == 0 || strcmp(name->text, "warmup") == 0;
        if (is_reserved || (i >= plan->attacks.count && lz_names_find(resolver->attacks, name->text))) {
            lz_report_error(resolver->report, "E108", name->mark, lz_text_length(name), "the name `%s` is taken: %s",
                            name->text,
                            is_reserved ? "it names a window of every run" : "an attack has it, and both name windows");
        }
    }
}

/* ---- defences ---- */

static void resolve_defence(LzResolver *resolver, const LzDefencePlan *defence)
{
    bool is_in_zone = defence->where.text && !lz_names_find(resolver->services, defence->where.text) &&
                      lz_names_find(resolver->zones, defence->where.text);
    if (!is_in_zone) {
        lz_names_resolve(resolver->services, "E106", &defence->where);
    }
    if (defence->kind.model) {
        lz_resolve_host_groups(resolver, defence->kind.model->params, defence->kind.config);
    }
}

/* ---- run, record ---- */

static void resolve_threads(LzResolver *resolver)
{
    const LzText *text = &resolver->plan->run.threads;
    int64_t threads = 0;
    bool is_auto = strcmp(text->text, "auto") == 0;
    bool is_number = lz_quantity_parse(LZ_PARAM_COUNT, text->text, &threads) == LZ_QUANTITY_OK;
    if (!is_auto && (!is_number || threads < 1 || threads > THREADS_MAX)) {
        lz_report_error(resolver->report, "E024", text->mark, lz_text_length(text), "`threads` is auto or 1 to %d",
                        THREADS_MAX);
        return;
    }
    resolver->plan->threads = is_auto ? MIN(g_get_num_processors(), THREADS_MAX) : (unsigned)threads;
}

static void check_run(LzResolver *resolver, const LzNode *root)
{
    const LzRunPlan *run = &resolver->plan->run;
    const LzNode *warmup = lz_node_get(root, "run", "warmup", NULL);
    if (run->duration_ns > 0 && run->warmup_ns >= run->duration_ns && warmup) {
        g_autofree char *duration = lz_quantity_format(LZ_PARAM_TIME_NS, run->duration_ns);
        lz_report_error(resolver->report, "E113", warmup->mark, warmup->length,
                        "`warmup` must be shorter than the run (%s)", duration);
    }
    resolve_threads(resolver);
}

/* "pump[7]": a device of a fleet, counted from 1. */
static void check_device(LzResolver *resolver, const LzText *device)
{
    if (!device->text) {
        return;
    }
    const char *open = strchr(device->text, '[');
    g_autofree char *name = open ? g_strndup(device->text, (size_t)(open - device->text)) : NULL;
    const LzFleetPlan *fleet = name ? lz_names_find(resolver->fleets, name) : NULL;
    size_t size = strlen(device->text);
    g_autofree char *number =
        fleet && device->text[size - 1] == ']' ? g_strndup(open + 1, size - (size_t)(open - device->text) - 2) : NULL;
    int64_t index = 0;
    if (number && lz_quantity_parse(LZ_PARAM_COUNT, number, &index) == LZ_QUANTITY_OK && index >= 1 &&
        index <= fleet->count) {
        return;
    }
    g_autofree char *quoted = lz_quote(device->text);
    LzDiagnostic *diagnostic =
        lz_report_error(resolver->report, "E119", device->mark, lz_text_length(device), "unknown device `%s`", quoted);
    lz_names_suggest(resolver->fleets, diagnostic, name ? name : device->text);
    lz_diagnostic_hint(diagnostic, "a device is FLEET[N], from 1 to the fleet's count");
}

static void check_record(LzResolver *resolver)
{
    const LzCapturePlan *capture = &resolver->plan->record.pcapng;
    lz_names_resolve(resolver->fleets, "E107", &capture->fleet);
    check_device(resolver, &capture->device);
    const LzLinkPlan *link = lz_names_resolve(resolver->links, "E103", &capture->link);
    if (link && !link->from.text) {
        lz_report_error(resolver->report, "E110", capture->link.mark, lz_text_length(&capture->link),
                        "`%s` is an access link: a capture on a link is of one between two zones", link->name.text);
    }
}

/* ---- all ---- */

static void index_names(LzResolver *resolver)
{
    LzPlan *plan = resolver->plan;
    LzReport *report = resolver->report;
    resolver->zones = lz_names_new(report, "zone", &plan->network.zones, sizeof(LzZonePlan));
    resolver->places = lz_names_new(report, "place", &plan->network.places, sizeof(LzPlacePlan));
    resolver->segments = lz_names_new(report, "segment", &plan->segments, sizeof(LzSegmentPlan));
    resolver->links = lz_names_new(report, "link", &plan->network.links, sizeof(LzLinkPlan));
    resolver->services = lz_names_new(report, "service", &plan->services, sizeof(LzServicePlan));
    resolver->fleets = lz_names_new(report, "fleet", &plan->fleet, sizeof(LzFleetPlan));
    resolver->attacks = lz_names_new(report, "attack", &plan->attacks, sizeof(LzAttackPlan));
    resolver->faults = lz_names_new(report, "fault", &plan->faults, sizeof(LzFaultPlan));
    resolver->defences = lz_names_new(report, "defence", &plan->defences, sizeof(LzDefencePlan));
}

static void clear_names(LzResolver *resolver)
{
    lz_names_free(resolver->zones);
    lz_names_free(resolver->links);
    lz_names_free(resolver->places);
    lz_names_free(resolver->segments);
    lz_names_free(resolver->services);
    lz_names_free(resolver->fleets);
    lz_names_free(resolver->attacks);
    lz_names_free(resolver->faults);
    lz_names_free(resolver->defences);
}

static void resolve_parts(LzResolver *resolver)
{
    LzPlan *plan = resolver->plan;
    lz_resolve_links(resolver);
    for (unsigned i = 0; i < plan->services.count; i++) {
        resolve_service(resolver, LZ_ITEM(plan->services, LzServicePlan, i));
    }
    lz_resolve_reach(resolver);
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        resolve_fleet(resolver, LZ_ITEM(plan->fleet, LzFleetPlan, i));
    }
    for (unsigned i = 0; i < plan->attacks.count; i++) {
        resolve_attack(resolver, LZ_ITEM(plan->attacks, LzAttackPlan, i));
    }
    for (unsigned i = 0; i < plan->faults.count; i++) {
        resolve_fault(resolver, LZ_ITEM(plan->faults, LzFaultPlan, i));
    }
    lz_resolve_segments(resolver);
    for (unsigned i = 0; i < plan->defences.count; i++) {
        resolve_defence(resolver, LZ_ITEM(plan->defences, LzDefencePlan, i));
    }
    lz_resolve_carried(resolver);
}

void lz_resolve(LzPlan *plan, LzWalk *walk, LzData *data)
{
    LzResolver resolver = {.plan = plan, .walk = walk, .report = walk->report, .data = data};
    resolver.windows = g_array_new(FALSE, TRUE, sizeof(LzWindowPlan));
    index_names(&resolver);
    check_run(&resolver, lz_walk_node(walk, plan));
    resolve_parts(&resolver);
    check_window_names(&resolver);
    check_record(&resolver);
    lz_resolve_windows(&resolver);
    lz_resolve_expectations(&resolver);
    plan->window_count = resolver.windows->len;
    plan->windows = lz_arena_array(walk->arena, plan->window_count, sizeof(LzWindowPlan));
    memcpy(plan->windows, resolver.windows->data, plan->window_count * sizeof(LzWindowPlan));
    clear_names(&resolver);
    g_array_unref(resolver.windows);
}
