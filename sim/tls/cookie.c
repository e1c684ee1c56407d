/* The first answer of a DTLS server, made without remembering anything: a cookie that only who receives at the address that it
 * gave can send back. */
#include "sim/tls/cookie.h"

#include <mbedtls/md.h>
#include <string.h>

#include "sim/tls/context.h"
#include "sim/tls/credential.h"
#include "sim/tls/profile.h"

/* A ClientHello in a record of its own (RFC 6347 4.1, 4.2.2; RFC 5246 7.4.1.2). */
enum {
    EPOCH_AT = 3, RECORD_LENGTH_AT = 11, MESSAGE_AT = 13, MESSAGE_LENGTH_AT = 14, FRAGMENT_OFFSET_AT = 19,
    FRAGMENT_LENGTH_AT = 22, VERSION_AT = 25, RANDOM_AT = 27, SESSION_AT = 59,
    COOKIE_BYTES = 32, TIME_BYTES = 4, MAC_BYTES = COOKIE_BYTES - TIME_BYTES, KEY_BYTES = 32,
    ANSWER_BYTES = RANDOM_AT + 1 + COOKIE_BYTES,
    LIFETIME_S = 60,                    /* as Mbed TLS has it by default: MBEDTLS_SSL_COOKIE_TIMEOUT */
};

int lz_cookie_never_write(void *unused, unsigned char **at, unsigned char *end, const unsigned char *client, size_t size)
{
    (void)unused, (void)at, (void)end, (void)client, (void)size;
    return MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE;
}

int lz_cookie_is_checked(void *unused, const unsigned char *cookie, size_t cookie_size, const unsigned char *client, size_t size)
{
    (void)unused, (void)cookie, (void)cookie_size, (void)client, (void)size;
    return 0;
}

static void write_number(uint8_t *at, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(number >> 8 * (size - 1 - i));
    }
}

static uint64_t read_number(const uint8_t *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* RFC 6347 4.2.1: HMAC(Secret, Client-IP, Client-Parameters), and when. The record's and the message's numbers differ between
 * the two hellos, and so does the cookie; the rest must be the same. */
static void compute(const LzTlsProfile *profile, const LzDtlsHello *hello, uint32_t time_s, uint8_t ret_cookie[COOKIE_BYTES])
{
    uint8_t key[KEY_BYTES], head[10], mac[32];
    LzRandom random;
    lz_random_init(&random, profile->options.seed, profile->options.entity, LZ_PURPOSE_DTLS_COOKIE);
    lz_random_fill(&random, key, sizeof key);
    write_number(head, time_s, 4);
    write_number(head + 4, hello->address, 4);
    write_number(head + 8, hello->port, 2);
    mbedtls_md_context_t md;
    mbedtls_md_init(&md);
    int ret = mbedtls_md_setup(&md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1);
    ret = ret ? ret : mbedtls_md_hmac_starts(&md, key, sizeof key);
    ret = ret ? ret : mbedtls_md_hmac_update(&md, head, sizeof head);
    ret = ret ? ret : mbedtls_md_hmac_update(&md, hello->datagram.data + VERSION_AT, SESSION_AT - VERSION_AT);
    ret = ret ? ret : mbedtls_md_hmac_finish(&md, mac);
    g_assert(ret == 0);         /* memory */
    mbedtls_md_free(&md);
    write_number(ret_cookie, time_s, TIME_BYTES);
    memcpy(ret_cookie + TIME_BYTES, mac, MAC_BYTES);
}

static bool is_fresh(uint32_t time_s, uint32_t now_s)
{
    return time_s <= now_s && now_s - time_s <= LIFETIME_S;
}

bool lz_dtls_is_hello(LzBytes datagram)
{
    const uint8_t *data = datagram.data;
    if (datagram.size <= SESSION_AT + 1 || data[0] != MBEDTLS_SSL_MSG_HANDSHAKE || read_number(data + EPOCH_AT, 2) != 0
        || data[MESSAGE_AT] != MBEDTLS_SSL_HS_CLIENT_HELLO) {
        return false;
    }
    /* One that comes in pieces is refused, as by Mbed TLS: no state may be kept for it. */
    bool is_whole = read_number(data + FRAGMENT_OFFSET_AT, 3) == 0
                    && read_number(data + MESSAGE_LENGTH_AT, 3) == read_number(data + FRAGMENT_LENGTH_AT, 3);
    size_t cookie_at = SESSION_AT + 1 + (size_t)data[SESSION_AT];
    return is_whole && cookie_at < datagram.size && cookie_at + 1 + data[cookie_at] <= datagram.size;
}

LzBytes lz_dtls_hello_random(LzBytes datagram)
{
    return (LzBytes){datagram.data + RANDOM_AT, SESSION_AT - RANDOM_AT};
}

static bool has_cookie(const LzTlsProfile *profile, const LzDtlsHello *hello, uint32_t now_s)
{
    const uint8_t *place = hello->datagram.data + SESSION_AT + 1 + hello->datagram.data[SESSION_AT];
    uint8_t expected[COOKIE_BYTES];
    if (*place != COOKIE_BYTES || !is_fresh((uint32_t)read_number(place + 1, TIME_BYTES), now_s)) {
        return false;
    }
    compute(profile, hello, (uint32_t)read_number(place + 1, TIME_BYTES), expected);
    return memcmp(place + 1, expected, COOKIE_BYTES) == 0;
}

/* HelloVerifyRequest, with the numbers of the hello; its version is that of DTLS 1.0 whatever comes (RFC 6347 4.2.1). */
static LzBuffer *write_answer(const LzTlsProfile *profile, const LzDtlsHello *hello, uint32_t now_s)
{
    uint8_t answer[ANSWER_BYTES];
    memcpy(answer, hello->datagram.data, VERSION_AT);
    write_number(answer + RECORD_LENGTH_AT, ANSWER_BYTES - MESSAGE_AT, 2);
    answer[MESSAGE_AT] = MBEDTLS_SSL_HS_HELLO_VERIFY_REQUEST;
    write_number(answer + MESSAGE_LENGTH_AT, ANSWER_BYTES - VERSION_AT, 3);
    write_number(answer + FRAGMENT_LENGTH_AT, ANSWER_BYTES - VERSION_AT, 3);
    write_number(answer + VERSION_AT, 0xfeff, 2);
    answer[RANDOM_AT] = COOKIE_BYTES;
    compute(profile, hello, now_s, answer + RANDOM_AT + 1);
    return lz_buffer_new_copy(answer, sizeof answer);
}

LzBuffer *lz_dtls_answer_hello(const LzTlsProfile *profile, const LzDtlsHello *hello, LzTime wall_ns, LzCryptoWork *ret_work)
{
    *ret_work = (LzCryptoWork){0};
    if (!profile->options.dtls.has_cookies) {
        return NULL;
    }
    LzTlsContext context = {.wall_ns = wall_ns, .work = ret_work, .aead = lz_pki_aead(profile->options.trust)};
    LzTlsContext *previous = lz_tls_context_enter(&context);
    uint32_t now_s = (uint32_t)(wall_ns / LZ_NS_PER_S);
    LzBuffer *answer = has_cookie(profile, hello, now_s) ? NULL : write_answer(profile, hello, now_s);
    lz_tls_context_leave(previous);
    return answer;
}

LzBytes lz_dtls_connection_id(LzBytes datagram)
{
    enum { CID_AT = 11, LENGTH_BYTES = 2 };             /* RFC 9146 4 */
    bool has_one = datagram.size >= CID_AT + LZ_DTLS_CID_BYTES + LENGTH_BYTES && datagram.data[0] == MBEDTLS_SSL_MSG_CID;
    return has_one ? (LzBytes){datagram.data + CID_AT, LZ_DTLS_CID_BYTES} : (LzBytes){.data = NULL, .size = 0};
}
