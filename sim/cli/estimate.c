#include "sim/cli/estimate.h"

#include <glib.h>
#include <math.h>

#include "lazaret/behaviour.h"
#include "lazaret/model.h"
#include "sim/tls/tls.h"

/* Measured on this code with tests/bench/run (gcc -O2, x86-64, 2026-11), on a core that does a bare mutual P-256
 * handshake in 0.75 ms with libcrypto. Memory: the growth of a process with its devices, rows and windows. */
static const double process_bytes = 12.5e6;             /* program, libraries, a scenario of one device */
static const double device_bytes = 6e3;                 /* star-tcp: 5.9 kB; both ends of its TCP connection and the host */
static const double tls_bytes = 9e3;                    /* tls-fleet: 15 kB in all, TLS 1.2 or 1.3; both ends, open */
static const double ticket_bytes = 1.5e3;               /* what a client keeps in order to resume */
static const double handshake_bytes = 36e3;             /* both ends while they shake hands: record buffers, parameters */
static const double row_bytes = 56;                     /* of the series in memory */
static const double flow_window_bytes = 75e3;           /* histograms of one flow of a fleet in one window */
static const double large_message_bytes = 65536;        /* larger ones wait whole in send buffers, in about three copies */

static const double process_s = 10e-3;
static const double device_s = 15e-6;                   /* to build it and take it down */
static const double handshake_libcrypto_s = 0.82e-3;    /* with its certificate */
static const double handshake_builtin_s = 9e-3;
static const double rsa_key_s = 75e-3;                  /* of a fleet or service */
static const double rsa_sign_s = 3e-3;
static const double message_s = 0.6e-6, message_growth_s = 1.2e-6;      /* the second per decade above 100 devices: the */
static const double secret_s = 3.5e-6, secret_growth_s = 3.3e-6;        /* processor's cache holds fewer of them; with TLS */
static const double packet_s = 1.0e-6;                  /* each further one of a message */
static const double packet_bytes = 1460;
static const double row_s = 1e-6;                       /* of series.csv */

/* Rows of the series per interval and scope. */
enum { FLOW_ROWS = 11, FLEET_ROWS = 6, LINK_ROWS = 8, SERVICE_ROWS = 9 };

/* ---- traffic ---- */

static double decades_above_hundred(const LzPlan *plan)
{
    return plan->device_count > 100 ? log10(plan->device_count / 100.0) : 0;
}

static double message_cost_s(const LzPlan *plan, double bytes, bool is_secret)
{
    double decades = decades_above_hundred(plan);
    double plain_s = message_s + message_growth_s * decades + packet_s * floor(bytes / packet_bytes);
    return is_secret ? plain_s + secret_s + secret_growth_s * decades : plain_s;
}

static void add_flow(LzEstimate *estimate, const LzPlan *plan, const LzFleetPlan *fleet, const LzFlowPlan *flow)
{
    const LzBehaviourOps *ops = flow->behaviour.model->ops;
    LzLoad load = ops->load ? ops->load(flow->behaviour.config) : (LzLoad){0};
    double count = flow->carried == LZ_CARRIED_PACKET ? (double)fleet->count : 0;
    estimate->has_bulk = estimate->has_bulk || load.fills_links;
    double messages = load.fills_links ? 0 : load.messages_per_s * count * (double)plan->run.duration_ns / 1e9;
    estimate->messages += messages;
    estimate->cpu_s += messages * message_cost_s(plan, load.message_bytes, fleet->connect.tls.is_enabled);
    estimate->resident_bytes += flow_window_bytes * plan->window_count;
    if (load.message_bytes >= large_message_bytes) {
        estimate->resident_bytes += 3 * load.message_bytes * count;
    }
}

/* ---- handshakes ---- */

static LzTime spread_ns(const LzDist *start)
{
    switch (start->kind) {
    case LZ_DIST_CONSTANT:
        return 0;
    case LZ_DIST_UNIFORM:
        return start->b_ns - start->a_ns;
    case LZ_DIST_EXPONENTIAL:
        return 2 * start->a_ns;
    case LZ_DIST_LOGNORMAL:
        return start->b_ns;
    }
    g_assert_not_reached();
}

/* What one side of a mutual handshake computes, as virtual time of its CPU. */
static double handshake_ns(const LzPlan *plan, const LzCpu *cpu, bool has_rsa)
{
    const LzCryptoWork work = {
        .p256_keygen = 1, .p256_shared = 1, .p256_verify = 2, .p256_sign = !has_rsa, .rsa2048_private = has_rsa, .records = 8,
        .aead_bytes = 2000, .hash_bytes = 6000,
    };
    return (double)lz_crypto_cost_ns(&work, cpu, plan->run.crypto_cost_ppb);
}

static const LzServicePlan *service_of(const LzPlan *plan, const LzText *name)
{
    const LzServicePlan *services = plan->services.items;
    for (unsigned i = 0; i < plan->services.count; i++) {
        if (g_strcmp0(services[i].name.text, name->text) == 0) {
            return &services[i];
        }
    }
    return NULL;
}

/* Of the fleet, how many are in their first handshake at once: as long as both CPUs take, and the server's queue. */
static double handshakes_at_once(const LzPlan *plan, const LzFleetPlan *fleet, const LzServicePlan *service)
{
    double count = (double)fleet->count, spread = (double)MAX(spread_ns(&fleet->connect.start), 1);
    double device_ns = handshake_ns(plan, fleet->cpu_class, lz_key_is_rsa((LzKeyType)fleet->connect.tls.key));
    double service_ns = handshake_ns(plan, service->cpu_class, lz_key_is_rsa((LzKeyType)service->tls.key));
    double queue_ns = MAX(0, count * service_ns / (double)service->cpu_cores - spread);
    return count * MIN(1, (device_ns + service_ns + queue_ns) / spread);
}

static void add_handshakes(LzEstimate *estimate, const LzPlan *plan, const LzFleetPlan *fleet, const LzServicePlan *service)
{
    double count = (double)fleet->count;
    int rsa_signatures = (lz_key_is_rsa((LzKeyType)fleet->connect.tls.key)) + (lz_key_is_rsa((LzKeyType)service->tls.key));
    double each_s = (lz_tls_is_accelerated() ? handshake_libcrypto_s : handshake_builtin_s) + rsa_signatures * rsa_sign_s;
    estimate->handshakes += count;
    estimate->cpu_s += count * each_s + (lz_key_is_rsa((LzKeyType)fleet->connect.tls.key)) * rsa_key_s;
    estimate->resident_bytes += count * (tls_bytes + (fleet->connect.tls.resume ? ticket_bytes : 0));
    estimate->resident_bytes += handshakes_at_once(plan, fleet, service) * handshake_bytes;
}

/* ---- all of it ---- */

static void add_fleet(LzEstimate *estimate, const LzPlan *plan, const LzFleetPlan *fleet)
{
    const LzServicePlan *service = service_of(plan, &fleet->connect.to);
    estimate->resident_bytes += (double)fleet->count * device_bytes;
    estimate->cpu_s += (double)fleet->count * device_s;
    if (service && service->tls.is_enabled && fleet->connect.tls.is_enabled) {
        add_handshakes(estimate, plan, fleet, service);
    }
    for (unsigned i = 0; i < fleet->connections.count; i++) {
        const LzConnectionPlan *connection = &((const LzConnectionPlan *)fleet->connections.items)[i];
        service = service_of(plan, &connection->to);
        if (service && service->tls.is_enabled && connection->tls.is_enabled) {
            add_handshakes(estimate, plan, fleet, service);
        }
    }
    const LzFlowPlan *flows = fleet->resolved->flows.items;
    for (unsigned i = 0; i < fleet->resolved->flows.count; i++) {
        add_flow(estimate, plan, fleet, &flows[i]);
    }
}

static void add_series(LzEstimate *estimate, const LzPlan *plan)
{
    if (plan->record.series_every_ns <= 0) {
        return;
    }
    const LzFleetPlan *fleets = plan->fleet.items;
    double rows = SERVICE_ROWS * plan->services.count + LINK_ROWS * plan->network.links.count + FLEET_ROWS * plan->fleet.count;
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        rows += FLOW_ROWS * fleets[i].resolved->flows.count;
    }
    rows *= (double)plan->run.duration_ns / (double)plan->record.series_every_ns;
    estimate->resident_bytes += rows * row_bytes;
    estimate->cpu_s += rows * row_s;
}

LzEstimate lz_estimate(const LzPlan *plan)
{
    LzEstimate estimate = {.resident_bytes = process_bytes, .cpu_s = process_s};
    const LzFleetPlan *fleets = plan->fleet.items;
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        add_fleet(&estimate, plan, &fleets[i]);
    }
    const LzServicePlan *services = plan->services.items;
    for (unsigned i = 0; i < plan->services.count; i++) {
        estimate.cpu_s += (services[i].tls.is_enabled && lz_key_is_rsa((LzKeyType)services[i].tls.key)) * rsa_key_s;
    }
    add_series(&estimate, plan);
    return estimate;
}

/* Two digits are all that an estimate has. */
static char *rounded(double value)
{
    if (value <= 0) {
        return g_strdup("0");
    }
    double unit = value >= 10 ? pow(10, floor(log10(value)) - 1) : value >= 1 ? 0.1 : 0.01;
    return g_strdup_printf("%.*f", value >= 10 ? 0 : value >= 1 ? 1 : 2, round(value / unit) * unit);
}

char *lz_estimate_text(const LzEstimate *estimate, const LzPlan *plan)
{
    bool is_large = estimate->resident_bytes >= 1e9;
    g_autofree char *memory = rounded(estimate->resident_bytes / (is_large ? 1e9 : 1e6));
    g_autofree char *cpu = rounded(estimate->cpu_s);
    g_autofree char *times = rounded((double)plan->run.duration_ns / 1e9 / estimate->cpu_s);
    g_autofree char *speed = estimate->has_bulk ? g_strdup("") : g_strdup_printf(" (%s x real time)", times);
    g_autofree char *handshakes = rounded(estimate->handshakes);
    g_autofree char *messages = rounded(estimate->messages);
    static const char *const left_out[] = {"", ", bulk transfers not counted", ", attacks not counted", ", bulk transfers and attacks not counted"};
    return g_strdup_printf("about %s %s and %s s of CPU%s%s: %s handshakes, %s messages%s", memory,
                           is_large ? "GB" : "MB", cpu, plan->run.repeat > 1 ? " each repetition" : "", speed, handshakes,
                           messages, left_out[(plan->attacks.count > 0) * 2 + estimate->has_bulk]);
}
