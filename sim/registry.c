#include "sim/registry.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

#define LZ_MODEL(symbol) extern const LzModel symbol;
#include "attack_models.inc"
#include "behaviour_models.inc"
#include "client_models.inc"
#include "defence_models.inc"
#include "link_models.inc"
#include "queue_models.inc"
#include "radio_models.inc"
#include "service_models.inc"
#undef LZ_MODEL

#define LZ_MODEL(symbol) &symbol,
static const LzModel *const attacks[] = {
#include "attack_models.inc"
    NULL};
static const LzModel *const behaviours[] = {
#include "behaviour_models.inc"
    NULL};
static const LzModel *const clients[] = {
#include "client_models.inc"
    NULL};
static const LzModel *const defences[] = {
#include "defence_models.inc"
    NULL};
static const LzModel *const links[] = {
#include "link_models.inc"
    NULL};
static const LzModel *const queues[] = {
#include "queue_models.inc"
    NULL};
static const LzModel *const radios[] = {
#include "radio_models.inc"
    NULL};
static const LzModel *const services[] = {
#include "service_models.inc"
    NULL};
#undef LZ_MODEL

static const LzModel *const *const by_kind[] = {
    [LZ_MODEL_QUEUE] = queues,   [LZ_MODEL_LINK] = links,       [LZ_MODEL_RADIO] = radios,   [LZ_MODEL_BEHAVIOUR] = behaviours,
    [LZ_MODEL_CLIENT] = clients, [LZ_MODEL_SERVICE] = services, [LZ_MODEL_ATTACK] = attacks, [LZ_MODEL_DEFENCE] = defences,
};
static_assert(G_N_ELEMENTS(by_kind) == LZ_MODEL_KIND_COUNT, "list every kind");

static const char *const kind_names[] = {
    [LZ_MODEL_QUEUE] = "queue",   [LZ_MODEL_LINK] = "link",       [LZ_MODEL_RADIO] = "radio",   [LZ_MODEL_BEHAVIOUR] = "behaviour",
    [LZ_MODEL_CLIENT] = "client", [LZ_MODEL_SERVICE] = "service", [LZ_MODEL_ATTACK] = "attack", [LZ_MODEL_DEFENCE] = "defence",
};
static_assert(G_N_ELEMENTS(kind_names) == LZ_MODEL_KIND_COUNT, "name every kind");

const char *lz_model_kind_name(LzModelKind kind)
{
    return kind_names[kind];
}

const LzModel *const *lz_registry_all(LzModelKind kind)
{
    return by_kind[kind];
}

static const LzModel *find_in(const LzModel *const *models, const char *name)
{
    for (; *models; models++) {
        if (strcmp((*models)->name, name) == 0) {
            return *models;
        }
    }
    return NULL;
}

const LzModel *lz_registry_find(LzModelKind kind, const char *name)
{
    const LzModel *model = find_in(by_kind[kind], name);
    if (!model && kind == LZ_MODEL_LINK) {
        model = find_in(radios, name);
    }
    return model;
}
