/* pcapng blocks (draft-ietf-opsawg-pcapng; little-endian, one section) appended to a byte array. Time is
 * nanoseconds since 1970. A reader decrypts only with secrets that stand before the packets that need them. */
#ifndef SIM_OUTPUT_PCAPNG_H
#define SIM_OUTPUT_PCAPNG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Section header; application and comment may be NULL. */
void lz_pcapng_section(GByteArray *bytes, const char *application, const char *comment);
/* Ethernet interface with ns resolution; the first written is interface 0. */
void lz_pcapng_interface(GByteArray *bytes, const char *name, const char *description);
/* TLS secrets in NSS key log format. */
void lz_pcapng_secrets(GByteArray *bytes, const char *key_log, size_t size);
/* An Ethernet frame without FCS, whole. */
void lz_pcapng_packet(GByteArray *bytes, uint32_t interface, int64_t time_ns, bool is_outgoing, const uint8_t *frame,
                      size_t size);

#endif
