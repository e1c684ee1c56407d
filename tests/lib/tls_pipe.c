#include "tests/lib/tls_pipe.h"

#include <string.h>

LzTlsLab lz_test_tls_lab(LzTlsVersion version, LzKeyType key)
{
    int64_t day_s = 86400;
    LzTlsLab lab = {
        .pki_options = {.seed = 7, .start_unix_s = LZ_TEST_START_S, .ca_key = key,
                        .has_verify_memo = true},
        .server_request = {.name = "broker", .key = key},
        .client_request = {.name = "pump[7]", .key = key},
        .server_options = {.is_server = true, .entity = lz_entity_id("broker")},
        .client_options = {.entity = lz_entity_id("pump[7]")},
        .server_name = "broker",
    };
    LzCertificateRequest *requests[] = {&lab.server_request, &lab.client_request};
    LzTlsProfileOptions *options[] = {&lab.server_options, &lab.client_options};
    for (int i = 0; i < 2; i++) {
        requests[i]->not_before_unix_s = LZ_TEST_START_S - day_s;
        requests[i]->not_after_unix_s = LZ_TEST_START_S + day_s;
        options[i]->min_version = version;
        options[i]->max_version = version;
        options[i]->is_mutual = true;
        options[i]->seed = 7;
        options[i]->ticket_lifetime_ns = LZ_SECONDS(3600);
    }
    return lab;
}

void lz_test_tls_open(LzTlsLab *lab)
{
    GError *error = NULL;
    lab->pki = lz_pki_new(&lab->pki_options, &error);
    g_assert_no_error(error);
    lab->server_credential = lz_pki_issue(lab->pki, &lab->server_request, NULL, &error);
    g_assert_no_error(error);
    lab->client_credential = lz_pki_issue(lab->pki, &lab->client_request, NULL, &error);
    g_assert_no_error(error);
    size_t size;
    lz_credential_certificate(lab->client_credential, &size);   /* made before threads share it */
    lab->server_options.trust = lab->client_options.trust = lab->pki;
    lab->server_options.credential = lab->server_credential;
    lab->server = lz_tls_profile_new(&lab->server_options, &error);
    g_assert_no_error(error);
    lab->client = lz_tls_profile_new(&lab->client_options, &error);
    g_assert_no_error(error);
}

void lz_test_tls_close(LzTlsLab *lab)
{
    lz_tls_profile_free(lab->client);
    lz_tls_profile_free(lab->server);
    lz_credential_free(lab->client_credential);
    lz_credential_free(lab->server_credential);
    lz_pki_free(lab->pki);
}

static void side_init(LzTlsSide *side, LzTlsEndpoint *endpoint)
{
    *side = (LzTlsSide){
        .endpoint = endpoint,
        .plaintext = g_byte_array_new(),
        .alert_sent = -1,
        .alert_received = -1,
        .sent = g_byte_array_new(),
    };
}

static void side_clear(LzTlsSide *side)
{
    lz_tls_endpoint_free(side->endpoint);
    g_byte_array_unref(side->plaintext);
    g_byte_array_unref(side->sent);
}

static void flight_free(gpointer flight)
{
    lz_buffer_unref(((LzTlsFlight *)flight)->records);
    g_free(flight);
}

LzTlsPipe *lz_test_tls_pipe(const LzTlsLab *lab, uint32_t connection, LzTlsTicket *ticket, LzTime wall_ns)
{
    LzTlsPipe *pipe = g_new0(LzTlsPipe, 1);
    uint64_t seed = lab->client_options.seed;
    const LzTlsClient client = {.server_name = lab->server_name, .ticket = ticket,
                                .credential = lab->client_options.is_mutual ? lab->client_credential : NULL};
    side_init(&pipe->client, lz_tls_endpoint_new(lab->client, seed, lab->client_options.entity, connection, &client));
    side_init(&pipe->server, lz_tls_endpoint_new(lab->server, seed, lab->server_options.entity, connection, NULL));
    pipe->wall_ns = wall_ns;
    pipe->wire = g_checksum_new(G_CHECKSUM_SHA256);
    pipe->key_log = g_string_new(NULL);
    pipe->flights = g_ptr_array_new_with_free_func(flight_free);
    pipe->ticket = ticket;
    lz_tls_endpoint_tell_secrets(pipe->client.endpoint);
    return pipe;
}

void lz_test_tls_pipe_free(LzTlsPipe *pipe)
{
    side_clear(&pipe->client);
    side_clear(&pipe->server);
    g_checksum_free(pipe->wire);
    g_string_free(pipe->key_log, TRUE);
    g_ptr_array_unref(pipe->flights);
    g_free(pipe);
}

static void note_wire(LzTlsPipe *pipe, const LzTlsSide *side, LzBuffer *records)
{
    uint8_t head[5] = {side == &pipe->server, (uint8_t)(records->size >> 24), (uint8_t)(records->size >> 16),
                       (uint8_t)(records->size >> 8), (uint8_t)records->size};
    LzTlsFlight *flight = g_new(LzTlsFlight, 1);
    *flight = (LzTlsFlight){.is_from_server = side == &pipe->server, .records = lz_buffer_ref(records)};
    g_ptr_array_add(pipe->flights, flight);
    g_checksum_update(pipe->wire, head, sizeof head);
    g_checksum_update(pipe->wire, records->data, records->size);
    pipe->wire_bytes += records->size;
}

static void note_step(LzTlsPipe *pipe, LzTlsSide *side, LzTlsStep *step)
{
    side->state = step->state;
    side->times_opened += step->just_opened;
    lz_crypto_work_add(&side->work, &step->work);
    if (step->plaintext) {
        g_byte_array_append(side->plaintext, step->plaintext->data, step->plaintext->size);
    }
    if (step->records) {
        g_byte_array_append(side->sent, step->records->data, step->records->size);
        note_wire(pipe, side, step->records);
    }
    side->alert_sent = step->alert_sent >= 0 ? step->alert_sent : side->alert_sent;
    side->alert_received = step->alert_received >= 0 ? step->alert_received : side->alert_received;
    for (guint i = 0; step->secrets && i < step->secrets->len; i++) {
        g_string_append_printf(pipe->key_log, "%s\n", (const char *)g_ptr_array_index(step->secrets, i));
    }
    if (step->ticket) {
        lz_tls_ticket_move(pipe->ticket, step->ticket);
    }
    lz_tls_step_clear(step);
}

void lz_test_tls_step(LzTlsPipe *pipe, LzTlsSide *side, LzBytes records)
{
    LzTlsStep step;
    lz_tls_endpoint_feed(side->endpoint, records);
    lz_tls_endpoint_step(side->endpoint, pipe->wall_ns, &step);
    note_step(pipe, side, &step);
}

/* Carries what one side has sent to the other; false if there was nothing. */
static bool carry(LzTlsPipe *pipe, LzTlsSide *from, LzTlsSide *to)
{
    if (from->sent->len == 0) {
        return false;
    }
    pipe->wall_ns += LZ_NS_PER_MS;
    GByteArray *flight = from->sent;
    from->sent = g_byte_array_new();
    lz_test_tls_step(pipe, to, (LzBytes){.data = flight->data, .size = flight->len});
    g_byte_array_unref(flight);
    return true;
}

void lz_test_tls_pump(LzTlsPipe *pipe)
{
    lz_test_tls_step(pipe, &pipe->client, (LzBytes){0});
    bool has_moved = true;
    while (has_moved) {
        bool to_server = carry(pipe, &pipe->client, &pipe->server);
        bool to_client = carry(pipe, &pipe->server, &pipe->client);
        has_moved = to_server || to_client;
    }
}

void lz_test_tls_write(LzTlsPipe *pipe, LzTlsSide *side, const void *data, size_t size)
{
    LzTlsStep step;
    lz_tls_endpoint_write(side->endpoint, pipe->wall_ns, (LzBytes){.data = data, .size = size}, &step);
    note_step(pipe, side, &step);
    lz_test_tls_pump(pipe);
}

void lz_test_tls_finish(LzTlsPipe *pipe, LzTlsSide *side)
{
    LzTlsStep step;
    lz_tls_endpoint_close(side->endpoint, pipe->wall_ns, &step);
    note_step(pipe, side, &step);
    lz_test_tls_pump(pipe);
}
