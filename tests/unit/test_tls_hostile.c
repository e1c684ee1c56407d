/* Bytes that no honest peer sends: an endpoint ends in a named state, and never opens on them. */
#include <string.h>

#include "tests/lib/tls_pipe.h"

enum { ROUNDS = 150, GARBAGE_BYTES_MAX = 2000, FLIGHTS_MAX = 12 };

static const LzTime start_ns = LZ_TEST_START_S * LZ_NS_PER_S;

typedef enum { TRUNCATE, FLIP, REPLACE, REPEAT, MALICE_COUNT } Malice;

static void spoil(GByteArray *flight, Malice malice, LzRandom *random)
{
    size_t at = lz_random_below(random, flight->len);
    switch (malice) {
    case TRUNCATE:
        g_byte_array_set_size(flight, (guint)at);
        break;
    case FLIP:
        flight->data[at] ^= (uint8_t)(1U << lz_random_below(random, 8));
        break;
    case REPLACE:
        lz_random_fill(random, flight->data + at, flight->len - at);
        break;
    case REPEAT: {
        g_autofree uint8_t *copy = g_memdup2(flight->data + at, flight->len - at);     /* appending moves the array */
        g_byte_array_append(flight, copy, (guint)(flight->len - at));
        break;
    }
    case MALICE_COUNT:
        g_assert_not_reached();
    }
}

static void assert_sane(const LzTlsSide *side)
{
    g_assert_cmpint(side->state, >=, LZ_TLS_HANDSHAKING);
    g_assert_cmpint(side->state, <=, LZ_TLS_FAILED);
    g_assert_cmpint(side->alert_sent, <, 256);
    g_assert_cmpint(side->alert_received, <, 256);
    g_assert_cmpuint(side->plaintext->len, ==, 0);
}

/* One flight of the handshake, the chosen one, arrives spoilt. */
static void run_spoilt(const LzTlsLab *lab, uint32_t number, Malice malice, LzRandom *random)
{
    LzTlsPipe *pipe = lz_test_tls_pipe(lab, number, NULL, start_ns);
    uint64_t chosen = lz_random_below(random, 4);
    lz_test_tls_step(pipe, &pipe->client, (LzBytes){0});
    for (uint64_t i = 0; i < FLIGHTS_MAX; i++) {
        LzTlsSide *from = i % 2 ? &pipe->server : &pipe->client;
        LzTlsSide *to = i % 2 ? &pipe->client : &pipe->server;
        g_autoptr(GByteArray) flight = g_steal_pointer(&from->sent);
        from->sent = g_byte_array_new();
        if (i == chosen && flight->len > 0) {
            spoil(flight, malice, random);
        }
        lz_test_tls_step(pipe, to, (LzBytes){.data = flight->data, .size = flight->len});
    }
    assert_sane(&pipe->client);
    assert_sane(&pipe->server);
    lz_test_tls_pipe_free(pipe);
}

static void test_spoilt_handshake(gconstpointer data)
{
    LzTlsLab lab = lz_test_tls_lab(GPOINTER_TO_INT(data), LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzRandom random;
    lz_random_init(&random, 20260302, 1, LZ_PURPOSE_ATTACK);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        run_spoilt(&lab, round, round % MALICE_COUNT, &random);
    }
    lz_test_tls_close(&lab);
}

static void test_garbage(gconstpointer data)
{
    LzTlsLab lab = lz_test_tls_lab(GPOINTER_TO_INT(data), LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzRandom random;
    lz_random_init(&random, 20260302, 2, LZ_PURPOSE_ATTACK);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, round, NULL, start_ns);
        uint8_t bytes[GARBAGE_BYTES_MAX];
        lz_random_fill(&random, bytes, sizeof bytes);
        if (round % 2) {        /* the first record at least looks like a handshake's */
            memcpy(bytes, "\x16\x03\x03\x01\x00", 5);
        }
        lz_test_tls_step(pipe, &pipe->server, (LzBytes){.data = bytes, .size = lz_random_below(&random, sizeof bytes)});
        lz_test_tls_step(pipe, &pipe->client, (LzBytes){0});
        lz_test_tls_step(pipe, &pipe->client, (LzBytes){.data = bytes, .size = lz_random_below(&random, sizeof bytes)});
        g_assert_cmpuint(pipe->server.times_opened + pipe->client.times_opened, ==, 0);
        assert_sane(&pipe->server);
        assert_sane(&pipe->client);
        lz_test_tls_pipe_free(pipe);
    }
    lz_test_tls_close(&lab);
}

/* A changed record on an open connection: refused with bad_record_mac, and the application sees none of it. */
static void test_changed_record(gconstpointer data)
{
    LzTlsLab lab = lz_test_tls_lab(GPOINTER_TO_INT(data), LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    LzTlsStep step;
    lz_tls_endpoint_write(pipe->client.endpoint, pipe->wall_ns, (LzBytes){.data = (const uint8_t *)"dose", .size = 4}, &step);
    g_assert_cmpint(step.state, ==, LZ_TLS_OPEN);
    step.records->data[step.records->size - 1] ^= 1;
    lz_test_tls_step(pipe, &pipe->server, (LzBytes){.data = step.records->data, .size = step.records->size});
    lz_tls_step_clear(&step);
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_FAILED);
    g_assert_cmpint(pipe->server.alert_sent, ==, 20);
    g_assert_cmpuint(pipe->server.plaintext->len, ==, 0);
    lz_test_tls_pump(pipe);
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_FAILED);
    g_assert_cmpint(pipe->client.alert_received, ==, 20);
    /* A failed endpoint stays so, says nothing and asks nothing. */
    lz_test_tls_step(pipe, &pipe->server, (LzBytes){.data = (const uint8_t *)"more", .size = 4});
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_FAILED);
    g_assert_cmpuint(pipe->server.sent->len, ==, 0);
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        const char *name = version == LZ_TLS_1_2 ? "1.2" : "1.3";
        g_autofree char *spoilt = g_strconcat("/tls/hostile/spoilt-handshake/", name, NULL);
        g_autofree char *garbage = g_strconcat("/tls/hostile/garbage/", name, NULL);
        g_autofree char *changed = g_strconcat("/tls/hostile/changed-record/", name, NULL);
        g_test_add_data_func(spoilt, GINT_TO_POINTER(version), test_spoilt_handshake);
        g_test_add_data_func(garbage, GINT_TO_POINTER(version), test_garbage);
        g_test_add_data_func(changed, GINT_TO_POINTER(version), test_changed_record);
    }
    return g_test_run();
}
