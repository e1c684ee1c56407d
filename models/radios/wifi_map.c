/* Which access category a DSCP has. */
#include "lazaret/wifi_cell.h"

/* 802.11-2020 table 10-1: user priority to access category. */
static const uint8_t ac_of_priority[] = {LZ_WIFI_BE, LZ_WIFI_BK, LZ_WIFI_BK, LZ_WIFI_BE,
                                         LZ_WIFI_VI, LZ_WIFI_VI, LZ_WIFI_VO, LZ_WIFI_VO};

/* RFC 8325 4.3, figure 1: user priority by DSCP; what it does not name is best effort, as are unused code points
 * (section 4.2.9 and RFC 2474 4). CS7 and CS6: as there, in a network that trusts its devices. */
static const struct { uint8_t dscp, priority; } rfc8325_rows[] = {
    {LZ_DSCP_CS7, 7},  {LZ_DSCP_CS6, 7}, {LZ_DSCP_EF, 6}, {LZ_DSCP_VA, 6}, {LZ_DSCP_CS5, 5}, {34, 4}, {36, 4}, {38, 4},
    {LZ_DSCP_CS4, 4},  {26, 4},          {28, 4},         {30, 4},         {LZ_DSCP_CS3, 4}, {18, 3}, {20, 3}, {22, 3},
    {LZ_DSCP_CS2, 0},  {10, 0},          {12, 0},         {14, 0},         {LZ_DSCP_DF, 0},  {LZ_DSCP_CS1, 1},
    {LZ_DSCP_LE, 1},                     /* RFC 8622 11 */
};

static uint8_t rfc8325_priority(unsigned dscp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rfc8325_rows); i++) {
        if (rfc8325_rows[i].dscp == dscp) {
            return rfc8325_rows[i].priority;
        }
    }
    return 0;
}

void lz_wifi_map(LzWifiMap map, uint8_t ret_ac_of_dscp[LZ_DSCP_COUNT])
{
    for (unsigned dscp = 0; dscp < LZ_DSCP_COUNT; dscp++) {
        unsigned priority = 0;
        switch (map) {
        case LZ_WIFI_MAP_RFC8325:
            priority = rfc8325_priority(dscp);
            break;
        case LZ_WIFI_MAP_3MSB:          /* the habit that RFC 8325 2.3 warns of: EF becomes video */
            priority = dscp >> 3;
            break;
        case LZ_WIFI_MAP_NONE:
            break;
        }
        ret_ac_of_dscp[dscp] = ac_of_priority[priority];
    }
}
