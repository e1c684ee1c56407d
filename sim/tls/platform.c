/* What Mbed TLS asks of its platform: memory, virtual time without time zones, random bytes. */
#include <glib.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>
#include <string.h>

#include "sim/tls/arena.h"
#include "sim/tls/context.h"

/* Mbed TLS takes NULL for "out of memory", which GLib never returns: no block may be empty. */
void *lz_tls_calloc(size_t count, size_t size)
{
    void *buffer = count == 0 || size > SIZE_MAX / count ? NULL : lz_arena_take(count * size);
    return buffer ? buffer : g_malloc0_n(MAX(count, 1), MAX(size, 1));
}

void lz_tls_free(void *block)
{
    if (!lz_arena_give(block)) {
        g_free(block);
    }
}

/* Of a record buffer, which is mostly untouched, the pages are dropped; writing zeros would make them resident. */
void mbedtls_platform_zeroize(void *block, size_t size)
{
    if (size > 0 && !lz_arena_clear(block, size)) {
        explicit_bzero(block, size);
    }
}

int64_t lz_tls_time(int64_t *ret_time)
{
    int64_t now_s = lz_tls_wall_ns() / LZ_NS_PER_S;
    if (ret_time) {
        *ret_time = now_s;
    }
    return now_s;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return lz_tls_wall_ns() / LZ_NS_PER_MS;
}

/* Proleptic Gregorian calendar, years counted from March, in eras of 400 years (146097 days): leap days
 * stand at the end of a year. Only what certificate checks read of the result is set. */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *unix_s, struct tm *ret_tm)
{
    int64_t days = *unix_s / 86400;
    int64_t seconds = *unix_s % 86400;
    if (seconds < 0) {
        seconds += 86400;
        days--;
    }
    int64_t shifted = days + 719468;    /* days since 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 2 : month_from_march - 10;       /* 0 = January */
    memset(ret_tm, 0, sizeof *ret_tm);
    ret_tm->tm_year = (int)(year_of_era + era * 400 + (month <= 1) - 1900);
    ret_tm->tm_mon = (int)month;
    ret_tm->tm_mday = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    ret_tm->tm_hour = (int)(seconds / 3600);
    ret_tm->tm_min = (int)(seconds / 60 % 60);
    ret_tm->tm_sec = (int)(seconds % 60);
    return ret_tm;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *unused, uint8_t *ret_bytes,
                                             size_t size, size_t *ret_size)
{
    (void)unused;
    lz_tls_random(NULL, ret_bytes, size);
    *ret_size = size;
    return PSA_SUCCESS;
}
