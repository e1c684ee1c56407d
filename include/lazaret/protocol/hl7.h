/* HL7 version 2 messages as bedside devices exchange them after the IHE PCD profiles, and their framing in a stream (MLLP,
 * HL7 v2 transport, Appendix C of its implementation guide): bytes in and bytes out. Decoded messages borrow the bytes they
 * were decoded from. */
#ifndef LAZARET_PROTOCOL_HL7_H
#define LAZARET_PROTOCOL_HL7_H

#include <glib.h>

#include "lazaret/probe.h"
#include "lazaret/protocol/wire.h"

typedef enum {
    LZ_HL7_OBSERVATION,         /* ORU^R01: IHE PCD-01, values of a device */
    LZ_HL7_ALARM,               /* ORU^R40: IHE PCD-04, an alarm */
    LZ_HL7_ALARM_STATUS,        /* ORU^R41: IHE PCD-05, what became of an alarm: here, that a carer has it */
    LZ_HL7_EVENT,               /* ORU^R42: IHE PCD-10, an event of an infusion pump */
    LZ_HL7_LOGON,               /* NMD^N02: an application tells that it is there */
    LZ_HL7_ACK,
    LZ_HL7_KIND_COUNT,          /* any other message */
} LzHl7Kind;

typedef struct LzHl7Message {
    LzHl7Kind kind;
    LzBytes trigger;            /* MSH-9.2: "R01" */
    LzBytes sender;             /* MSH-3 */
    LzBytes control_id;         /* MSH-10 */
    LzBytes code, answered_id;  /* of an ACK, MSA-1 and MSA-2: "AA", and whose control id it answers */
    LzBytes reference;          /* OBR-3: which alarm an alarm status is about; empty: none */
    LzBytes bytes;
} LzHl7Message;

/* One message without its frame. False: not a message of version 2; ret_message is untouched. */
bool lz_hl7_decode(LzBytes bytes, LzHl7Message *ret_message);
/* Field n (from 1, as the standard counts them) of the first segment of that name. False: there is none. */
bool lz_hl7_field(LzBytes message, const char *segment, unsigned field, LzBytes *ret_value);

typedef struct LzHl7Report {
    LzHl7Kind kind;
    LzMessageId message;        /* becomes the control id */
    LzTime wall_ns;
    const char *device, *receiver;
    LzBytes reference;          /* OBR-3; may be empty */
} LzHl7Report;

/* Values of a device (codes of IEEE 11073-10101) in as many OBX segments as fit, then a waveform, then a note up to the
 * wanted size: the smallest has about 500 bytes, and whoever wants less gets that. */
void lz_hl7_write_report(LzWriter *writer, const LzHl7Report *report, size_t size_bytes);
/* code: "AA" accepted, "AE" an error, try again, "AR" rejected. */
void lz_hl7_write_ack(LzWriter *writer, const LzHl7Message *answered, const char *code, const char *sender, LzTime wall_ns);

/* ---- MLLP ---- */

#define LZ_MLLP_BEGIN 0x0bu
#define LZ_MLLP_END 0x1cu       /* then a carriage return */

void lz_mllp_write_begin(LzWriter *writer);
void lz_mllp_write_end(LzWriter *writer);

typedef enum { LZ_MLLP_MORE, LZ_MLLP_MESSAGE, LZ_MLLP_BROKEN } LzMllpProgress;

typedef struct LzMllpStream {
    size_t message_bytes_max;   /* a longer one is LZ_MLLP_BROKEN */
    GByteArray *kept;           /* the message that arrives */
    int phase;
} LzMllpStream;

void lz_mllp_stream_init(LzMllpStream *stream, size_t message_bytes_max);
void lz_mllp_stream_clear(LzMllpStream *stream);        /* back to its beginning, limit kept; safe on zeroed memory */
/* Takes bytes off the input until a message is whole (borrowed until the next call) or the input is used up. Bytes between
 * messages break the stream, for good. */
LzMllpProgress lz_mllp_stream_next(LzMllpStream *stream, LzBytes *input, LzBytes *ret_message);

#endif
