/* DICOM as images are sent with it: the upper layer's PDUs (PS3.8 9.3), the command sets of C-STORE and C-ECHO (PS3.7 9.3),
 * and images in Explicit VR Little Endian (PS3.5): bytes in and bytes out. What is decoded borrows the bytes it was decoded
 * from. */
#ifndef LAZARET_PROTOCOL_DICOM_H
#define LAZARET_PROTOCOL_DICOM_H

#include <glib.h>

#include "lazaret/probe.h"
#include "lazaret/protocol/wire.h"

/* ---- PDUs ---- */

typedef enum {
    LZ_DICOM_ASSOCIATE_RQ = 1,
    LZ_DICOM_ASSOCIATE_AC,
    LZ_DICOM_ASSOCIATE_RJ,
    LZ_DICOM_DATA,              /* P-DATA-TF */
    LZ_DICOM_RELEASE_RQ,
    LZ_DICOM_RELEASE_RP,
    LZ_DICOM_ABORT,
} LzDicomPdu;

#define LZ_DICOM_PDU_HEADER_BYTES 6u
#define LZ_DICOM_PDU_BYTES_MIN 4096u    /* PS3.8 D.1: the least that a peer's limit should allow */

typedef enum { LZ_DICOM_MORE, LZ_DICOM_PDU, LZ_DICOM_BROKEN } LzDicomProgress;

/* One direction of a connection. Memory grows with the bytes that have arrived, never by a length field alone. */
typedef struct LzDicomStream {
    size_t pdu_bytes_max;       /* without its header; a longer one is LZ_DICOM_BROKEN, for good */
    GByteArray *kept;
    bool is_taken, is_broken;
} LzDicomStream;

void lz_dicom_stream_init(LzDicomStream *stream, size_t pdu_bytes_max);
void lz_dicom_stream_clear(LzDicomStream *stream);      /* back to its beginning, limit kept; safe on zeroed memory */
/* ret_body: what follows the header, borrowed until the next call or until the input goes. */
LzDicomProgress lz_dicom_stream_next(LzDicomStream *stream, LzBytes *input, LzDicomPdu *ret_type, LzBytes *ret_body);

/* ---- associations ---- */

#define LZ_DICOM_CONTEXTS_MAX 128u      /* odd identifiers of one byte */

extern const char lz_dicom_explicit_little_endian[], lz_dicom_verification[];

typedef enum { LZ_DICOM_ACCEPTED, LZ_DICOM_USER_REJECTION, LZ_DICOM_NO_REASON, LZ_DICOM_NO_ABSTRACT_SYNTAX,
               LZ_DICOM_NO_TRANSFER_SYNTAX } LzDicomResult;     /* PS3.8 table 9-18 */

typedef struct LzDicomContext {
    uint8_t id;                 /* odd */
    LzDicomResult result;       /* of an answer */
    LzBytes abstract_syntax;    /* of a request */
    bool has_explicit_little_endian;    /* among the transfer syntaxes that a request offers */
} LzDicomContext;

typedef struct LzDicomAssociate {
    LzBytes called, calling;    /* titles of the application entities, without the blanks behind them */
    uint32_t pdu_bytes_max;     /* 0: any */
    unsigned context_count;
    LzDicomContext contexts[LZ_DICOM_CONTEXTS_MAX];
} LzDicomAssociate;

/* False: not such a PDU. */
bool lz_dicom_decode_associate(LzDicomPdu type, LzBytes body, LzDicomAssociate *ret_associate);
void lz_dicom_write_associate(LzWriter *writer, LzDicomPdu type, const LzDicomAssociate *associate);
void lz_dicom_write_reject(LzWriter *writer, uint8_t result, uint8_t source, uint8_t reason);   /* PS3.8 table 9-21 */
void lz_dicom_write_release(LzWriter *writer, LzDicomPdu type);
void lz_dicom_write_abort(LzWriter *writer, uint8_t source, uint8_t reason);                    /* PS3.8 table 9-26 */

/* ---- messages ---- */

typedef struct LzDicomFragment {
    uint8_t context;
    bool is_command, is_last;
    LzBytes bytes;
} LzDicomFragment;

/* Takes the first fragment off the body of a P-DATA-TF. False: there is none left, or *ret_is_broken. */
bool lz_dicom_next_fragment(LzBytes *body, LzDicomFragment *ret_fragment, bool *ret_is_broken);
/* As many P-DATA-TF as the peer's limit takes; 0: one. */
void lz_dicom_write_fragments(LzWriter *writer, uint8_t context, bool is_command, LzBytes bytes, uint32_t pdu_bytes_max);

enum { LZ_DICOM_STORE_RQ = 0x0001, LZ_DICOM_STORE_RSP = 0x8001, LZ_DICOM_ECHO_RQ = 0x0030, LZ_DICOM_ECHO_RSP = 0x8030 };
enum { LZ_DICOM_SUCCESS = 0x0000, LZ_DICOM_OUT_OF_RESOURCES = 0xa700, LZ_DICOM_NOT_SUPPORTED = 0x0122 };     /* PS3.4 B.2.3 */

typedef struct LzDicomCommand {
    uint16_t field;
    uint16_t message_id;        /* its own, or in an answer that of the request */
    uint16_t status;            /* of an answer */
    bool has_data;
    LzBytes sop_class, sop_instance;
} LzDicomCommand;

bool lz_dicom_decode_command(LzBytes bytes, LzDicomCommand *ret_command);
void lz_dicom_write_command(LzWriter *writer, const LzDicomCommand *command);

/* ---- images ---- */

typedef enum { LZ_DICOM_CT, LZ_DICOM_MR, LZ_DICOM_CR, LZ_DICOM_US, LZ_DICOM_MODALITY_COUNT } LzDicomModality;
const char *lz_dicom_storage_class(LzDicomModality modality);
/* Whether images of that class can be stored. */
bool lz_dicom_is_storage_class(LzBytes uid);

#define LZ_DICOM_UID_BYTES_MAX 64u
/* The UID of an instance made of a message; the message of such a UID, or 0. */
void lz_dicom_write_instance_uid(LzWriter *writer, LzMessageId message);
LzMessageId lz_dicom_message_of_uid(LzBytes uid);

typedef struct LzDicomImage {
    LzDicomModality modality;
    LzMessageId message;
    LzTime wall_ns;
    uint64_t study;             /* a number that studies differ in */
    uint32_t number;            /* of the image in it, from 1 */
    uint32_t pixel_bytes;       /* is rounded down to whole rows of pixels of 16 bit */
} LzDicomImage;

/* A data set; the message is known by its instance's UID. */
void lz_dicom_write_image(LzWriter *writer, const LzDicomImage *image);

#endif
