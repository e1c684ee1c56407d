/* Differentiated services code points (RFC 2474): their names, the 802.1p priority that each has, and the one that a
 * flow has when it says nothing. */
#ifndef LAZARET_DSCP_H
#define LAZARET_DSCP_H

#include <stdint.h>

#include "lazaret/packet.h"
#include "lazaret/param.h"

#define LZ_DSCP_COUNT 64u
#define LZ_PRIORITIES 8u                /* IEEE 802.1Q PCP values, and classes of a port */

enum {
    LZ_DSCP_DF = 0, LZ_DSCP_LE = 1, LZ_DSCP_CS1 = 8, LZ_DSCP_AF11 = 10, LZ_DSCP_CS2 = 16, LZ_DSCP_AF21 = 18,
    LZ_DSCP_CS3 = 24, LZ_DSCP_AF31 = 26, LZ_DSCP_CS4 = 32, LZ_DSCP_AF41 = 34, LZ_DSCP_CS5 = 40, LZ_DSCP_VA = 44,
    LZ_DSCP_EF = 46, LZ_DSCP_CS6 = 48, LZ_DSCP_CS7 = 56,
};

/* "ef", "af21", "cs5", "va", "le", "df" (RFC 2474, 2597, 3246, 5865, 8622) or "0" to "63"; -1: none of them. */
int lz_dscp_parse(const char *text);
/* The names, NULL-terminated; for messages. */
extern const char *const lz_dscp_names[];
/* Its name, or its number if it has none. New string. */
char *lz_dscp_format(int64_t dscp);

/* PCP of a frame with this DSCP, as a switch that trusts DSCP sets it; 0..7. */
uint8_t lz_dscp_to_pcp(uint8_t dscp);
/* The way back: the class selector of that priority (RFC 2474 4.2.2.1). */
uint8_t lz_dscp_of_pcp(uint8_t pcp);
/* The packet's 802.1p priority: of its tag; without one, that of its DSCP. */
uint8_t lz_packet_pcp(const LzPacket *packet);
/* The class of a port with eight, 7 the first to be served: by DSCP or by PCP. */
unsigned lz_dscp_class(uint8_t dscp);
unsigned lz_pcp_class(uint8_t pcp);

/* Of two flows in one connection, whose mark the connection has: the one that is served first. Lower effort (LE, CS1)
 * stands below the default. */
uint8_t lz_dscp_higher(uint8_t one, uint8_t other);

/* What a flow has when it says nothing, by what is lost when it is late. */
typedef enum { LZ_CRITICALITY_LIFE, LZ_CRITICALITY_URGENT, LZ_CRITICALITY_CLINICAL, LZ_CRITICALITY_ADMINISTRATIVE } LzCriticality;
uint8_t lz_dscp_of_criticality(LzCriticality criticality);

/* A bit per code point of a list of names (LZ_PARAM_NAMES); false, and the first name that is none, otherwise. */
bool lz_dscp_set(const LzNameList *names, uint64_t *ret_set, const char **ret_wrong);

#endif
