/* A TLS endpoint without a socket, on a host's CPU. */
#include "lazaret/channel.h"

#include "sim/host/handshake.h"
#include "sim/host/status_client.h"
#include "sim/tls/enrol.h"

struct LzChannel {
    LzHost *host;
    LzTlsEndpoint *tls;
    LzStatusClient *status;             /* NULL: nobody knows what is revoked */
    LzBuffer *writing;                  /* NULL: the step reads */
    LzCpuJob job;
    LzTlsStep step;                     /* made by the running job */
    LzTime cost_ns;
    void (*stepped)(void *self, const LzChannelStep *step);
    void *self;
};

static LzCpuCost job_begin(void *owner)
{
    LzChannel *channel = owner;
    LzTime wall_ns = lz_host_wall_ns(channel->host);
    if (channel->writing) {
        lz_tls_endpoint_write(channel->tls, wall_ns, (LzBytes){channel->writing->data, channel->writing->size}, &channel->step);
    } else {
        lz_tls_endpoint_step(channel->tls, wall_ns, &channel->step);
    }
    channel->cost_ns = lz_host_crypto_ns(channel->host, &channel->step.work);
    return (LzCpuCost){channel->cost_ns, true};
}

static LzBytes bytes_of(const LzBuffer *buffer)
{
    return buffer ? (LzBytes){buffer->data, buffer->size} : (LzBytes){.data = NULL, .size = 0};
}

/* The channel may be gone when the owner has heard. */
static void job_finish(void *owner)
{
    LzChannel *channel = owner;
    LzTlsStep step = channel->step;
    channel->step = (LzTlsStep){0};
    channel->host->stats.crypto_ns += channel->cost_ns;
    g_clear_pointer(&channel->writing, lz_buffer_unref);
    lz_handshake_tell_secrets(channel->host, step.secrets);
    if (step.records && channel->host->options.digest) {
        lz_digest_add_bytes(channel->host->options.digest, LZ_DIGEST_TLS, step.records->data, step.records->size);
    }
    const LzChannelStep told = {
        .records = bytes_of(step.records),
        .plaintext = bytes_of(step.plaintext),
        .just_opened = step.just_opened,
        .has_failed = step.state == LZ_TLS_FAILED || step.state == LZ_TLS_CLOSED,
    };
    if (channel->status && step.alert_sent == LZ_ALERT_CERTIFICATE_REVOKED) {
        lz_status_client_note_refused(channel->status, lz_tls_endpoint_peer_name(channel->tls));
    }
    if (step.just_opened) {
        lz_probe_count(channel->host->env.probes, channel->host->options.service_scope, LZ_METRIC_SERVICE_HANDSHAKES, 1);
    }
    channel->stepped(channel->self, &told);
    lz_tls_step_clear(&step);
}

LzChannel *lz_channel_new(LzHost *host, const LzChannelOptions *options, void (*stepped)(void *self, const LzChannelStep *step),
                          void *self)
{
    const LzTlsClient client = {.server_name = options->server_name, .credential = options->credential};
    LzChannel *channel = g_new0(LzChannel, 1);
    channel->host = host;
    channel->tls = lz_tls_endpoint_new(options->tls, host->env.seed, host->env.entity, host->connections++,
                                       options->server_name ? &client : NULL);
    if (host->options.key_log) {
        lz_tls_endpoint_tell_secrets(channel->tls);
    }
    channel->status = options->status;
    if (channel->status) {
        lz_status_client_arm(channel->status, channel->tls);
    }
    lz_cpu_job_init(&channel->job, job_begin, NULL, job_finish, channel);
    channel->stepped = stepped;
    channel->self = self;
    return channel;
}

void lz_channel_free(LzChannel *channel)
{
    if (channel) {
        lz_cpu_cancel(&channel->job);
        lz_tls_step_clear(&channel->step);
        lz_buffer_unref(channel->writing);
        lz_tls_endpoint_free(channel->tls);
        g_free(channel);
    }
}

void lz_channel_feed(LzChannel *channel, LzBytes records)
{
    lz_tls_endpoint_feed(channel->tls, records);
    lz_cpu_submit(channel->host->cpu, &channel->job);
}

void lz_channel_write(LzChannel *channel, LzBytes plaintext)
{
    channel->writing = lz_buffer_new_copy(plaintext.data, plaintext.size);
    lz_cpu_submit(channel->host->cpu, &channel->job);
}

bool lz_channel_is_1_3(const LzChannel *channel)
{
    return lz_tls_endpoint_version(channel->tls) == LZ_TLS_1_3;
}

LzBytes lz_channel_peer_certificate(const LzChannel *channel)
{
    return lz_tls_endpoint_peer_certificate(channel->tls);
}

LzBuffer *lz_host_certify(LzHost *host, LzPki *authority, LzBytes request, const LzCertifyTerms *terms, LzEvent *done)
{
    LzCryptoWork work;
    LzBuffer *certificate = lz_enrol_certify(authority, request, terms, &work);
    LzTime cost_ns = lz_host_crypto_ns(host, &work);
    host->stats.crypto_ns += cost_ns;
    lz_host_compute(host, cost_ns, done);
    return certificate;
}
