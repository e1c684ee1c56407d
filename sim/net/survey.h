/* The way of a flow that is not in packets. A frame that only asks for the way (packet->is_survey) goes through routes,
 * markers, segments and firewalls as the flow's packets would, at once and beside their counts; each link that it crosses
 * makes the flow a stream of that port (sim/net/background.h) and writes itself down here. */
#ifndef SIM_NET_SURVEY_H
#define SIM_NET_SURVEY_H

#include <glib.h>

#include "lazaret/link.h"

typedef struct LzSurveyStop {           /* on the way */
    LzLink *link;
    unsigned port;
} LzSurveyStop;

typedef struct LzSurvey {
    uint64_t flow;                      /* number, for the world's life */
    uint32_t generation;                /* of this asking */
    LzTime interval_ns;                 /* between its messages now, on average */
    LzTime phase_ns;                    /* of even ones: one is sent at this time */
    bool is_random;
    uint32_t packets;                   /* of a message, */
    uint16_t last_ip_bytes;             /* so large the last one, as the frame the others */
    LzTime gap_ns;                      /* between a message's packets behind the slowest link so far */
    bool only_opens;                    /* for what comes the other way; it joins nothing */
    GArray *stops;                      /* LzSurveyStop, in order */
} LzSurvey;

#endif
