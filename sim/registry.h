/* Name to model, from lists that the build generates out of models/<kind>/meson.build. */
#ifndef SIM_REGISTRY_H
#define SIM_REGISTRY_H

#include "lazaret/model.h"

/* NULL when there is none. LZ_MODEL_LINK also finds radios. */
const LzModel *lz_registry_find(LzModelKind kind, const char *name);
/* All models of a kind, sorted by name, NULL-terminated; static. */
const LzModel *const *lz_registry_all(LzModelKind kind);

#endif
