/* Handshakes over a pipe: every version, key type, authentication and resumption; what each operation is counted as. */
#include <string.h>

#include "tests/lib/tls_pipe.h"

static const LzTime start_ns = LZ_TEST_START_S * LZ_NS_PER_S;

static void assert_open(const LzTlsPipe *pipe)
{
    g_assert_cmpint(pipe->client.alert_sent, ==, -1);
    g_assert_cmpint(pipe->server.alert_sent, ==, -1);
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_OPEN);
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_OPEN);
    g_assert_cmpuint(pipe->client.times_opened, ==, 1);
    g_assert_cmpuint(pipe->server.times_opened, ==, 1);
}

static void exchange(LzTlsPipe *pipe, size_t size)
{
    g_autofree uint8_t *message = g_malloc(size);
    for (size_t i = 0; i < size; i++) {
        message[i] = (uint8_t)(i * 31 + 7);
    }
    g_byte_array_set_size(pipe->server.plaintext, 0);
    g_byte_array_set_size(pipe->client.plaintext, 0);
    lz_test_tls_write(pipe, &pipe->client, message, size);
    lz_test_tls_write(pipe, &pipe->server, message, size);
    g_assert_cmpmem(pipe->server.plaintext->data, pipe->server.plaintext->len, message, size);
    g_assert_cmpmem(pipe->client.plaintext->data, pipe->client.plaintext->len, message, size);
}

static void close_in_order(LzTlsPipe *pipe)
{
    lz_test_tls_finish(pipe, &pipe->client);
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_CLOSED);
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_CLOSED);
    g_assert_cmpint(pipe->server.alert_received, ==, -1);
}

typedef struct Case {
    LzTlsVersion version;
    LzKeyType key;
    bool is_mutual;
} Case;

static void test_full(gconstpointer data)
{
    const Case *test = data;
    LzTlsLab lab = lz_test_tls_lab(test->version, test->key);
    lab.client_options.is_mutual = lab.server_options.is_mutual = test->is_mutual;
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    assert_open(pipe);
    g_assert_cmpint(lz_tls_endpoint_version(pipe->client.endpoint), ==, test->version);
    g_assert_cmpint(lz_tls_endpoint_version(pipe->server.endpoint), ==, test->version);
    g_assert_false(lz_tls_endpoint_was_resumed(pipe->client.endpoint));
    g_assert_false(lz_tls_endpoint_was_resumed(pipe->server.endpoint));
    g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->client.endpoint), ==, "broker");
    g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->server.endpoint), ==, test->is_mutual ? "pump[7]" : NULL);
    g_assert_nonnull(strstr(lz_tls_endpoint_cipher_suite(pipe->client.endpoint), "AES-128-GCM-SHA256"));
    exchange(pipe, 200);
    exchange(pipe, 50000);
    close_in_order(pipe);
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

static void test_resumed(gconstpointer data)
{
    const Case *test = data;
    LzTlsLab lab = lz_test_tls_lab(test->version, test->key);
    lab.client_options.is_mutual = lab.server_options.is_mutual = test->is_mutual;
    lab.client_options.has_tickets = lab.server_options.has_tickets = true;
    lz_test_tls_open(&lab);
    g_autoptr(GString) resumed = g_string_new(NULL);
    LzTlsTicket *ticket = lz_tls_ticket_new();
    for (uint32_t connection = 0; connection < 4; connection++) {
        if (connection == 3) {
            lz_tls_ticket_clear(ticket);
        }
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, connection, ticket, start_ns + LZ_SECONDS(connection * 60));
        lz_test_tls_pump(pipe);
        assert_open(pipe);
        bool was_resumed = lz_tls_endpoint_was_resumed(pipe->client.endpoint);
        g_assert_cmpint(was_resumed, ==, lz_tls_endpoint_was_resumed(pipe->server.endpoint));
        g_string_append_c(resumed, was_resumed ? 'r' : 'f');
        g_assert_cmpuint(pipe->client.work.p256_verify + pipe->client.work.rsa2048_public, ==, was_resumed ? 0 : 2);
        g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->client.endpoint), ==, "broker");
        g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->server.endpoint), ==, test->is_mutual ? "pump[7]" : NULL);
        exchange(pipe, 200);
        close_in_order(pipe);
        lz_test_tls_pipe_free(pipe);
    }
    g_assert_cmpstr(resumed->str, ==, "frrf");
    lz_tls_ticket_free(ticket);
    lz_test_tls_close(&lab);
}

/* The lab's tickets live for an hour, in the server's virtual time. */
static bool is_resumed_after(LzTlsVersion version, LzTime pause_ns)
{
    LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
    lab.client_options.has_tickets = lab.server_options.has_tickets = true;
    lz_test_tls_open(&lab);
    LzTlsTicket *ticket = lz_tls_ticket_new();
    bool was_resumed = false;
    for (uint32_t connection = 0; connection < 2; connection++) {
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, connection, ticket, start_ns + connection * pause_ns);
        lz_test_tls_pump(pipe);
        assert_open(pipe);
        was_resumed = lz_tls_endpoint_was_resumed(pipe->server.endpoint);
        lz_test_tls_pipe_free(pipe);
    }
    lz_tls_ticket_free(ticket);
    lz_test_tls_close(&lab);
    return was_resumed;
}

static void test_ticket_lifetime(void)
{
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        g_assert_true(is_resumed_after(version, LZ_SECONDS(3500)));
        g_assert_false(is_resumed_after(version, LZ_SECONDS(3700)));
        g_assert_false(is_resumed_after(version, LZ_SECONDS(3 * 3600)));
    }
}

/* A TLS 1.3 ticket is spent when it is offered, whatever becomes of the connection. */
static void test_ticket_is_single_use(void)
{
    LzTlsLab lab = lz_test_tls_lab(LZ_TLS_1_3, LZ_KEY_ECDSA_P256);
    lab.client_options.has_tickets = lab.server_options.has_tickets = true;
    lz_test_tls_open(&lab);
    LzTlsTicket *ticket = lz_tls_ticket_new();
    LzCryptoWork work;
    LzBuffer *plain_hello = lz_tls_client_hello(lab.client, 7, 1, 0, "broker", start_ns, &work);
    for (uint32_t connection = 0; connection < 3; connection++) {
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, connection, ticket, start_ns + LZ_SECONDS(connection));
        if (connection == 1) {          /* offered, then the link is lost */
            lz_test_tls_step(pipe, &pipe->client, (LzBytes){0});
            g_assert_cmpuint(pipe->client.sent->len, >, plain_hello->size + 100);
        } else {
            lz_test_tls_pump(pipe);
            assert_open(pipe);
            g_assert_false(lz_tls_endpoint_was_resumed(pipe->client.endpoint));
        }
        lz_test_tls_pipe_free(pipe);
    }
    lz_buffer_unref(plain_hello);
    lz_tls_ticket_free(ticket);
    lz_test_tls_close(&lab);
}

static void assert_work(const LzCryptoWork *work, unsigned keygen, unsigned shared, unsigned sign, unsigned verify)
{
    g_assert_cmpuint(work->p256_keygen, ==, keygen);
    g_assert_cmpuint(work->p256_shared, ==, shared);
    g_assert_cmpuint(work->p256_sign, ==, sign);
    g_assert_cmpuint(work->p256_verify, ==, verify);
    g_assert_cmpuint(work->p384_keygen + work->p384_shared + work->p384_sign + work->p384_verify, ==, 0);
    g_assert_cmpuint(work->x25519_keygen + work->x25519_shared, ==, 0);
    g_assert_cmpuint(work->rsa2048_private + work->rsa2048_public, ==, 0);
    g_assert_cmpuint(work->hash_bytes, >, 1000);
    g_assert_cmpuint(work->hash_bytes, <, 40000);
}

static void test_work_ecdsa(void)
{
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        for (unsigned intermediates = 0; intermediates <= 2; intermediates++) {
            for (int is_mutual = 0; is_mutual <= 1; is_mutual++) {
                LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
                lab.pki_options.intermediates = intermediates;
                lab.client_options.is_mutual = lab.server_options.is_mutual = is_mutual;
                lz_test_tls_open(&lab);
                LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
                lz_test_tls_pump(pipe);
                assert_open(pipe);
                assert_work(&pipe->client.work, 1, 1, is_mutual, 2 + intermediates);
                assert_work(&pipe->server.work, 1, 1, 1, is_mutual ? 2 + intermediates : 0);
                lz_test_tls_pipe_free(pipe);
                lz_test_tls_close(&lab);
            }
        }
    }
}

/* The signature over the key exchange, and the certificate of the other side: RSA; the key exchange: P-256. */
static void test_work_rsa(void)
{
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_RSA_2048);
        lz_test_tls_open(&lab);
        for (uint32_t connection = 0; connection < 2; connection++) {   /* the first one makes the keys' blinding */
            LzTlsPipe *pipe = lz_test_tls_pipe(&lab, connection, NULL, start_ns);
            lz_test_tls_pump(pipe);
            assert_open(pipe);
            const LzCryptoWork *works[] = {&pipe->client.work, &pipe->server.work};
            for (int i = 0; i < 2; i++) {
                g_assert_cmpuint(works[i]->rsa2048_private, ==, 1);
                g_assert_cmpuint(works[i]->rsa2048_public, ==, 2);
                g_assert_cmpuint(works[i]->p256_keygen, ==, 1);
                g_assert_cmpuint(works[i]->p256_shared, ==, 1);
                g_assert_cmpuint(works[i]->p256_sign + works[i]->p256_verify, ==, 0);
            }
            lz_test_tls_pipe_free(pipe);
        }
        lz_test_tls_close(&lab);
    }
}

/* Resumption with a fresh key exchange in TLS 1.3 (psk_dhe_ke), none in TLS 1.2. */
static void test_work_resumed(void)
{
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
        lab.client_options.has_tickets = lab.server_options.has_tickets = true;
        lz_test_tls_open(&lab);
        LzTlsTicket *ticket = lz_tls_ticket_new();
        for (uint32_t connection = 0; connection < 2; connection++) {
            LzTlsPipe *pipe = lz_test_tls_pipe(&lab, connection, ticket, start_ns + LZ_SECONDS(connection));
            lz_test_tls_pump(pipe);
            assert_open(pipe);
            if (connection == 1) {
                unsigned exchanges = version == LZ_TLS_1_3;
                assert_work(&pipe->client.work, exchanges, exchanges, 0, 0);
                assert_work(&pipe->server.work, exchanges, exchanges, 0, 0);
            }
            lz_test_tls_pipe_free(pipe);
        }
        lz_tls_ticket_free(ticket);
        lz_test_tls_close(&lab);
    }
}

/* Records and their bytes are charged to both sides, for what they seal and for what they open. */
static void test_work_records(void)
{
    LzTlsLab lab = lz_test_tls_lab(LZ_TLS_1_3, LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    assert_open(pipe);
    const LzTlsSide *sides[] = {&pipe->client, &pipe->server};
    for (int i = 0; i < 2; i++) {
        g_assert_cmpuint(sides[i]->work.records, >=, 4);
        g_assert_cmpuint(sides[i]->work.aead_bytes, >, 800);
        g_assert_cmpuint(sides[i]->work.aead_bytes, <, pipe->wire_bytes);
    }
    LzCryptoWork before = pipe->client.work;
    g_autofree uint8_t *message = g_malloc0(40000);
    lz_test_tls_write(pipe, &pipe->client, message, 40000);
    g_assert_cmpuint(pipe->client.work.records - before.records, ==, 3);
    g_assert_cmpuint(pipe->client.work.aead_bytes - before.aead_bytes, ==, 40000 + 3);    /* and the content types */
    g_assert_cmpuint(pipe->server.plaintext->len, ==, 40000);
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

static void test_client_hello(void)
{
    LzTlsLab lab = lz_test_tls_lab(LZ_TLS_1_3, LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzCryptoWork work;
    LzBuffer *first = lz_tls_client_hello(lab.client, 7, 1, 0, "broker", start_ns, &work);
    g_assert_cmpuint(work.p256_keygen, ==, 1);
    g_assert_cmpuint(work.p256_shared, ==, 0);
    LzBuffer *second = lz_tls_client_hello(lab.client, 7, 1, 1, "broker", start_ns, &work);
    g_assert_cmpuint(first->size, ==, second->size);
    g_assert_cmpint(memcmp(first->data, second->data, first->size), !=, 0);
    /* It is a real one: the server answers with its whole flight. */
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_step(pipe, &pipe->server, (LzBytes){.data = first->data, .size = first->size});
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_HANDSHAKING);
    g_assert_cmpuint(pipe->server.sent->len, >, 600);
    g_assert_cmpuint(pipe->server.work.p256_sign, ==, 1);
    lz_test_tls_pipe_free(pipe);
    lz_buffer_unref(first);
    lz_buffer_unref(second);
    lz_test_tls_close(&lab);
}

/* One byte at a time, as a slow link might deliver it. */
static void test_trickle(void)
{
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
        lab.client_options.has_tickets = lab.server_options.has_tickets = true;
        lz_test_tls_open(&lab);
        LzTlsTicket *ticket = lz_tls_ticket_new();
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, ticket, start_ns);
        lz_test_tls_step(pipe, &pipe->client, (LzBytes){0});
        for (int flight = 0; flight < 8; flight++) {
            LzTlsSide *from = flight % 2 ? &pipe->server : &pipe->client;
            LzTlsSide *to = flight % 2 ? &pipe->client : &pipe->server;
            g_autoptr(GByteArray) records = g_steal_pointer(&from->sent);
            from->sent = g_byte_array_new();
            for (guint i = 0; i < records->len; i++) {
                lz_test_tls_step(pipe, to, (LzBytes){.data = records->data + i, .size = 1});
            }
        }
        assert_open(pipe);
        lz_test_tls_pipe_free(pipe);
        pipe = lz_test_tls_pipe(&lab, 1, ticket, start_ns + LZ_SECONDS(1));     /* the ticket arrived as well */
        lz_test_tls_pump(pipe);
        g_assert_true(lz_tls_endpoint_was_resumed(pipe->client.endpoint));
        lz_test_tls_pipe_free(pipe);
        lz_tls_ticket_free(ticket);
        lz_test_tls_close(&lab);
    }
}

/* Open connections share record buffers: what one of them keeps of half a record is its own. */
static void test_interleaved(gconstpointer data)
{
    enum { LARGE = 40000, SMALL = 300 };
    LzTlsLab lab = lz_test_tls_lab(*(const LzTlsVersion *)data, LZ_KEY_ECDSA_P256);
    lab.server_options.has_tickets = lab.client_options.has_tickets = true;
    lz_test_tls_open(&lab);
    LzTlsPipe *halved = lz_test_tls_pipe(&lab, 0, NULL, start_ns), *busy = lz_test_tls_pipe(&lab, 1, NULL, start_ns);
    lz_test_tls_pump(halved);
    lz_test_tls_pump(busy);
    g_autofree uint8_t *large = g_malloc(LARGE);
    memset(large, 'L', LARGE);
    for (unsigned round = 1; round <= 3; round++) {
        LzTlsStep step;
        lz_tls_endpoint_write(halved->client.endpoint, start_ns, (LzBytes){large, SMALL}, &step);
        LzBytes records = {step.records->data, step.records->size};
        size_t first = 3 * round * round;       /* within the header, within the content */
        lz_test_tls_step(halved, &halved->server, (LzBytes){records.data, first});
        lz_test_tls_write(busy, &busy->client, large, LARGE);
        lz_test_tls_write(busy, &busy->server, large, SMALL);
        lz_test_tls_write(halved, &halved->server, large, SMALL);
        lz_test_tls_step(halved, &halved->server, (LzBytes){records.data + first, records.size - first});
        lz_tls_step_clear(&step);
        g_assert_cmpuint(halved->server.plaintext->len, ==, round * SMALL);
        g_assert_cmpuint(halved->client.plaintext->len, ==, round * SMALL);
        g_assert_cmpuint(busy->server.plaintext->len, ==, round * LARGE);
        g_assert_cmpuint(busy->client.plaintext->len, ==, round * SMALL);
        g_assert_cmpmem(busy->server.plaintext->data + (round - 1) * LARGE, LARGE, large, LARGE);
        g_assert_cmpmem(halved->server.plaintext->data, SMALL, large, SMALL);
    }
    g_assert_cmpint(halved->server.state, ==, LZ_TLS_OPEN);
    lz_test_tls_pipe_free(halved);
    lz_test_tls_pipe_free(busy);
    lz_test_tls_close(&lab);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const char *const versions[] = {"tls-1.2", "tls-1.3"};
    static const char *const keys[] = {"ecdsa", "rsa"};
    static Case cases[8];
    for (int i = 0; i < 8; i++) {
        cases[i] = (Case){.version = (LzTlsVersion)(i & 1), .key = (LzKeyType)(i >> 1 & 1), .is_mutual = i >> 2};
        g_autofree char *name = g_strdup_printf("%s/%s/%s", versions[cases[i].version], keys[cases[i].key],
                                                cases[i].is_mutual ? "mutual" : "server-only");
        g_autofree char *full = g_strconcat("/tls/full/", name, NULL);
        g_autofree char *resumed = g_strconcat("/tls/resumed/", name, NULL);
        g_test_add_data_func(full, &cases[i], test_full);
        g_test_add_data_func(resumed, &cases[i], test_resumed);
    }
    g_test_add_func("/tls/ticket/lifetime", test_ticket_lifetime);
    g_test_add_func("/tls/ticket/single-use", test_ticket_is_single_use);
    g_test_add_func("/tls/work/ecdsa", test_work_ecdsa);
    g_test_add_func("/tls/work/rsa", test_work_rsa);
    g_test_add_func("/tls/work/resumed", test_work_resumed);
    g_test_add_func("/tls/work/records", test_work_records);
    g_test_add_func("/tls/client-hello", test_client_hello);
    g_test_add_func("/tls/trickle", test_trickle);
    static const LzTlsVersion numbers[] = {LZ_TLS_1_2, LZ_TLS_1_3};
    g_test_add_data_func("/tls/interleaved/1.2", &numbers[0], test_interleaved);
    g_test_add_data_func("/tls/interleaved/1.3", &numbers[1], test_interleaved);
    return g_test_run();
}
