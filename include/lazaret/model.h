/* A model: one const table at the bottom of one file in models/. The build lists the files; nothing
 * else registers them. */
#ifndef LAZARET_MODEL_H
#define LAZARET_MODEL_H

#include "lazaret/param.h"

struct LzModel {
    const char *name;                       /* the scenario's word, e.g. "poisson-alarm" */
    const char *summary;                    /* one line */
    const char *source;                     /* the document that defines it */
    LzModelKind kind;
    const LzParam *params;                  /* of the config struct; may be NULL when config_size is 0 */
    size_t config_size, state_size;
    const char *const *not_modelled;        /* NULL-terminated; repeated by `describe` and by reports; may be NULL */
    /* Rules between parameters that their rows cannot say. After parsing: NULL when the configuration holds
     * together, else one line of what is wrong (freed with g_free). May be NULL. */
    char *(*check)(const void *config);
    const void *ops;                        /* LzQueueOps, LzLinkOps, LzBehaviourOps … according to kind */
};

const char *lz_model_kind_name(LzModelKind kind);       /* "queue", "link" … */

#endif
