/* manifest.json: what was run, by which program, with which results. Everything that may differ between two
 * runs of the same scenario stands in its `host` and `wall` blocks. */
#ifndef SIM_OUTPUT_MANIFEST_H
#define SIM_OUTPUT_MANIFEST_H

#include <glib.h>

#include "sim/core/digest.h"
#include "sim/output/directory.h"
#include "sim/scenario/plan.h"

typedef struct LzManifestRepetition {
    unsigned number;                    /* from 1 */
    uint64_t seed, events, packets, rss_bytes;
    LzTime virtual_ns;
    LzDigest digest;
    double wall_s;
} LzManifestRepetition;

typedef struct LzManifest {             /* everything borrowed */
    const char *state, *run_id;
    const char *reason;                 /* why it ended early, or NULL */
    const LzPlan *plan;
    const char *resolved_sha256;
    const char *const *argv, *const *overrides;         /* NULL-terminated, may be NULL */
    const LzManifestRepetition *repetitions;
    unsigned repetition_count;
    int64_t started_us, ended_us;       /* since 1970 */
    LzDirectory *directory;             /* its files, all closed */
} LzManifest;

char *lz_manifest_text(const LzManifest *manifest);     /* new string */
const char *lz_build_version(void);

#endif
