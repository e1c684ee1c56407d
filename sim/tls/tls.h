/* The only door to Mbed TLS: a PKI per run, profiles, and endpoints that turn bytes into bytes and a
 * cost. An endpoint never touches a socket, a real clock or a shared random source. */
#ifndef SIM_TLS_TLS_H
#define SIM_TLS_TLS_H

#include <glib.h>

#include "lazaret/authority.h"
#include "lazaret/bytes.h"
#include "lazaret/random.h"
#include "lazaret/session.h"
#include "sim/core/workers.h"
#include "sim/tls/cost.h"

typedef enum { LZ_TLS_1_2, LZ_TLS_1_3 } LzTlsVersion;
typedef enum { LZ_KEY_ECDSA_P256, LZ_KEY_RSA_2048, LZ_KEY_ECDSA_P384, LZ_KEY_RSA_3072 } LzKeyType;

/* What an endpoint is able and willing to do: some of these, the preferred first; none: the first of each, groups all. */
typedef enum { LZ_GROUP_P256, LZ_GROUP_X25519, LZ_GROUP_P384, LZ_GROUP_COUNT } LzTlsGroup;
typedef enum {
    LZ_SUITE_AES_128_GCM, LZ_SUITE_AES_256_GCM, LZ_SUITE_CHACHA20_POLY1305, LZ_SUITE_AES_128_CCM, LZ_SUITE_AES_128_CCM_8,
    LZ_SUITE_COUNT,
} LzTlsSuite;
typedef enum {
    LZ_EXCHANGE_ECDHE,                  /* signed by the key of a certificate */
    LZ_EXCHANGE_RSA,                    /* TLS 1.2: a secret encrypted to the server's key */
    LZ_EXCHANGE_PSK,                    /* a key that both sides have: an entity's is known by its name */
    LZ_EXCHANGE_PSK_DHE,
    LZ_EXCHANGE_COUNT,
} LzTlsExchange;
enum { LZ_TLS_CHOICES_MAX = 8 };
typedef struct LzTlsChoices {
    uint8_t items[LZ_TLS_CHOICES_MAX];
    unsigned count;
} LzTlsChoices;

bool lz_key_is_rsa(LzKeyType type);     /* 72 ms and more to make */

/* Whether something faster than Mbed TLS computes P-256 and AES-GCM in this build. */
bool lz_tls_is_accelerated(void);

/* ---- PKI: root, issuing CA, one certificate per entity; all subjects are marked LAZARET TEST -------- */

typedef struct LzPkiOptions {
    const char *prefix;                 /* of its CAs' names; NULL: "Lazaret Test". Borrowed until lz_pki_new() returns */
    uint64_t seed;
    int64_t start_unix_s;               /* the scenario's start; CA validity surrounds it */
    LzKeyType ca_key;
    unsigned intermediates;             /* 0: leaf certificates are signed by the root itself */
    bool has_verify_memo;               /* no signature is verified twice: faster, and nothing else */
    LzWorkers *workers;                 /* borrowed: verify signatures before they are asked for, into the memo; NULL: nobody does.
                                           They end before the PKI */
} LzPkiOptions;
LzPki *lz_pki_new(const LzPkiOptions *options, GError **error);
void lz_pki_free(LzPki *pki);

typedef struct LzCertificateRequest {
    const char *name;                   /* CN and DNS SAN */
    LzKeyType key;
    int64_t not_before_unix_s, not_after_unix_s;
    bool is_foreign_ca;                 /* signed by a CA that nobody trusts (attacks, tests) */
    bool is_device_id;                  /* a manufacturer's, IEEE 802.1AR: the subject holds a serial number */
    const char *mud_url;                /* at most LZ_MUD_URL_BYTES_MAX; NULL: none */
    bool can_encipher;                  /* of a server that takes secrets encrypted to its RSA key */
    bool has_psk;                       /* shares a key with every server, beside its certificate; of a foreign CA: a wrong one */
} LzCertificateRequest;
/* Key and certificate are made when they are first needed (by a server's profile, a client's endpoint or a question), on
 * that thread, from the entity's own stream: independent of order and of other entities. RSA keys are expensive to make
 * (72 ms): one per `name`'s class may be shared with key_owner (NULL: own key). NULL for a name that cannot be certified.
 * The credential borrows pki. */
LzCredential *lz_pki_issue(LzPki *pki, const LzCertificateRequest *request, const char *key_owner, GError **error);
void lz_credential_free(LzCredential *credential);
/* Its certificate, with a key of key_owner's that is not the one in it: what somebody has who copied the one without the other. */
void lz_credential_mismatch(LzCredential *credential, const char *key_owner);
const char *lz_credential_name(const LzCredential *credential);         /* CN; borrowed */
const uint8_t *lz_credential_certificate(LzCredential *credential, size_t *ret_size);     /* leaf, DER */

/* ---- profiles (LzTlsProfile is opaque in lazaret/session.h) ------------------------------------------ */

/* DTLS 1.2 (RFC 6347) in the place of TLS: records travel in datagrams, which may be lost. */
typedef struct LzDtlsOptions {
    bool is_datagram;
    bool has_cookies;                   /* server: see lz_dtls_answer_hello() */
    bool has_connection_id;             /* RFC 9146: a server gives LZ_DTLS_CID_BYTES, a client is willing to send them */
    bool has_srtp;                      /* RFC 5764: agrees on keys for AES_CM_128_HMAC_SHA1_80 */
    LzTime retransmit_ns, retransmit_max_ns;    /* an unanswered flight goes out again: after the first, doubled up to the other */
    uint32_t mtu_bytes;                 /* of a datagram, what is in UDP */
} LzDtlsOptions;

typedef struct LzTlsProfileOptions {
    bool is_server;
    LzDtlsOptions dtls;
    LzTlsVersion min_version, max_version;
    bool is_mutual;                     /* server: client certificate required */
    bool has_tickets;                   /* server: issues; client: keeps the last and resumes */
    LzTime ticket_lifetime_ns;          /* server */
    LzCredential *credential;           /* server: what it presents; borrowed */
    const LzPki *trust;                 /* borrowed */
    const LzPki *also_trust;            /* borrowed; NULL: nobody beside */
    bool keeps_certificates;            /* server: of its clients, as long as they are connected */
    LzTlsChoices groups, suites, exchanges;     /* LzTlsGroup, LzTlsSuite, LzTlsExchange */
    bool is_hybrid;                     /* TLS 1.3: models X25519MLKEM768, see sim/tls/hybrid.c */
    uint64_t seed;
    uint64_t entity;                    /* server: owner of ticket keys' stream */
} LzTlsProfileOptions;
LzTlsProfile *lz_tls_profile_new(const LzTlsProfileOptions *options, GError **error);
void lz_tls_profile_free(LzTlsProfile *profile);

/* A client's stored session for resumption; one per device, empty at first, lost with its memory. */
typedef struct LzTlsTicket LzTlsTicket;
LzTlsTicket *lz_tls_ticket_new(void);
void lz_tls_ticket_free(LzTlsTicket *ticket);
void lz_tls_ticket_clear(LzTlsTicket *ticket);
void lz_tls_ticket_move(LzTlsTicket *ticket, LzTlsTicket *from);       /* what `from` holds, in place of what it held */

/* ---- endpoints -------------------------------------------------------------------------------------- */

typedef struct LzTlsEndpoint LzTlsEndpoint;

enum { LZ_TLS_LONG_RECORD = 4096 };     /* bytes: from here on a record costs real time, about 15 us */

typedef enum {
    LZ_TLS_HANDSHAKING,
    LZ_TLS_OPEN,
    LZ_TLS_CLOSED,              /* close_notify seen or sent */
    LZ_TLS_FAILED,              /* see alert; may follow OPEN: a TLS 1.3 client is open before the server has
                                   looked at its certificate, and hears of a refusal at a later step */
} LzTlsState;

typedef struct LzTlsStep {      /* what one step did; clear with lz_tls_step_clear */
    LzTlsState state;
    LzBuffer *records;          /* ciphertext to send, or NULL */
    LzBuffer *plaintext;        /* application bytes received, or NULL */
    LzCryptoWork work;          /* to be charged to the host */
    int alert_sent, alert_received;     /* TLS alert description (RFC 8446 6.2), -1 = none. close_notify is not reported here */
    bool just_opened;
    GPtrArray *datagrams, *messages;    /* LzBuffer: of DTLS in the place of records and plaintext; NULL: none */
    LzTime timer_ns;            /* of DTLS: how long after the step lz_tls_endpoint_expire() and another are due; 0: no longer,
                                   LZ_DTLS_TIMER_AS_BEFORE */
    unsigned retransmissions;   /* of DTLS: flights that went out again */
    bool has_newer;             /* of DTLS: an authentic record came that is newer than all before */
    bool has_timed_out;         /* why DTLS has failed: the peer never answered */
    LzTlsTicket *ticket;        /* the last that a client with a place for one received, or NULL */
    GPtrArray *secrets;         /* lines in NSS key log format, of an endpoint that is to tell, or NULL */
} LzTlsStep;
void lz_tls_step_clear(LzTlsStep *step);

typedef struct LzTlsClient {    /* everything borrowed; the credential as long as the endpoint lives */
    const char *server_name;
    LzCredential *credential;   /* NULL: has no certificate */
    LzTlsTicket *ticket;        /* NULL: does not resume; the endpoint takes from it what it resumes and does not touch it
                                   later */
    bool offers_later;          /* the ticket is not offered, and spent, before lz_tls_endpoint_offer() */
} LzTlsClient;

/* entity and connection key the endpoint's random streams: f(seed, entity, connection number). client: NULL for a server;
 * its credential is made, if need be, by the first step. */
LzTlsEndpoint *lz_tls_endpoint_new(const LzTlsProfile *profile, uint64_t seed, uint64_t entity, uint32_t connection,
                                   const LzTlsClient *client);
/* Before the first step of a client that was made with offers_later: resumes what the ticket holds. */
void lz_tls_endpoint_offer(LzTlsEndpoint *endpoint, LzTlsTicket *ticket);
void lz_tls_endpoint_free(LzTlsEndpoint *endpoint);

/* Before the first step of a server: these certificates of whom it trusts are refused by the handshake (alert
 * certificate_revoked), and their holder's name is then the peer's. uint64_t, ascending: serial numbers as lz_certificate_read()
 * tells them. Takes the reference over. */
void lz_tls_endpoint_set_revoked(LzTlsEndpoint *endpoint, GBytes *serials);

/* Ciphertext that arrived, of DTLS a datagram; copied. Not processed before the next step. */
void lz_tls_endpoint_feed(LzTlsEndpoint *endpoint, LzBytes records);
/* Goes as far as the bytes allow, at this virtual wall clock. wall_ns: since 1970. Pure function of the endpoint's
 * state, streams and clock, as the two below are; may run on any thread, where the endpoint is not touched meanwhile.
 * A failed endpoint's alert is in records. */
void lz_tls_endpoint_step(LzTlsEndpoint *endpoint, LzTime wall_ns, LzTlsStep *ret_step);
/* Whether a client's first step, its hello, does not depend on the clock: wall_ns may be LZ_TLS_NO_CLOCK. */
#define LZ_TLS_NO_CLOCK INT64_MIN
bool lz_tls_endpoint_starts_without_clock(const LzTlsEndpoint *endpoint);
/* Encrypts application bytes into records (state OPEN); of DTLS a message into one. */
void lz_tls_endpoint_write(LzTlsEndpoint *endpoint, LzTime wall_ns, LzBytes plaintext, LzTlsStep *ret_step);
void lz_tls_endpoint_close(LzTlsEndpoint *endpoint, LzTime wall_ns, LzTlsStep *ret_step);       /* close_notify */
/* Ends an open connection with a fatal alert, and as failed. */
void lz_tls_endpoint_refuse(LzTlsEndpoint *endpoint, LzTime wall_ns, int alert, LzTlsStep *ret_step);
enum { LZ_ALERT_CERTIFICATE_REVOKED = 44, LZ_ALERT_CERTIFICATE_UNKNOWN = 46 };      /* RFC 8446 6.2 */

/* ---- DTLS ---- */

#define LZ_DTLS_TIMER_AS_BEFORE (-1)
/* The timer that a step has set is over. The next step sends the last flight again, or fails. */
void lz_tls_endpoint_expire(LzTlsEndpoint *endpoint);
/* The longest message that one record of an open endpoint may carry. */
size_t lz_tls_endpoint_room_bytes(const LzTlsEndpoint *endpoint);
/* RFC 5764 4.2: 60 bytes of an open endpoint that has agreed on SRTP; NULL: it has not. Borrowed. */
const uint8_t *lz_tls_endpoint_srtp_keys(const LzTlsEndpoint *endpoint);
bool lz_tls_endpoint_is_server(const LzTlsEndpoint *endpoint);
/* A server's, by which its clients' datagrams know it wherever they come from; size 0: it has none. Borrowed. */
LzBytes lz_tls_endpoint_connection_id(const LzTlsEndpoint *endpoint);

enum { LZ_DTLS_CID_BYTES = 8 };
/* That of a datagram for a server; size 0: it has none. Borrowed. */
LzBytes lz_dtls_connection_id(LzBytes datagram);
bool lz_dtls_is_hello(LzBytes datagram);        /* the beginning of a handshake */
LzBytes lz_dtls_hello_random(LzBytes datagram); /* of a hello: 32 bytes that are its client's attempt */
typedef struct LzDtlsHello {
    uint32_t address;
    uint16_t port;
    LzBytes datagram;                   /* lz_dtls_is_hello() */
} LzDtlsHello;
/* A server that asks for cookies answers a hello without its cookie with this, and forgets about it. NULL: an endpoint may be
 * made for it. New buffer; a function of its arguments. */
LzBuffer *lz_dtls_answer_hello(const LzTlsProfile *profile, const LzDtlsHello *hello, LzTime wall_ns, LzCryptoWork *ret_work);

/* Facts of an open endpoint. */
LzTlsVersion lz_tls_endpoint_version(const LzTlsEndpoint *endpoint);
bool lz_tls_endpoint_was_resumed(const LzTlsEndpoint *endpoint);
LzTlsSuite lz_tls_endpoint_suite(const LzTlsEndpoint *endpoint);
const char *lz_tls_endpoint_cipher_suite(const LzTlsEndpoint *endpoint);
const char *lz_tls_endpoint_peer_name(const LzTlsEndpoint *endpoint);   /* CN of the peer's certificate or NULL */
/* DER, of a handshake that was not resumed, when the profile keeps it; size 0: none. Borrowed. */
LzBytes lz_tls_endpoint_peer_certificate(const LzTlsEndpoint *endpoint);
void lz_tls_endpoint_tell_secrets(LzTlsEndpoint *endpoint);    /* in its steps from now on */
/* committed() is called, before each operation of a step that takes some 10 us or more of real time, with the work that the
 * step is certain to do: so far, and that operation. It may return on another thread. */
void lz_tls_endpoint_set_committed(LzTlsEndpoint *endpoint, void (*committed)(void *self, const LzCryptoWork *work), void *self);
const char *lz_tls_alert_name(int alert);       /* "bad_certificate" …, "unknown" */

/* The first flight of a client with a fresh valid key share, for attacks; work is the cost. New buffer. */
LzBuffer *lz_tls_client_hello(const LzTlsProfile *profile, uint64_t seed, uint64_t entity, uint32_t connection,
                              const char *server_name, LzTime wall_ns, LzCryptoWork *ret_work);

#endif
