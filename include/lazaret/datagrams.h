/* Datagrams between a client and a service, whatever protects them: nothing, or DTLS 1.2 when both have a TLS profile, or SRTP
 * when their profile is for media: then every message is an RTP packet. */
#ifndef LAZARET_DATAGRAMS_H
#define LAZARET_DATAGRAMS_H

#include "lazaret/session.h"

/* ---- client ---- */

typedef struct LzAssociation LzAssociation;

typedef struct LzAssociate {
    LzConnect connect;                  /* with tls: DTLS; its handshake_timeout_ns is of an attempt. Its dscp is the handshake's */
    uint16_t source_port;
    LzTime retry_ns, retry_max_ns;      /* after an attempt that failed; doubled each time up to the other, and half of it drawn */
    LzTime rebind_ns;                   /* 0: never. An address translator on the way forgets a client that has sent nothing for so
                                           long: what it sends then comes from another port */
} LzAssociate;

typedef struct LzAssociationEvents {
    void (*ready)(void *self, bool is_ready);           /* it may send from now on, or no longer */
    void (*received)(void *self, LzBytes message);      /* borrowed */
} LzAssociationEvents;

/* It ends, without a word, with the host's power. events, self and what connect borrows are borrowed for its life. */
LzAssociation *lz_host_associate(LzHost *host, const LzAssociate *associate, const LzAssociationEvents *events, void *self);
/* Finds the peer (lz_host_seek), makes DTLS open, and keeps it so. ready() may come from inside. */
void lz_association_begin(LzAssociation *association);
/* False: it does not fit into one packet. Only while it is ready. message: its life's id, or 0. */
bool lz_association_send(LzAssociation *association, LzBytes message, uint8_t dscp, LzMessageId id);
/* The longest message, while it is ready. */
size_t lz_association_room_bytes(const LzAssociation *association);
/* The peer does not answer: DTLS, if there is any, begins anew. */
void lz_association_renew(LzAssociation *association);

/* ---- service ---- */

typedef struct LzPeer {                 /* whom a message came from */
    LzAddress address;                  /* as of now */
    uint16_t port;
    uint32_t association;               /* of DTLS: its number, which stays when address and port change; 0: in the clear */
} LzPeer;
static inline bool lz_peer_equal(const LzPeer *a, const LzPeer *b)
{
    return a->association == b->association && (a->association > 0 || (a->address == b->address && a->port == b->port));
}

/* With listen->tls, associations are made with whoever asks, as many handshakes at a time as its backlog says. Ends with the
 * host's power. listen is copied; self is borrowed. False when the port is taken. */
bool lz_host_serve(LzHost *host, const LzListen *listen, void (*received)(void *self, const LzPeer *peer, LzBytes message),
                   void *self);
/* From that port. False: it does not fit into one packet, or the association has ended. */
bool lz_host_answer(LzHost *host, uint16_t port, const LzPeer *peer, LzBytes message);

#endif
