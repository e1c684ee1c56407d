/* EAP (RFC 3748) with the fragments of EAP-TLS (RFC 5216 section 3), and the EAPOL frames that carry it to a switch
 * (IEEE 802.1X-2010 11.3). */
#ifndef LAZARET_PROTOCOL_EAP_H
#define LAZARET_PROTOCOL_EAP_H

#include "lazaret/protocol/wire.h"

typedef enum { LZ_EAPOL_EAP = 0, LZ_EAPOL_START = 1, LZ_EAPOL_LOGOFF = 2 } LzEapolType;
void lz_eapol_encode(LzWriter *writer, LzEapolType type, LzBytes body);
/* What pads the frame is left out. */
bool lz_eapol_decode(LzBytes frame, LzEapolType *ret_type, LzBytes *ret_body);

typedef enum { LZ_EAP_REQUEST = 1, LZ_EAP_RESPONSE = 2, LZ_EAP_SUCCESS = 3, LZ_EAP_FAILURE = 4 } LzEapCode;
typedef enum { LZ_EAP_NONE = 0, LZ_EAP_IDENTITY = 1, LZ_EAP_NAK = 3, LZ_EAP_TLS = 13 } LzEapType;

typedef struct LzEap {
    uint8_t code, id, type;             /* type: of requests and responses */
    bool is_start, has_more;            /* EAP-TLS: its flags S and M */
    uint32_t total_bytes;               /* EAP-TLS: of all fragments, in the first of several; 0: not told */
    LzBytes data;                       /* borrowed */
} LzEap;
bool lz_eap_encode(LzWriter *writer, const LzEap *eap);
bool lz_eap_decode(LzBytes bytes, LzEap *ret_eap);

/* One side's TLS records on their way in fragments, and those of the other side. */
#define LZ_EAP_TLS_BYTES_MAX 65536u     /* that are put together; RFC 5216 section 2.1.5 leaves the limit open */
typedef struct LzEapFragments {
    uint32_t fragment_bytes;            /* of records, in each but the last */
    LzBuffer *out;                      /* NULL: nothing is left to send */
    uint32_t sent_bytes;
    uint8_t *in;                        /* what has come */
    uint32_t in_bytes, in_room;
} LzEapFragments;
typedef enum { LZ_EAP_MORE, LZ_EAP_WHOLE, LZ_EAP_NONSENSE } LzEapProgress;

void lz_eap_fragments_clear(LzEapFragments *fragments);
void lz_eap_fragments_put(LzEapFragments *fragments, LzBuffer *records);        /* takes a reference of its own */
/* Fills flags, length and data of the next fragment; without anything to send that of an acknowledgement. The data are good
 * until more are put. */
void lz_eap_fragments_next(LzEapFragments *fragments, LzEap *eap);
/* MORE: to be acknowledged. WHOLE: all of it is in `in`, and in_bytes is to be set to 0 before the next. */
LzEapProgress lz_eap_fragments_take(LzEapFragments *fragments, const LzEap *eap);

#endif
