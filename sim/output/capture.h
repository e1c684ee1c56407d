/* capture.pcapng and capture.keylog of one repetition. Readers want a TLS secret before the packets that it
 * decrypts, but a device knows its secrets only after the first of them passed: so packets are put aside in a
 * file without a name, and the capture is written at the end: interfaces, all secrets, packets. */
#ifndef SIM_OUTPUT_CAPTURE_H
#define SIM_OUTPUT_CAPTURE_H

#include <glib.h>

#include "lazaret/packet.h"
#include "sim/output/directory.h"

typedef struct LzCapture LzCapture;

typedef struct LzCaptureOptions {
    LzDirectory *directory;             /* borrowed */
    int64_t start_unix_s;               /* virtual time 0 */
    const char *application;            /* "Lazaret 0.1.0"; copied */
    bool has_secrets;                   /* false: no secrets in the capture and no key log */
} LzCaptureOptions;

/* Nothing is created before the first packet or secret. */
LzCapture *lz_capture_new(const LzCaptureOptions *options);
void lz_capture_packet(LzCapture *capture, const char *device, LzTime now_ns, const LzPacket *packet, bool is_outgoing);
void lz_capture_secret(LzCapture *capture, const char *device, LzTime now_ns, const char *line);
/* Writes the two files, if there was anything to write; reports the first failure since the beginning. */
gboolean lz_capture_finish(LzCapture *capture, GError **error);
void lz_capture_free(LzCapture *capture);       /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzCapture, lz_capture_free)

#endif
