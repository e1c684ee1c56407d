#include "sim/tls/ticket_keys.h"

#include <mbedtls/gcm.h>
#include <mbedtls/lazaret_inside.h>
#include <mbedtls/platform_time.h>
#include <string.h>

#include "sim/tls/context.h"
#include "sim/tls/credential.h"

/* A ticket: key name, nonce, sealed(name length, name, session), tag. Name and nonce are authenticated. */
enum { KEY_NAME_SIZE = 16, KEY_SIZE = 16, NONCE_SIZE = 12, TAG_SIZE = 16, HEAD_SIZE = KEY_NAME_SIZE + NONCE_SIZE };

typedef struct SealingKey {
    unsigned char name[KEY_NAME_SIZE];
    unsigned char key[KEY_SIZE];
} SealingKey;

/* The key of a period of lifetime_s; periods count from 1970. */
static void derive(const LzTicketKeys *keys, int64_t period, SealingKey *ret_key)
{
    LzRandom server, stream;
    lz_random_init(&server, keys->seed, keys->entity, LZ_PURPOSE_TLS_TICKET);
    lz_random_init(&stream, lz_random_u64(&server), (uint64_t)period, LZ_PURPOSE_TLS_TICKET);
    lz_random_fill(&stream, ret_key->name, sizeof ret_key->name);
    lz_random_fill(&stream, ret_key->key, sizeof ret_key->key);
}

static int64_t current_period(const LzTicketKeys *keys)
{
    return lz_tls_wall_ns() / LZ_NS_PER_S / keys->lifetime_s;
}

static void count(size_t size)
{
    LzCryptoWork *work = lz_tls_context()->work;
    if (work) {
        work->aead_bytes += size;
    }
}

/* Of the certificate that the session saw, or of the ticket that it resumed. */
static void session_peer_name(const mbedtls_ssl_session *session, char ret_name[LZ_TLS_NAME_SIZE])
{
    const mbedtls_x509_crt *peer = lz_inside_session_peer(session);
    const char *resumed = lz_tls_context()->resumed_name;
    ret_name[0] = '\0';
    if (peer) {
        lz_certificate_common_name(peer, ret_name, LZ_TLS_NAME_SIZE);
    } else if (resumed) {
        g_strlcpy(ret_name, resumed, LZ_TLS_NAME_SIZE);
    }
}

/* Writes what is to be sealed. */
static int write_content(const mbedtls_ssl_session *session, unsigned char *start, size_t capacity, size_t *ret_size)
{
    char name[LZ_TLS_NAME_SIZE];
    session_peer_name(session, name);
    size_t length = strlen(name);
    if (capacity < 1 + length) {
        return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    }
    start[0] = (unsigned char)length;
    memcpy(start + 1, name, length);
    size_t session_size;
    int ret = mbedtls_ssl_session_save(session, start + 1 + length, capacity - 1 - length, &session_size);
    *ret_size = 1 + length + session_size;
    return ret;
}

int lz_ticket_keys_seal(void *self, const mbedtls_ssl_session *session, unsigned char *start, const unsigned char *end,
                        size_t *ret_size, uint32_t *ret_lifetime_s)
{
    const LzTicketKeys *keys = self;
    size_t capacity = (size_t)(end - start);
    if (capacity < HEAD_SIZE + TAG_SIZE) {
        return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    }
    unsigned char *content = start + HEAD_SIZE;
    size_t size;
    int ret = write_content(session, content, capacity - HEAD_SIZE - TAG_SIZE, &size);
    if (ret != 0) {
        return ret;
    }
    SealingKey key;
    derive(keys, current_period(keys), &key);
    memcpy(start, key.name, KEY_NAME_SIZE);
    lz_tls_random(NULL, start + KEY_NAME_SIZE, NONCE_SIZE);
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    ret = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key.key, 8 * KEY_SIZE);
    if (ret == 0) {
        ret = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, size, start + KEY_NAME_SIZE, NONCE_SIZE, start,
                                        HEAD_SIZE, content, content, TAG_SIZE, content + size);
    }
    mbedtls_gcm_free(&gcm);
    count(size);
    *ret_size = HEAD_SIZE + size + TAG_SIZE;
    *ret_lifetime_s = keys->lifetime_s;
    return ret;
}

/* Tickets sealed in the last period before this one may still be young enough. */
static bool find_key(const LzTicketKeys *keys, const unsigned char *name, SealingKey *ret_key)
{
    int64_t period = current_period(keys);
    for (int64_t age = 0; age <= 1; age++) {
        derive(keys, period - age, ret_key);
        if (memcmp(ret_key->name, name, KEY_NAME_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static int read_content(const LzTicketKeys *keys, const unsigned char *content, size_t size,
                        mbedtls_ssl_session *ret_session)
{
    size_t length = size > 0 ? content[0] : 0;
    if (size < 1 + length || length >= LZ_TLS_NAME_SIZE) {
        return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
    }
    int ret = mbedtls_ssl_session_load(ret_session, content + 1 + length, size - 1 - length);
    if (ret != 0) {
        return ret;
    }
    mbedtls_ms_time_t created_ms;
    ret = mbedtls_ssl_session_get_ticket_creation_time(ret_session, &created_ms);
    mbedtls_ms_time_t age_ms = ret == 0 ? mbedtls_ms_time() - created_ms : -1;
    if (age_ms < 0 || age_ms > (mbedtls_ms_time_t)keys->lifetime_s * 1000) {
        return MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED;
    }
    char *name = lz_tls_context()->resumed_name;
    if (name) {
        memcpy(name, content + 1, length);
        name[length] = '\0';
    }
    return 0;
}

int lz_ticket_keys_open(void *self, mbedtls_ssl_session *ret_session, unsigned char *ticket, size_t size)
{
    const LzTicketKeys *keys = self;
    SealingKey key;
    if (size < HEAD_SIZE + TAG_SIZE || !find_key(keys, ticket, &key)) {
        return MBEDTLS_ERR_SSL_INVALID_MAC;
    }
    unsigned char *content = ticket + HEAD_SIZE;
    size -= HEAD_SIZE + TAG_SIZE;
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    int ret = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key.key, 8 * KEY_SIZE);
    if (ret == 0) {
        ret = mbedtls_gcm_auth_decrypt(&gcm, size, ticket + KEY_NAME_SIZE, NONCE_SIZE, ticket, HEAD_SIZE, content + size,
                                       TAG_SIZE, content, content);
    }
    mbedtls_gcm_free(&gcm);
    count(size);
    if (ret != 0) {
        return ret == MBEDTLS_ERR_GCM_AUTH_FAILED ? MBEDTLS_ERR_SSL_INVALID_MAC : ret;
    }
    return read_content(keys, content, size, ret_session);
}
