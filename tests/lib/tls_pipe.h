/* Two TLS endpoints joined in memory, pumped until both are silent: every byte of the wire is kept. */
#ifndef TESTS_LIB_TLS_PIPE_H
#define TESTS_LIB_TLS_PIPE_H

#include "sim/tls/tls.h"

#define LZ_TEST_START_S INT64_C(1772431200)     /* 2026-03-02T06:00:00Z */

typedef struct LzTlsSide {
    LzTlsEndpoint *endpoint;
    LzTlsState state;
    LzCryptoWork work;                  /* of all its steps */
    GByteArray *plaintext;              /* received */
    unsigned times_opened;
    int alert_sent, alert_received;     /* the last, -1 = none */
    GByteArray *sent;                   /* records of the last pump, in order */
} LzTlsSide;

typedef struct LzTlsFlight {
    bool is_from_server;
    LzBuffer *records;
} LzTlsFlight;

typedef struct LzTlsPipe {
    LzTlsSide client, server;
    LzTime wall_ns;                     /* advances 1 ms per flight */
    GChecksum *wire;                    /* direction, length and bytes of every flight */
    uint64_t wire_bytes;
    LzTlsTicket *ticket;                /* of the client; borrowed, may be NULL */
    GString *key_log;
    GPtrArray *flights;                 /* of LzTlsFlight: all that was sent, in order */
} LzTlsPipe;

/* A PKI, a server "broker" and a client "pump" ready to be joined. Every field may be changed before lz_test_tls_open(). */
typedef struct LzTlsLab {
    LzPkiOptions pki_options;
    LzCertificateRequest server_request, client_request;
    LzTlsProfileOptions server_options, client_options;
    const char *server_name;
    LzPki *pki;
    LzCredential *server_credential, *client_credential;
    LzTlsProfile *server, *client;
} LzTlsLab;

/* Valid for the day around LZ_TEST_START_S, mutual, no tickets, both versions the given one. */
LzTlsLab lz_test_tls_lab(LzTlsVersion version, LzKeyType key);
/* Makes the PKI, credentials and profiles that the options describe. */
void lz_test_tls_open(LzTlsLab *lab);
void lz_test_tls_close(LzTlsLab *lab);

/* ticket: of the client, may be NULL. */
LzTlsPipe *lz_test_tls_pipe(const LzTlsLab *lab, uint32_t connection, LzTlsTicket *ticket, LzTime wall_ns);
void lz_test_tls_pipe_free(LzTlsPipe *pipe);

/* Steps both sides until nothing is in flight. */
void lz_test_tls_pump(LzTlsPipe *pipe);
/* Steps one side with these bytes; what it sends is kept in side->sent only. */
void lz_test_tls_step(LzTlsPipe *pipe, LzTlsSide *side, LzBytes records);
/* Encrypts from one side and pumps. */
void lz_test_tls_write(LzTlsPipe *pipe, LzTlsSide *side, const void *data, size_t size);
void lz_test_tls_finish(LzTlsPipe *pipe, LzTlsSide *side);

#endif
