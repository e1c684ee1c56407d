/* What disturbs Wi-Fi and is none: jammers, microwave ovens, Bluetooth. Above the energy-detection threshold it keeps
 * everybody from sending; at any level it is noise to the frames that it overlaps. Its pulses are made when somebody
 * asks for them: nothing is scheduled while nobody wants to send. */
#include "lazaret/wifi_cell.h"

#define FOR_EVER_NS (LZ_TIME_NEVER / 4)         /* later than any run; times after it can still be computed */
#define KEPT_NS LZ_MILLISECONDS(20)             /* pulses that frames in the air may still have met; beyond any PPDU */

struct LzWifiNoise {
    LzWifi *wifi;
    const LzWifiNoiseConfig *config;
    uint64_t power;
    bool is_sensed;
    LzRandom random;
    GArray *pulses;                             /* LzTime, starts, Poisson only */
    LzTime next_ns;                             /* start of the first pulse that is not in the array */
    LzEvent turn;                               /* next pulse that everybody will sense */
};

static LzTime end_ns(const LzWifiNoiseConfig *config)
{
    return config->for_ns > 0 ? config->at_ns + config->for_ns : FOR_EVER_NS;
}

/* ---- Poisson pulses ------------------------------------------------------------------------------------------ */

/* Makes the pulses that start by then. After a long silence it begins anew, which an exponential gap does not notice. */
static void make_pulses(LzWifiNoise *noise, LzTime until_ns)
{
    const LzTime oldest_ns = until_ns - KEPT_NS - noise->config->pulse_ns;
    if (noise->next_ns < oldest_ns) {
        noise->next_ns = MAX(oldest_ns, noise->config->at_ns) + lz_random_exponential(&noise->random, noise->config->period_ns);
    }
    unsigned stale = 0;
    while (stale < noise->pulses->len && g_array_index(noise->pulses, LzTime, stale) < oldest_ns) {
        stale++;
    }
    if (stale > 0) {
        g_array_remove_range(noise->pulses, 0, stale);
    }
    while (noise->next_ns <= until_ns) {
        g_array_append_val(noise->pulses, noise->next_ns);
        noise->next_ns += MAX(lz_random_exponential(&noise->random, noise->config->period_ns), 1);
    }
}

static bool poisson_meets(LzWifiNoise *noise, LzTime from_ns, LzTime until_ns)
{
    make_pulses(noise, until_ns);
    for (unsigned i = noise->pulses->len; i-- > 0;) {
        const LzTime start_ns = g_array_index(noise->pulses, LzTime, i);
        if (start_ns < until_ns && start_ns + noise->config->pulse_ns > from_ns) {
            return true;
        }
    }
    return false;
}

/* ---- whether it is there --------------------------------------------------------------------------------------- */

static LzTime phase_ns(const LzWifiNoiseConfig *config, LzTime time_ns)
{
    return (time_ns - config->at_ns) % config->period_ns;
}

static bool periodic_meets(const LzWifiNoiseConfig *config, LzTime from_ns, LzTime until_ns)
{
    const LzTime phase = phase_ns(config, from_ns);
    return phase < config->pulse_ns || phase + (until_ns - from_ns) > config->period_ns;
}

static bool meets(LzWifiNoise *noise, LzTime from_ns, LzTime until_ns)
{
    const LzWifiNoiseConfig *config = noise->config;
    const LzTime first_ns = MAX(from_ns, config->at_ns), last_ns = MIN(until_ns, end_ns(config));
    if (first_ns >= last_ns) {
        return false;
    }
    switch ((LzWifiNoiseKind)config->kind) {
    case LZ_WIFI_NOISE_CONSTANT:
        return true;
    case LZ_WIFI_NOISE_PERIODIC:
        return periodic_meets(config, first_ns, last_ns);
    case LZ_WIFI_NOISE_POISSON:
        return poisson_meets(noise, first_ns, last_ns);
    case LZ_WIFI_NOISE_REACTIVE:
        return last_ns - from_ns > config->delay_ns;
    }
    g_assert_not_reached();
}

uint64_t lz_wifi_noise_power(LzWifi *wifi, LzTime from_ns, LzTime until_ns)
{
    uint64_t power = 0;
    for (unsigned i = 0; i < wifi->noise_count; i++) {
        if (meets(&wifi->noises[i], from_ns, until_ns)) {
            power = lz_power_add(power, wifi->noises[i].power);
        }
    }
    return power;
}

/* ---- what everybody senses --------------------------------------------------------------------------------------- */

static bool somebody_wants(const LzWifi *wifi)
{
    for (unsigned i = 0; i < wifi->media_count; i++) {
        if (wifi->media[i].nodes) {
            return true;
        }
    }
    return false;
}

/* The pulse at this time or the one before the next: when it ends. */
static LzTime pulse_end_ns(LzWifiNoise *noise, LzTime now)
{
    const LzWifiNoiseConfig *config = noise->config;
    LzTime until_ns = now;
    if (config->kind == LZ_WIFI_NOISE_CONSTANT) {
        until_ns = end_ns(config);
    } else if (config->kind == LZ_WIFI_NOISE_PERIODIC) {
        const LzTime phase = phase_ns(config, now);
        until_ns = phase < config->pulse_ns ? now - phase + config->pulse_ns : now;
    } else {
        make_pulses(noise, now);
        for (unsigned i = 0; i < noise->pulses->len; i++) {
            until_ns = MAX(until_ns, g_array_index(noise->pulses, LzTime, i) + config->pulse_ns);
        }
    }
    return MIN(until_ns, end_ns(config));
}

static LzTime next_pulse_ns(LzWifiNoise *noise, LzTime now)
{
    const LzWifiNoiseConfig *config = noise->config;
    if (now < config->at_ns) {
        return config->at_ns;
    }
    LzTime next_ns = LZ_TIME_NEVER;
    if (config->kind == LZ_WIFI_NOISE_PERIODIC) {
        next_ns = now - phase_ns(config, now) + config->period_ns;
    } else if (config->kind == LZ_WIFI_NOISE_POISSON) {
        make_pulses(noise, now);
        next_ns = noise->next_ns;
    }
    return next_ns < end_ns(config) ? next_ns : LZ_TIME_NEVER;
}

static void block(LzWifiNoise *noise)
{
    LzWifi *wifi = noise->wifi;
    const LzTime now = lz_wifi_now(wifi);
    if (now >= noise->config->at_ns && now < end_ns(noise->config)) {
        const LzTime until_ns = pulse_end_ns(noise, now);
        for (unsigned i = 0; until_ns > now && i < wifi->media_count; i++) {
            lz_wifi_medium_block(&wifi->media[i], until_ns);
        }
    }
    const LzTime next_ns = next_pulse_ns(noise, now);
    if (next_ns != LZ_TIME_NEVER) {
        lz_schedule_at(wifi->env.scheduler, &noise->turn, next_ns);
    }
}

static void turned(void *owner)
{
    LzWifiNoise *noise = owner;
    if (somebody_wants(noise->wifi)) {
        block(noise);
    }
}

void lz_wifi_noise_wake(LzWifi *wifi)
{
    for (unsigned i = 0; i < wifi->noise_count; i++) {
        if (wifi->noises[i].is_sensed && !lz_event_is_pending(&wifi->noises[i].turn)) {
            block(&wifi->noises[i]);
        }
    }
}

/* ---- life ------------------------------------------------------------------------------------------------------------ */

void lz_wifi_noise_init(LzWifi *wifi)
{
    wifi->noise_count = wifi->config->noises.count;
    wifi->noises = g_new0(LzWifiNoise, wifi->noise_count);
    for (unsigned i = 0; i < wifi->noise_count; i++) {
        LzWifiNoise *noise = &wifi->noises[i];
        noise->wifi = wifi;
        noise->config = &((const LzWifiNoiseConfig *)wifi->config->noises.items)[i];
        noise->power = lz_mdb_power(LZ_MDB(noise->config->power_dbm));
        noise->is_sensed = noise->config->kind != LZ_WIFI_NOISE_REACTIVE && noise->config->power_dbm >= wifi->config->energy_dbm;
        noise->pulses = g_array_new(FALSE, FALSE, sizeof(LzTime));
        noise->next_ns = noise->config->at_ns;
        lz_random_init(&noise->random, wifi->env.seed, wifi->env.entity ^ lz_entity_id(noise->config->name.text), LZ_PURPOSE_RADIO);
        if (noise->config->kind == LZ_WIFI_NOISE_POISSON) {
            noise->next_ns += lz_random_exponential(&noise->random, noise->config->period_ns);
        }
        lz_event_init(&noise->turn, turned, noise);
    }
}

void lz_wifi_noise_clear(LzWifi *wifi)
{
    for (unsigned i = 0; i < wifi->noise_count; i++) {
        lz_event_cancel(wifi->env.scheduler, &wifi->noises[i].turn);
        g_array_free(wifi->noises[i].pulses, TRUE);
    }
    g_clear_pointer(&wifi->noises, g_free);
    wifi->noise_count = 0;
}
