/* The functions that subprojects/packagefiles/mbedtls/meson.build puts in the place of Mbed TLS's own,
 * where they are called; each has the signature of the one it replaces. */
#ifndef SIM_TLS_HOOKS_H
#define SIM_TLS_HOOKS_H

#include <mbedtls/cipher.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

int lz_hook_mbedtls_ecdsa_write_signature(mbedtls_ecdsa_context *key, mbedtls_md_type_t digest, const unsigned char *hash,
                                          size_t hash_size, unsigned char *signature, size_t capacity, size_t *ret_size,
                                          mbedtls_f_rng_t *random, void *random_self);
int lz_hook_mbedtls_ecdsa_read_signature(mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_size,
                                         const unsigned char *signature, size_t size);
int lz_hook_mbedtls_ecp_mul(mbedtls_ecp_group *group, mbedtls_ecp_point *ret_point, const mbedtls_mpi *factor,
                            const mbedtls_ecp_point *point, mbedtls_f_rng_t *random, void *random_self);

int lz_hook_mbedtls_ecp_mul_restartable(mbedtls_ecp_group *group, mbedtls_ecp_point *ret_point,
                                        const mbedtls_mpi *factor, const mbedtls_ecp_point *point,
                                        mbedtls_f_rng_t *random, void *random_self, mbedtls_ecp_restart_ctx *restart);
int lz_hook_mbedtls_ecp_muladd_restartable(mbedtls_ecp_group *group, mbedtls_ecp_point *ret_sum,
                                           const mbedtls_mpi *first_factor, const mbedtls_ecp_point *first,
                                           const mbedtls_mpi *second_factor, const mbedtls_ecp_point *second,
                                           mbedtls_ecp_restart_ctx *restart);
int lz_hook_mbedtls_mpi_gcd_modinv_odd(mbedtls_mpi *ret_divisor, mbedtls_mpi *ret_inverse, const mbedtls_mpi *number,
                                       const mbedtls_mpi *modulus);

int lz_hook_mbedtls_rsa_pkcs1_sign(mbedtls_rsa_context *key, mbedtls_f_rng_t *random, void *random_self,
                                   mbedtls_md_type_t digest, unsigned hash_size, const unsigned char *hash,
                                   unsigned char *signature);
int lz_hook_mbedtls_rsa_pkcs1_decrypt(mbedtls_rsa_context *key, mbedtls_f_rng_t *random, void *random_self, size_t *ret_size,
                                      const unsigned char *input, unsigned char *output, size_t capacity);
int lz_hook_mbedtls_rsa_rsassa_pss_sign_no_mode_check(mbedtls_rsa_context *key, mbedtls_f_rng_t *random,
                                                      void *random_self, mbedtls_md_type_t digest, unsigned hash_size,
                                                      const unsigned char *hash, unsigned char *signature);
int lz_hook_mbedtls_mpi_exp_mod_unsafe(mbedtls_mpi *ret_power, const mbedtls_mpi *base, const mbedtls_mpi *exponent,
                                       const mbedtls_mpi *modulus, mbedtls_mpi *cache);
int lz_hook_mbedtls_mpi_random(mbedtls_mpi *ret_number, mbedtls_mpi_sint min, const mbedtls_mpi *bound,
                               mbedtls_f_rng_t *random, void *random_self);
int lz_hook_mbedtls_mpi_fill_random(mbedtls_mpi *ret_number, size_t size, mbedtls_f_rng_t *random, void *random_self);

int lz_hook_mbedtls_cipher_auth_encrypt_ext(mbedtls_cipher_context_t *cipher, const unsigned char *nonce,
                                            size_t nonce_size, const unsigned char *header, size_t header_size,
                                            const unsigned char *input, size_t size, unsigned char *output,
                                            size_t capacity, size_t *ret_size, size_t tag_size);
int lz_hook_mbedtls_cipher_auth_decrypt_ext(mbedtls_cipher_context_t *cipher, const unsigned char *nonce,
                                            size_t nonce_size, const unsigned char *header, size_t header_size,
                                            const unsigned char *input, size_t size, unsigned char *output,
                                            size_t capacity, size_t *ret_size, size_t tag_size);

int lz_hook_mbedtls_sha256(const unsigned char *input, size_t size, unsigned char *output, int is224);
int lz_hook_mbedtls_sha256_update(mbedtls_sha256_context *hash, const unsigned char *input, size_t size);
int lz_hook_mbedtls_sha512(const unsigned char *input, size_t size, unsigned char *output, int is384);
int lz_hook_mbedtls_sha512_update(mbedtls_sha512_context *hash, const unsigned char *input, size_t size);

#endif
