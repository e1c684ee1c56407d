/* What every registered defence must do: admit a lone well-behaved source, decide the same on the same packets,
 * leave packets alone, keep its state bounded, and clear. */
#include <glib.h>
#include <malloc.h>

#include "lazaret/defence.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"

typedef struct Defence {
    const LzDefenceOps *ops;
    void *config, *state;
} Defence;

static Defence defence_new(const LzModel *model)
{
    Defence defence = {.ops = model->ops, .config = lz_test_config_new(model)};
    defence.state = g_malloc0(model->state_size);
    const LzEnv env = {.seed = 1, .entity = lz_entity_id("defence")};
    defence.ops->init(defence.state, defence.config, &env, 0);
    return defence;
}

static void defence_clear(Defence *defence)
{
    defence->ops->clear(defence->state);
    g_free(defence->state);
    g_free(defence->config);
}

static LzPacket packet_of(LzAddress source, uint8_t flags)
{
    LzPacket packet = {.source = source, .destination = 0x0a000001, .source_port = 50000, .destination_port = 8883,
                       .protocol = LZ_IP_TCP, .tcp_flags = flags};
    lz_packet_set_wire_bytes(&packet);
    return packet;
}

/* A connection each ten minutes and its packets: no defence may refuse that, ever. */
static void test_admits_well_behaved(gconstpointer data)
{
    Defence defence = defence_new(data);
    const LzPacket syn = packet_of(0x0a010203, LZ_TCP_SYN), ack = packet_of(0x0a010203, LZ_TCP_ACK);
    for (LzTime at_ns = 0; at_ns < LZ_SECONDS(86400); at_ns += LZ_SECONDS(600)) {
        g_assert_true(defence.ops->admit(defence.state, &syn, at_ns));
        for (unsigned i = 1; i <= 20; i++) {
            g_assert_true(defence.ops->admit(defence.state, &ack, at_ns + LZ_SECONDS(i)));
        }
    }
    defence_clear(&defence);
}

/* A mixed load drawn from a stream: sources, flags and times. Calls decide() for each packet. */
static void mixed_load(unsigned packets, void (*decide)(void *self, const LzPacket *packet, LzTime now_ns), void *self)
{
    static const uint8_t flags[] = {LZ_TCP_SYN, LZ_TCP_SYN, LZ_TCP_ACK, LZ_TCP_RST, LZ_TCP_FIN | LZ_TCP_ACK};
    LzRandom random;
    lz_random_init(&random, 2, lz_entity_id("load"), LZ_PURPOSE_TRAFFIC);
    LzTime now_ns = 0;
    for (unsigned i = 0; i < packets; i++) {
        now_ns += lz_random_exponential(&random, LZ_MILLISECONDS(5));
        const LzAddress source = 0x0a020000 + (LzAddress)lz_random_below(&random, 30);
        const LzPacket packet = packet_of(source, flags[lz_random_below(&random, G_N_ELEMENTS(flags))]);
        decide(self, &packet, now_ns);
    }
}

typedef struct Pair { Defence first, second; } Pair;

static void decide_twice(void *self, const LzPacket *packet, LzTime now_ns)
{
    Pair *pair = self;
    const LzPacket before = *packet;
    const bool is_admitted = pair->first.ops->admit(pair->first.state, packet, now_ns);
    g_assert_cmpint(is_admitted, ==, pair->second.ops->admit(pair->second.state, packet, now_ns));
    g_assert_cmpmem(packet, sizeof *packet, &before, sizeof before);
}

static void test_is_deterministic(gconstpointer data)
{
    Pair pair = {defence_new(data), defence_new(data)};
    mixed_load(20000, decide_twice, &pair);
    defence_clear(&pair.first);
    defence_clear(&pair.second);
}

/* Half a million sources, then as many again: the second half must not need more memory. */
static void test_is_bounded(gconstpointer data)
{
    enum { SOURCES = 500000 };
    Defence defence = defence_new(data);
    size_t used[2];
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 0; i < SOURCES; i++) {
            const LzPacket syn = packet_of(0x0b000000 + half * SOURCES + i, LZ_TCP_SYN);
            defence.ops->admit(defence.state, &syn, LZ_MICROSECONDS(half * SOURCES + i));
        }
        used[half] = mallinfo2().uordblks;
    }
    g_assert_cmpuint(used[1], <=, used[0] + 4096);
    defence_clear(&defence);
}

static void add(const LzModel *model, const char *name, GTestDataFunc function)
{
    g_autofree char *path = g_strdup_printf("/defences/%s/%s", model->name, name);
    g_test_add_data_func(path, model, function);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const LzModel *const *model = lz_registry_all(LZ_MODEL_DEFENCE); *model; model++) {
        add(*model, "admits-well-behaved", test_admits_well_behaved);
        add(*model, "is-deterministic", test_is_deterministic);
        add(*model, "is-bounded", test_is_bounded);
    }
    return g_test_run();
}
