#include "lazaret/dscp.h"

#include <glib.h>
#include <string.h>

const char *const lz_dscp_names[] = {
    "df",   "le",   "cs0",  "cs1",  "cs2",  "cs3",  "cs4",  "cs5",  "cs6",  "cs7",  "af11", "af12", "af13", "af21",
    "af22", "af23", "af31", "af32", "af33", "af41", "af42", "af43", "va",   "ef",   NULL,
};

static int parse_number(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > 2 || strspn(text, "0123456789") != size) {
        return -1;
    }
    int value = 0;
    for (; *text; text++) {
        value = 10 * value + (*text - '0');
    }
    return value < (int)LZ_DSCP_COUNT ? value : -1;
}

/* RFC 2597 6: AFxy is class x of 1 to 4 and drop precedence y of 1 to 3. */
static int parse_assured(const char *text)
{
    bool is_known = text[2] >= '1' && text[2] <= '4' && text[3] >= '1' && text[3] <= '3' && text[4] == '\0';
    return is_known ? 8 * (text[2] - '0') + 2 * (text[3] - '0') : -1;
}

int lz_dscp_parse(const char *text)
{
    static const struct { const char *name; int dscp; } rows[] = {
        {"df", LZ_DSCP_DF}, {"le", LZ_DSCP_LE}, {"va", LZ_DSCP_VA}, {"ef", LZ_DSCP_EF},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(text, rows[i].name) == 0) {
            return rows[i].dscp;
        }
    }
    if (g_str_has_prefix(text, "cs")) {
        return text[2] >= '0' && text[2] <= '7' && text[3] == '\0' ? 8 * (text[2] - '0') : -1;
    }
    return g_str_has_prefix(text, "af") && strlen(text) == 4 ? parse_assured(text) : parse_number(text);
}

char *lz_dscp_format(int64_t dscp)
{
    for (unsigned i = 0; lz_dscp_names[i]; i++) {
        if (lz_dscp_parse(lz_dscp_names[i]) == dscp && !g_str_equal(lz_dscp_names[i], "cs0")) {
            return g_strdup(lz_dscp_names[i]);
        }
    }
    return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)dscp);
}

static unsigned rank(uint8_t dscp)
{
    return dscp == LZ_DSCP_LE || dscp == LZ_DSCP_CS1 ? 0 : 1u + dscp;
}

uint8_t lz_dscp_higher(uint8_t one, uint8_t other)
{
    return rank(other) > rank(one) ? other : one;
}

/* RFC 4594 figure 3, in a project mapping: life alarms as telephony, urgent events as signalling, clinical messages as
 * low-latency data. */
uint8_t lz_dscp_of_criticality(LzCriticality criticality)
{
    static const uint8_t dscps[] = {
        [LZ_CRITICALITY_LIFE] = LZ_DSCP_EF,
        [LZ_CRITICALITY_URGENT] = LZ_DSCP_CS5,
        [LZ_CRITICALITY_CLINICAL] = LZ_DSCP_AF21,
        [LZ_CRITICALITY_ADMINISTRATIVE] = LZ_DSCP_DF,
    };
    return dscps[criticality];
}

/* RFC 2474 4.2.2.1: class selectors, the upper three bits of the DSCP, order as IP precedence did. */
unsigned lz_dscp_class(uint8_t dscp)
{
    return dscp >> 3 & (LZ_PRIORITIES - 1);
}

/* IEEE 802.1Q-2022 table 8-5 for eight classes: priority 1, background, stands below 0, best effort. */
unsigned lz_pcp_class(uint8_t pcp)
{
    static const uint8_t classes[LZ_PRIORITIES] = {1, 0, 2, 3, 4, 5, 6, 7};
    return classes[pcp & (LZ_PRIORITIES - 1)];
}

/* The precedence bits, but for lower effort, which RFC 8325 4.3 puts into the background as CS1. */
uint8_t lz_dscp_to_pcp(uint8_t dscp)
{
    return dscp == LZ_DSCP_LE ? 1 : (uint8_t)lz_dscp_class(dscp);
}

uint8_t lz_dscp_of_pcp(uint8_t pcp)
{
    return (uint8_t)((unsigned)pcp << 3 & (LZ_DSCP_COUNT - 1u));
}

uint8_t lz_packet_pcp(const LzPacket *packet)
{
    return packet->tag > 0 ? packet->tag - 1 : lz_dscp_to_pcp(packet->dscp);
}

bool lz_dscp_set(const LzNameList *names, uint64_t *ret_set, const char **ret_wrong)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < names->count; i++) {
        int dscp = lz_dscp_parse(names->items[i].text);
        if (dscp < 0) {
            *ret_wrong = names->items[i].text;
            return false;
        }
        set |= UINT64_C(1) << dscp;
    }
    *ret_set = set;
    return true;
}
