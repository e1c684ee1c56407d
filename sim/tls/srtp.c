#include "sim/tls/srtp.h"

#include <mbedtls/aes.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/md.h>
#include <string.h>

enum {
    BLOCK_BYTES = 16, TAG_BYTES = (int)LZ_SRTP_TAG_BYTES, AUTH_KEY_BYTES = 20, SHA1_BYTES = 20, RTP_HEADER_BYTES = (int)LZ_RTP_HEADER_BYTES,
    LABEL_CIPHER = 0, LABEL_AUTH = 1, LABEL_SALT = 2,   /* RFC 3711 4.3.2 */
    WINDOW = 64,                                        /* RFC 3711 3.3.2 */
};

typedef struct Source {
    uint32_t id;
    uint64_t newest;                    /* 2^16 * ROC + SEQ: the index of RFC 3711 3.3.1 */
    uint64_t seen;                      /* bit n: newest - n has come */
} Source;

struct LzSrtp {
    mbedtls_aes_context cipher;
    uint8_t salt[LZ_SRTP_SALT_BYTES], auth_key[AUTH_KEY_BYTES];
    Source sources[LZ_SRTP_SOURCES_MAX];
    unsigned source_count;
};

/* ---- AES in counter mode (RFC 3711 4.1.1) ---- */

/* bytes: input and output. iv: its last two bytes are the counter. */
static void apply_keystream(mbedtls_aes_context *cipher, uint8_t iv[BLOCK_BYTES], uint8_t *bytes, size_t size)
{
    uint8_t block[BLOCK_BYTES];
    for (size_t at = 0; at < size; at += BLOCK_BYTES) {
        uint16_t number = (uint16_t)(at / BLOCK_BYTES);
        iv[BLOCK_BYTES - 2] = (uint8_t)(number >> 8);
        iv[BLOCK_BYTES - 1] = (uint8_t)number;
        int ret = mbedtls_aes_crypt_ecb(cipher, MBEDTLS_AES_ENCRYPT, iv, block);
        g_assert(ret == 0);
        for (size_t i = 0; i < BLOCK_BYTES && at + i < size; i++) {
            bytes[at + i] ^= block[i];
        }
    }
}

/* RFC 3711 4.3: with a key derivation rate of 0. */
static void derive(mbedtls_aes_context *master, const uint8_t salt[LZ_SRTP_SALT_BYTES], uint8_t label, uint8_t *ret_key, size_t size)
{
    uint8_t iv[BLOCK_BYTES] = {0};
    memcpy(iv, salt, LZ_SRTP_SALT_BYTES);
    iv[7] ^= label;
    memset(ret_key, 0, size);
    apply_keystream(master, iv, ret_key, size);
}

LzSrtp *lz_srtp_new(const uint8_t key[LZ_SRTP_KEY_BYTES], const uint8_t salt[LZ_SRTP_SALT_BYTES])
{
    LzSrtp *srtp = g_new0(LzSrtp, 1);
    mbedtls_aes_context master;
    uint8_t cipher_key[LZ_SRTP_KEY_BYTES];
    mbedtls_aes_init(&master);
    int ret = mbedtls_aes_setkey_enc(&master, key, 8 * LZ_SRTP_KEY_BYTES);
    g_assert(ret == 0);
    derive(&master, salt, LABEL_CIPHER, cipher_key, sizeof cipher_key);
    derive(&master, salt, LABEL_AUTH, srtp->auth_key, sizeof srtp->auth_key);
    derive(&master, salt, LABEL_SALT, srtp->salt, sizeof srtp->salt);
    mbedtls_aes_free(&master);
    mbedtls_aes_init(&srtp->cipher);
    ret = mbedtls_aes_setkey_enc(&srtp->cipher, cipher_key, 8 * LZ_SRTP_KEY_BYTES);
    g_assert(ret == 0);
    return srtp;
}

void lz_srtp_free(LzSrtp *srtp)
{
    if (srtp) {
        mbedtls_aes_free(&srtp->cipher);
        g_free(srtp);
    }
}

/* ---- packets ---- */

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Where the payload begins (RFC 3550 5.1); 0: no RTP packet. */
static size_t payload_at(const uint8_t *bytes, size_t size)
{
    if (size < RTP_HEADER_BYTES || bytes[0] >> 6 != 2) {
        return 0;
    }
    size_t at = RTP_HEADER_BYTES + 4u * (bytes[0] & 0x0f);
    if (bytes[0] & 0x10) {
        at += at + 4 <= size ? 4u + 4u * ((size_t)bytes[at + 2] << 8 | bytes[at + 3]) : size;
    }
    return at <= size ? at : 0;
}

/* A new source begins at its first packet: what it has counted before does not matter to us. */
static Source *find_source(LzSrtp *srtp, const uint8_t *packet)
{
    uint32_t id = read_u32(packet + 8);
    for (unsigned i = 0; i < srtp->source_count; i++) {
        if (srtp->sources[i].id == id) {
            return &srtp->sources[i];
        }
    }
    if (srtp->source_count == LZ_SRTP_SOURCES_MAX) {
        return NULL;
    }
    Source *source = &srtp->sources[srtp->source_count];        /* counted when a packet of it is good */
    *source = (Source){.id = id, .newest = (uint64_t)packet[2] << 8 | packet[3]};
    return source;
}

/* RFC 3711 3.3.1: the sequence number that is nearest to the newest. */
static uint64_t index_of(const Source *source, const uint8_t *packet)
{
    int64_t newest = (int64_t)source->newest, sequence = packet[2] << 8 | packet[3];
    int64_t index = (newest & ~INT64_C(0xffff)) + sequence;
    if (index - newest > 0x8000 && index >= 0x10000) {
        index -= 0x10000;
    } else if (newest - index >= 0x8000) {
        index += 0x10000;
    }
    return (uint64_t)index;
}

static bool has_come(const Source *source, uint64_t index)
{
    uint64_t age = source->newest - index;
    return index <= source->newest && (age >= WINDOW || (source->seen >> age & 1) != 0);
}

static void note(LzSrtp *srtp, Source *source, uint64_t index)
{
    if (source == &srtp->sources[srtp->source_count]) {
        srtp->source_count++;
    }
    if (index > source->newest) {
        uint64_t step = index - source->newest;
        source->seen = step < WINDOW ? source->seen << step : 0;
        source->newest = index;
    }
    source->seen |= UINT64_C(1) << (source->newest - index);
}

/* RFC 3711 4.1.1: IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16). */
static void encrypt(LzSrtp *srtp, const Source *source, uint64_t index, uint8_t *payload, size_t size)
{
    uint8_t iv[BLOCK_BYTES] = {0};
    memcpy(iv, srtp->salt, sizeof srtp->salt);
    for (unsigned i = 0; i < 4; i++) {
        iv[4 + i] ^= (uint8_t)(source->id >> 8 * (3 - i));
    }
    for (unsigned i = 0; i < 6; i++) {
        iv[8 + i] ^= (uint8_t)(index >> 8 * (5 - i));
    }
    apply_keystream(&srtp->cipher, iv, payload, size);
}

/* RFC 3711 4.2: over the packet and the roll-over counter. */
static void sign(const LzSrtp *srtp, uint64_t index, const uint8_t *bytes, size_t size, uint8_t ret_tag[TAG_BYTES])
{
    uint8_t mac[SHA1_BYTES], counter[4];
    for (unsigned i = 0; i < 4; i++) {
        counter[i] = (uint8_t)(index >> (16 + 8 * (3 - i)));
    }
    mbedtls_md_context_t md;
    mbedtls_md_init(&md);
    int ret = mbedtls_md_setup(&md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), 1);
    ret = ret ? ret : mbedtls_md_hmac_starts(&md, srtp->auth_key, sizeof srtp->auth_key);
    ret = ret ? ret : mbedtls_md_hmac_update(&md, bytes, size);
    ret = ret ? ret : mbedtls_md_hmac_update(&md, counter, sizeof counter);
    ret = ret ? ret : mbedtls_md_hmac_finish(&md, mac);
    g_assert(ret == 0);         /* memory */
    mbedtls_md_free(&md);
    memcpy(ret_tag, mac, TAG_BYTES);
}

/* AES at the rate of AES-GCM and SHA-1 at that of SHA-256: the classes of CPU have no figures of their own for these. */
static LzCryptoWork work_of(size_t encrypted, size_t signed_bytes)
{
    return (LzCryptoWork){.records = 1, .aead_bytes = encrypted, .hash_bytes = signed_bytes};
}

LzBuffer *lz_srtp_protect(LzSrtp *srtp, LzBytes rtp, LzCryptoWork *ret_work)
{
    size_t payload = payload_at(rtp.data, rtp.size);
    Source *source = payload > 0 ? find_source(srtp, rtp.data) : NULL;
    *ret_work = (LzCryptoWork){0};
    if (!source) {
        return NULL;
    }
    uint64_t index = index_of(source, rtp.data);
    note(srtp, source, index);
    LzBuffer *packet = lz_buffer_new(rtp.size + TAG_BYTES);
    memcpy(packet->data, rtp.data, rtp.size);
    encrypt(srtp, source, index, packet->data + payload, rtp.size - payload);
    sign(srtp, index, packet->data, rtp.size, packet->data + rtp.size);
    *ret_work = work_of(rtp.size - payload, rtp.size);
    return packet;
}

LzBuffer *lz_srtp_unprotect(LzSrtp *srtp, LzBytes packet, LzCryptoWork *ret_work)
{
    size_t size = packet.size > TAG_BYTES ? packet.size - TAG_BYTES : 0, payload = payload_at(packet.data, size);
    Source *source = payload > 0 ? find_source(srtp, packet.data) : NULL;
    *ret_work = (LzCryptoWork){0};
    if (!source) {
        return NULL;
    }
    uint64_t index = index_of(source, packet.data);
    if (has_come(source, index)) {
        return NULL;
    }
    uint8_t tag[TAG_BYTES];
    sign(srtp, index, packet.data, size, tag);
    *ret_work = work_of(0, size);
    if (mbedtls_ct_memcmp(tag, packet.data + size, TAG_BYTES) != 0) {
        return NULL;
    }
    note(srtp, source, index);
    LzBuffer *rtp = lz_buffer_new_copy(packet.data, size);
    encrypt(srtp, source, index, rtp->data + payload, size - payload);
    *ret_work = work_of(size - payload, size);
    return rtp;
}

bool lz_srtp_is_media(LzBytes datagram)
{
    return datagram.size > 0 && datagram.data[0] >= 128 && datagram.data[0] <= 191;
}

bool lz_srtp_of_endpoint(const LzTlsEndpoint *endpoint, LzSrtp **ret_sending, LzSrtp **ret_receiving)
{
    /* RFC 5764 4.2: the client's key, the server's, the client's salt, the server's. */
    const uint8_t *keys = lz_tls_endpoint_srtp_keys(endpoint);
    if (!keys) {
        return false;
    }
    const uint8_t *salts = keys + 2 * LZ_SRTP_KEY_BYTES;
    bool is_server = lz_tls_endpoint_is_server(endpoint);
    LzSrtp *of_client = lz_srtp_new(keys, salts), *of_server = lz_srtp_new(keys + LZ_SRTP_KEY_BYTES, salts + LZ_SRTP_SALT_BYTES);
    *ret_sending = is_server ? of_server : of_client;
    *ret_receiving = is_server ? of_client : of_server;
    return true;
}
