/* Every behaviour: starts and stops safely in any order, leaves no event behind, repeats itself from the same
 * seed, and emits what its parameters say. lz_flow_emit is the test's own here, so no device is needed. */
#include "lazaret/behaviour.h"

#include <glib.h>
#include <string.h>

#include "sim/core/scheduler.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"

struct LzFlow {                 /* the engine's in a run; here: what was emitted */
    LzScheduler *scheduler;
    GArray *times_ns;           /* LzTime */
    uint64_t bytes;
    uint32_t size_min, size_max;
};

void lz_flow_emit(LzFlow *flow, uint32_t size_bytes)
{
    g_assert_cmpuint(size_bytes, >=, LZ_MESSAGE_MARK_BYTES);
    const LzTime now_ns = lz_now(flow->scheduler);
    g_array_append_val(flow->times_ns, now_ns);
    flow->bytes += size_bytes;
    flow->size_min = MIN(flow->size_min, size_bytes);
    flow->size_max = MAX(flow->size_max, size_bytes);
}

LzTime lz_flow_after(const LzFlow *flow, LzTime from_ns, LzTime interval_ns)
{
    (void)flow;
    return from_ns + interval_ns;
}

bool lz_flow_has_room(const LzFlow *flow)
{
    (void)flow;
    return true;
}

void lz_flow_event_init(const LzFlow *flow, LzEvent *event, LzEventHandler handle, void *owner)
{
    (void)flow;
    lz_event_init(event, handle, owner);
}

typedef struct Rig {
    const LzModel *model;
    const LzBehaviourOps *ops;
    void *config, *state;
    LzScheduler *scheduler;
    LzFlow flow;
} Rig;

/* A configuration that is valid for any behaviour: required parameters get the value of this table. */
static void set_required(const LzModel *model, void *config)
{
    static const struct { const char *field; double value; } values[] = {
        {"size_bytes", 200}, {"every_ns", 1e9}, {"rate_uhz", 1e6}, {"sample_rate_hz", 500}, {"block_ns", 256e6}, {"images", 3}, {"bitrate_bps", 1e6}};
    for (const LzParam *param = model->params; param && param->field; param++) {
        if (!param->is_required) {
            continue;
        }
        bool is_known = false;
        for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
            if (strcmp(values[i].field, param->field) == 0) {
                lz_test_config_set(model, config, param->field, values[i].value);
                is_known = true;
            }
        }
        if (!is_known) {
            g_error("give %s.%s a value in this test", model->name, param->field);
        }
    }
}

static Rig *rig_new(const LzModel *model)
{
    Rig *rig = g_new0(Rig, 1);
    rig->model = model;
    rig->ops = model->ops;
    rig->config = lz_test_config_new(model);
    set_required(model, rig->config);
    rig->state = g_malloc0(model->state_size);
    rig->scheduler = lz_scheduler_new();
    rig->flow = (LzFlow){rig->scheduler, g_array_new(FALSE, FALSE, sizeof(LzTime)), 0, UINT32_MAX, 0};
    return rig;
}

static void rig_init(Rig *rig, uint64_t seed)
{
    const LzEnv env = {.scheduler = rig->scheduler, .seed = seed, .entity = lz_entity_id("pump[1]/flow")};
    rig->ops->init(rig->state, rig->config, &rig->flow, &env);
}

static void rig_run(Rig *rig, LzTime duration_ns)
{
    const LzTime until_ns = lz_now(rig->scheduler) + duration_ns;
    while (lz_scheduler_step(rig->scheduler, until_ns)) {
    }
}

static void rig_free(Rig *rig)
{
    g_array_unref(rig->flow.times_ns);
    lz_scheduler_free(rig->scheduler);
    g_free(rig->config);
    g_free(rig->state);
    g_free(rig);
}

static void test_lifecycle(const void *data)
{
    Rig *rig = rig_new(data);
    rig_init(rig, 1);
    g_assert_cmpuint(lz_scheduler_pending(rig->scheduler), ==, 0);
    rig->ops->stop(rig->state);
    for (unsigned round = 0; round < 3; round++) {
        const guint before = rig->flow.times_ns->len;
        rig->ops->start(rig->state);
        rig_run(rig, LZ_SECONDS(20));
        g_assert_cmpuint(rig->flow.times_ns->len, >, before);
        rig->ops->stop(rig->state);
        rig->ops->stop(rig->state);
        g_assert_cmpuint(lz_scheduler_pending(rig->scheduler), ==, 0);
        const guint stopped = rig->flow.times_ns->len;
        rig_run(rig, LZ_SECONDS(20));
        g_assert_cmpuint(rig->flow.times_ns->len, ==, stopped);
    }
    rig_free(rig);
}

static GArray *times_of_run(const LzModel *model, uint64_t seed)
{
    Rig *rig = rig_new(model);
    rig_init(rig, seed);
    rig->ops->start(rig->state);
    rig_run(rig, LZ_SECONDS(60));
    rig->ops->stop(rig->state);
    GArray *times_ns = g_array_ref(rig->flow.times_ns);
    rig_free(rig);
    return times_ns;
}

static void test_deterministic(const void *data)
{
    g_autoptr(GArray) first = times_of_run(data, 1), again = times_of_run(data, 1), other = times_of_run(data, 2);
    g_assert_cmpmem(first->data, first->len * sizeof(LzTime), again->data, again->len * sizeof(LzTime));
    const bool is_same = first->len == other->len && memcmp(first->data, other->data, first->len * sizeof(LzTime)) == 0;
    g_assert_false(is_same);
}

static Rig *run_for(const char *name, const char *const fields[], const double values[], LzTime duration_ns)
{
    Rig *rig = rig_new(lz_registry_find(LZ_MODEL_BEHAVIOUR, name));
    for (unsigned i = 0; fields[i]; i++) {
        lz_test_config_set(rig->model, rig->config, fields[i], values[i]);
    }
    rig_init(rig, 3);
    rig->ops->start(rig->state);
    rig_run(rig, duration_ns);
    rig->ops->stop(rig->state);
    return rig;
}

static void test_load(const void *data)
{
    g_test_summary("what it says it offers is what it emits while nothing holds it up");
    Rig *rig = run_for(((const LzModel *)data)->name, (const char *const[]){NULL}, NULL, LZ_SECONDS(4000));
    if (!rig->ops->load) {
        g_test_skip("is not counted in estimates");
        rig_free(rig);
        return;
    }
    const LzLoad load = rig->ops->load(rig->config);
    const double messages = rig->flow.times_ns->len;
    g_assert_cmpfloat(ABS(messages - 4000 * load.messages_per_s), <, 0.07 * messages);       /* Poisson: 4 sigma of 4000 */
    g_assert_cmpfloat(ABS((double)rig->flow.bytes / messages - load.message_bytes), <, 0.01 * load.message_bytes);
    rig_free(rig);
}

static void test_periodic(void)
{
    g_test_summary("1000 intervals give 1000 messages on a grid that jitter does not shift");
    Rig *rig = run_for("periodic", (const char *const[]){"size_bytes", "every_ns", "jitter_ppb", NULL},
                       (const double[]){1500, 1.024e9, 0.2e9}, 1000 * INT64_C(1024000000));
    g_assert_cmpint(ABS((int)rig->flow.times_ns->len - 1000), <=, 1);
    g_assert_cmpuint(rig->flow.size_min, ==, 1500);
    g_assert_cmpuint(rig->flow.size_max, ==, 1500);
    const LzTime *times_ns = (const LzTime *)(const void *)rig->flow.times_ns->data;
    g_assert_cmpint(times_ns[0], <, INT64_C(1024000000) * 12 / 10);
    bool has_jitter = false;
    for (guint i = 1; i < rig->flow.times_ns->len; i++) {
        const LzTime off_ns = times_ns[i] - times_ns[0] - i * INT64_C(1024000000);
        g_assert_cmpint(ABS(off_ns), <, INT64_C(1024000000) / 5);
        has_jitter |= off_ns != 0;
    }
    g_assert_true(has_jitter);
    rig_free(rig);
}

static void test_waveform(void)
{
    g_test_summary("500 Hz x 3 channels x 16 bit in blocks of 256 ms: 128 samples each, 768 B and the header");
    Rig *rig = run_for("waveform", (const char *const[]){"sample_rate_hz", "channels", "bits", "block_ns", "header_bytes", NULL},
                       (const double[]){500, 3, 16, 256e6, 24}, LZ_SECONDS(256));
    g_assert_cmpint(ABS((int)rig->flow.times_ns->len - 1000), <=, 1);
    g_assert_cmpuint(rig->flow.size_min, ==, 24 + 768);
    g_assert_cmpuint(rig->flow.size_max, ==, 24 + 768);
    rig_free(rig);
}

static void test_waveform_remainder(void)
{
    g_test_summary("125 Hz in blocks of 100 ms is 12.5 samples: blocks of 12 and 13, the rate exact in the mean");
    Rig *rig = run_for("waveform", (const char *const[]){"sample_rate_hz", "bits", "block_ns", "header_bytes", NULL},
                       (const double[]){125, 16, 100e6, 12}, LZ_SECONDS(100));
    const uint64_t messages = rig->flow.times_ns->len;
    g_assert_cmpuint(rig->flow.size_min, ==, 12 + 24);
    g_assert_cmpuint(rig->flow.size_max, ==, 12 + 26);
    g_assert_cmpint((int64_t)(rig->flow.bytes - messages * 12), ==, (int64_t)(messages * 25) - (int64_t)(messages % 2));
    rig_free(rig);
}

static void test_alarm_rate(void)
{
    g_test_summary("2000 days of 187 alarms/d: the mean within 3 sigma, the variance of daily counts that of Poisson");
    const LzTime day_ns = LZ_SECONDS(86400);
    Rig *rig = run_for("poisson-alarm", (const char *const[]){"size_bytes", "rate_uhz", NULL},
                       (const double[]){300, 187e6 / 86400}, 2000 * day_ns);
    const double expected = 2000 * 187.0, observed = rig->flow.times_ns->len;
    g_assert_cmpfloat(ABS(observed - expected), <, 3 * 611.6 + expected * 2e-4);       /* sqrt(374000); rate is in whole uHz */
    g_autofree double *days = g_new0(double, 2001);
    for (guint i = 0; i < rig->flow.times_ns->len; i++) {
        days[g_array_index(rig->flow.times_ns, LzTime, i) / day_ns] += 1;
    }
    double variance = 0;
    for (unsigned i = 0; i < 2000; i++) {
        variance += (days[i] - observed / 2000) * (days[i] - observed / 2000) / 1999;
    }
    g_assert_cmpfloat(variance / (observed / 2000), >, 0.87);   /* index of dispersion 1 +- 4 x sqrt(2/1999) */
    g_assert_cmpfloat(variance / (observed / 2000), <, 1.13);
    rig_free(rig);
}

static void test_alarm_burst(void)
{
    g_test_summary("An episode of three messages, their gap kept also when episodes overlap");
    Rig *rig = run_for("poisson-alarm", (const char *const[]){"rate_uhz", "burst", "burst_gap_ns", NULL},
                       (const double[]){0.1e6, 3, 2e9}, LZ_SECONDS(100000));
    const double expected = 30000;
    g_assert_cmpfloat(ABS(rig->flow.times_ns->len - expected), <, 3 * 300);
    const LzTime *times_ns = (const LzTime *)(const void *)rig->flow.times_ns->data;
    guint gaps = 0;
    for (guint i = 1; i < rig->flow.times_ns->len; i++) {
        gaps += times_ns[i] - times_ns[i - 1] == LZ_SECONDS(2);
    }
    g_assert_cmpuint(gaps, >=, rig->flow.times_ns->len / 2);
    rig_free(rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const LzModel *const *model = lz_registry_all(LZ_MODEL_BEHAVIOUR); *model; model++) {
        g_autofree char *lifecycle = g_strdup_printf("/behaviours/%s/lifecycle", (*model)->name);
        g_autofree char *deterministic = g_strdup_printf("/behaviours/%s/deterministic", (*model)->name);
        g_test_add_data_func(lifecycle, *model, test_lifecycle);
        g_test_add_data_func(deterministic, *model, test_deterministic);
        g_autofree char *offered = g_strdup_printf("/behaviours/%s/load", (*model)->name);
        g_test_add_data_func(offered, *model, test_load);
    }
    g_test_add_func("/behaviours/periodic/rate", test_periodic);
    g_test_add_func("/behaviours/waveform/block", test_waveform);
    g_test_add_func("/behaviours/waveform/remainder", test_waveform_remainder);
    g_test_add_func("/behaviours/poisson-alarm/rate", test_alarm_rate);
    g_test_add_func("/behaviours/poisson-alarm/burst", test_alarm_burst);
    return g_test_run();
}
