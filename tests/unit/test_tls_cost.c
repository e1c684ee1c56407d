/* From counted operations to virtual CPU time, with the figures of a 120 MHz Cortex-M4. */
#include "tests/lib/test_world.h"
#include "tests/lib/tls_pipe.h"

static const LzTime start_ns = LZ_TEST_START_S * LZ_NS_PER_S;
static const uint32_t as_published_ppb = 1000000000;

/* NXP FRDM-K64F, Mbed TLS 2.3.0; see models/cpus/cortex-m4-120mhz.yaml. */
static const LzCpu k64f = {
    .clock_hz = 120000000,
    .p256_sign_ns = LZ_MILLISECONDS(250),
    .p256_verify_ns = LZ_MILLISECONDS(429),
    .p256_ecdhe_ns = LZ_MILLISECONDS(429),
    .p384_sign_ns = LZ_MILLISECONDS(429),
    .p384_verify_ns = LZ_MILLISECONDS(752),
    .p384_ecdhe_ns = LZ_MILLISECONDS(752),
    .x25519_ecdhe_ns = LZ_MILLISECONDS(359),
    .rsa2048_private_ns = LZ_MILLISECONDS(752),
    .rsa2048_public_ns = LZ_MILLISECONDS(22),
    .rsa3072_private_ns = LZ_MILLISECONDS(2538),        /* this and the next as describe says */
    .rsa3072_public_ns = LZ_MICROSECONDS(49500),
    .mlkem768_keygen_ns = 8239350,
    .mlkem768_encapsulate_ns = 9485208,
    .mlkem768_decapsulate_ns = 11566533,
    .record_ns = LZ_MICROSECONDS(149),
    .aead_bps = 431000 * 8,
    .ccm_bps = 431000 * 8,
    .chacha_bps = 431000 * 8,
    .hash_bps = 2004000 * 8,
};

static LzTime cost_ns(LzCryptoWork work)
{
    return lz_crypto_cost_ns(&work, &k64f, as_published_ppb);
}

static void test_each_operation(void)
{
    g_assert_cmpint(cost_ns((LzCryptoWork){0}), ==, 0);
    g_assert_cmpint(cost_ns((LzCryptoWork){.p256_keygen = 1, .p256_shared = 1}), ==, k64f.p256_ecdhe_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.p256_keygen = 1}), ==, k64f.p256_ecdhe_ns / 2);
    g_assert_cmpint(cost_ns((LzCryptoWork){.p256_sign = 2}), ==, 2 * k64f.p256_sign_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.p256_verify = 3}), ==, 3 * k64f.p256_verify_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.p384_keygen = 1, .p384_shared = 1}), ==, k64f.p384_ecdhe_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.p384_sign = 1, .p384_verify = 1}), ==,
                    k64f.p384_sign_ns + k64f.p384_verify_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.x25519_keygen = 1, .x25519_shared = 1}), ==, k64f.x25519_ecdhe_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.rsa2048_private = 1}), ==, k64f.rsa2048_private_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.rsa2048_public = 5}), ==, 5 * k64f.rsa2048_public_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.rsa3072_private = 1, .rsa3072_public = 1}), ==,
                    k64f.rsa3072_private_ns + k64f.rsa3072_public_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.mlkem768_keygen = 1, .mlkem768_encapsulate = 1, .mlkem768_decapsulate = 1}), ==,
                    k64f.mlkem768_keygen_ns + k64f.mlkem768_encapsulate_ns + k64f.mlkem768_decapsulate_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.ccm_bytes = 431000, .chacha_bytes = 431000}), ==, LZ_SECONDS(2));
    g_assert_cmpint(cost_ns((LzCryptoWork){.records = 7}), ==, 7 * k64f.record_ns);
    g_assert_cmpint(cost_ns((LzCryptoWork){.aead_bytes = 431000}), ==, LZ_SECONDS(1));
    g_assert_cmpint(cost_ns((LzCryptoWork){.hash_bytes = 1}), ==, 500);         /* 499.002, rounded up */
    /* Terabytes do not overflow. */
    g_assert_cmpint(cost_ns((LzCryptoWork){.aead_bytes = UINT64_C(431000) * 1000000}), ==, LZ_SECONDS(1000000));
}

static void test_scale(void)
{
    LzCryptoWork work = {.p256_sign = 1, .aead_bytes = 431000};
    g_assert_cmpint(lz_crypto_cost_ns(&work, &k64f, 0), ==, 0);
    g_assert_cmpint(lz_crypto_cost_ns(&work, &k64f, 500000000), ==, LZ_MILLISECONDS(625));
    g_assert_cmpint(lz_crypto_cost_ns(&work, &k64f, 2000000000), ==, LZ_MILLISECONDS(2500));
}

/* Every field, in order, with a number of its own. */
static void test_add(void)
{
    LzCryptoWork total = {0}, one = {0};
    uint32_t number = 0;
    for (uint32_t *field = &one.p256_keygen; field <= &one.records; field++) {
        *field = ++number;
    }
    one.aead_bytes = ++number;
    one.ccm_bytes = ++number;
    one.chacha_bytes = ++number;
    one.hash_bytes = ++number;
    g_assert_cmpuint(number, ==, 22);
    lz_crypto_work_add(&total, &one);
    g_assert_cmpmem(&total, sizeof total, &one, sizeof one);
    lz_crypto_work_add(&total, &one);
    g_assert_cmpuint(total.p256_keygen, ==, 2);
    g_assert_cmpuint(total.hash_bytes, ==, 44);
}

static LzTime handshake_ns(LzTlsVersion version, unsigned intermediates)
{
    LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
    lab.pki_options.intermediates = intermediates;
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_OPEN);
    LzTime result_ns = cost_ns(pipe->client.work);
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
    return result_ns;
}

/* 429 + 2 x 429 + 250 ms = 1.54 s of public-key operations, and some for hashes and records; one verification more per
 * intermediate, and its certificate's bytes. */
static void test_pump_handshake(void)
{
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        LzTime below_root_ns = handshake_ns(version, 0);
        g_test_message("mutual P-256 handshake of a Cortex-M4: %.3f s", (double)below_root_ns / LZ_NS_PER_S);
        g_assert_cmpint(below_root_ns, >, LZ_MILLISECONDS(1537));
        g_assert_cmpint(below_root_ns, <, LZ_MILLISECONDS(1570));
        LzTime previous_ns = below_root_ns;
        for (unsigned intermediates = 1; intermediates <= 2; intermediates++) {
            LzTime next_ns = handshake_ns(version, intermediates);
            g_assert_cmpint(next_ns - previous_ns, >=, LZ_MILLISECONDS(429));
            g_assert_cmpint(next_ns - previous_ns, <, LZ_MILLISECONDS(429 + 8));
            previous_ns = next_ns;
        }
    }
}

/* The class of models/cpus, as a scenario loads it; the plan owns it. */
static LzPlan *plan_with_cpu(const char *name, const LzCpu **ret_cpu)
{
    g_autofree char *override = g_strconcat("services.broker.cpu=", name, NULL);
    const char *const overrides[] = {override, NULL};
    LzPlan *plan = lz_test_plan_with(lz_test_ward, overrides);
    *ret_cpu = ((const LzServicePlan *)plan->services.items)[0].cpu_class;
    return plan;
}

static void test_classes(void)
{
    LzCryptoWork handshake = {.p256_keygen = 1, .p256_shared = 1, .p256_sign = 1, .p256_verify = 2};
    static const char *const from_slow_to_fast[] = {"cortex-m4-120mhz", "cortex-m33-150mhz", "cortex-a53", "x86-server"};
    LzTime previous_ns = LZ_TIME_NEVER;
    for (size_t i = 0; i < G_N_ELEMENTS(from_slow_to_fast); i++) {
        const LzCpu *cpu;
        LzPlan *plan = plan_with_cpu(from_slow_to_fast[i], &cpu);
        g_assert_cmpstr(cpu->name.text, ==, from_slow_to_fast[i]);
        LzTime time_ns = lz_crypto_cost_ns(&handshake, cpu, as_published_ppb);
        g_assert_cmpint(time_ns, >, 0);
        g_assert_cmpint(time_ns, <, previous_ns);
        previous_ns = time_ns;
        lz_plan_free(plan);
    }
}

/* The figures above are the file's. */
static void test_class_of_the_pump(void)
{
    const LzCpu *cpu;
    LzPlan *plan = plan_with_cpu("cortex-m4-120mhz", &cpu);
    LzCpu figures = *cpu;
    figures.name = figures.title = figures.source = (LzText){0};
    g_assert_cmpmem(&figures, sizeof figures, &k64f, sizeof k64f);
    lz_plan_free(plan);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls/cost/each-operation", test_each_operation);
    g_test_add_func("/tls/cost/scale", test_scale);
    g_test_add_func("/tls/cost/add", test_add);
    g_test_add_func("/tls/cost/pump-handshake", test_pump_handshake);
    g_test_add_func("/tls/cost/classes", test_classes);
    g_test_add_func("/tls/cost/class-of-the-pump", test_class_of_the_pump);
    return g_test_run();
}
