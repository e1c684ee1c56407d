#include "sim/tls/hybrid.h"

#include <string.h>

#include "sim/tls/context.h"

enum {
    EXTENSION_TYPE = 0xff4c,            /* RFC 8446 11: a first byte of 255 is for private use */
    EXTENSION_HEADER_BYTES = 4,
    ENCRYPTED_EXTENSIONS = 8, CLIENT_HELLO = 1, /* RFC 8446 4 */
};

/* Not in public headers of Mbed TLS. */
int mbedtls_ssl_tls13_write_client_hello_exts(mbedtls_ssl_context *ssl, unsigned char *bytes, unsigned char *end,
                                              size_t *ret_size);
int mbedtls_ssl_write_alpn_ext(mbedtls_ssl_context *ssl, unsigned char *bytes, const unsigned char *end, size_t *ret_size);
int mbedtls_ssl_tls13_check_received_extension(mbedtls_ssl_context *ssl, int message, unsigned type, uint32_t allowed);

/* So many bytes, which say in a capture what they are. */
static int append(unsigned char *bytes, const unsigned char *end, size_t size, size_t *size_so_far)
{
    static const char filler[] = "LAZARET TEST: MODELLED ML-KEM-768 ";
    unsigned char *place = bytes + *size_so_far;
    if ((size_t)(end - place) < size) {
        return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    }
    size_t content = size - EXTENSION_HEADER_BYTES;
    const unsigned char header[EXTENSION_HEADER_BYTES] = {EXTENSION_TYPE >> 8, EXTENSION_TYPE & 0xff,
                                                          (unsigned char)(content >> 8), (unsigned char)content};
    memcpy(place, header, sizeof header);
    for (size_t i = 0; i < content; i++) {
        place[EXTENSION_HEADER_BYTES + i] = (unsigned char)filler[i % (sizeof filler - 1)];
    }
    *size_so_far += size;
    return 0;
}

static void count(LzTlsContext *context, uint32_t keygen, uint32_t encapsulate, uint32_t decapsulate)
{
    if (context->work) {
        context->work->mlkem768_keygen += keygen;
        context->work->mlkem768_encapsulate += encapsulate;
        context->work->mlkem768_decapsulate += decapsulate;
    }
}

/* A second hello, which a server may ask for, brings the same key. */
int lz_hook_mbedtls_ssl_tls13_write_client_hello_exts(mbedtls_ssl_context *ssl, unsigned char *bytes, unsigned char *end,
                                                      size_t *ret_size)
{
    LzTlsContext *context = lz_tls_context();
    int ret = mbedtls_ssl_tls13_write_client_hello_exts(ssl, bytes, end, ret_size);
    if (ret != 0 || !context->is_hybrid) {
        return ret;
    }
    count(context, !context->has_hybrid_key, 0, 0);
    context->has_hybrid_key = true;
    return append(bytes, end, LZ_HYBRID_CLIENT_BYTES, ret_size);
}

/* What a server puts into EncryptedExtensions first. */
int lz_hook_mbedtls_ssl_write_alpn_ext(mbedtls_ssl_context *ssl, unsigned char *bytes, const unsigned char *end,
                                       size_t *ret_size)
{
    LzTlsContext *context = lz_tls_context();
    int ret = mbedtls_ssl_write_alpn_ext(ssl, bytes, end, ret_size);
    if (ret != 0 || !context->has_hybrid_key) {
        return ret;
    }
    count(context, 0, 1, 0);
    return append(bytes, end, LZ_HYBRID_SERVER_BYTES, ret_size);
}

/* A server learns from it that the client offers; a client takes an answer to what it has offered. */
int lz_hook_mbedtls_ssl_tls13_check_received_extension(mbedtls_ssl_context *ssl, int message, unsigned type, uint32_t allowed)
{
    LzTlsContext *context = lz_tls_context();
    bool is_ours = type == EXTENSION_TYPE && context->is_hybrid;
    if (is_ours && message == CLIENT_HELLO) {
        context->has_hybrid_key = true;
    }
    if (is_ours && message == ENCRYPTED_EXTENSIONS && context->has_hybrid_key) {
        count(context, 0, 0, 1);
        return 0;
    }
    return mbedtls_ssl_tls13_check_received_extension(ssl, message, type, allowed);
}
