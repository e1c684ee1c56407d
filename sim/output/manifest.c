/* Writes the manifest; `schema` and `state` come first, by which a directory is known as ours. */
#include "sim/output/manifest.h"

#include <string.h>
#include <sys/utsname.h>

#include "sim/core/json.h"
#include "sim/output/build_info.h"
#include "sim/output/git_id.h"

const char *lz_build_version(void)
{
    return LZ_BUILD_VERSION;
}

/* How the program was made: another compiler gives the same results, so it stands with the host. */
static void add_build(LzJson *json)
{
    static const struct { const char *name, *version; } libraries[] = {
        {"glib", LZ_BUILD_GLIB}, {"libyaml", LZ_BUILD_YAML}, {"libzmq", LZ_BUILD_ZMQ}, {"mbedtls", LZ_BUILD_MBEDTLS}};
    lz_json_object_begin(json, "build");
    lz_json_string(json, "git", LZ_BUILD_GIT_ID);
    lz_json_string(json, "compiler", LZ_BUILD_COMPILER);
    lz_json_string(json, "type", LZ_BUILD_TYPE);
    lz_json_object_begin(json, "libraries");
    for (unsigned i = 0; i < G_N_ELEMENTS(libraries); i++) {
        lz_json_string(json, libraries[i].name, libraries[i].version);
    }
    lz_json_object_end(json);
    lz_json_object_end(json);
}

static void add_host(LzJson *json)
{
    struct utsname system = {.sysname = "unknown"};
    uname(&system);
    lz_json_object_begin(json, "host");
    lz_json_string(json, "system", system.sysname);
    lz_json_string(json, "release", system.release);
    lz_json_string(json, "machine", system.machine);
    lz_json_unsigned(json, "processors", g_get_num_processors());
    add_build(json);
    lz_json_object_end(json);
}

static void add_strings(LzJson *json, const char *key, const char *const *strings)
{
    lz_json_array_begin(json, key);
    for (; strings && *strings; strings++) {
        lz_json_string(json, NULL, *strings);
    }
    lz_json_array_end(json);
}

static void add_digest(LzJson *json, const LzDigest *digest)
{
    char text[20];
    lz_json_object_begin(json, "digest");
    lz_digest_format(lz_digest_value(digest), text);
    lz_json_string(json, "all", text);
    for (unsigned layer = 0; layer < LZ_DIGEST_LAYER_COUNT; layer++) {
        lz_digest_format(digest->layers[layer], text);
        lz_json_string(json, lz_digest_layer_name(layer), text);
    }
    lz_json_object_end(json);
}

static void add_repetitions(LzJson *json, const LzManifest *manifest)
{
    lz_json_array_begin(json, "repetitions");
    for (unsigned i = 0; i < manifest->repetition_count; i++) {
        const LzManifestRepetition *repetition = &manifest->repetitions[i];
        lz_json_object_begin(json, NULL);
        lz_json_unsigned(json, "rep", repetition->number);
        lz_json_unsigned(json, "seed", repetition->seed);
        lz_json_decimal(json, "virtual_s", repetition->virtual_ns, 9);
        lz_json_unsigned(json, "events", repetition->events);
        lz_json_unsigned(json, "packets", repetition->packets);
        add_digest(json, &repetition->digest);
        lz_json_object_end(json);
    }
    lz_json_array_end(json);
}

static void add_files(LzJson *json, LzDirectory *directory)
{
    lz_json_array_begin(json, "files");
    for (unsigned i = 0; i < lz_directory_file_count(directory); i++) {
        LzFileInfo file = lz_directory_file(directory, i);
        if (strcmp(file.name, LZ_MANIFEST_NAME) == 0) {
            continue;
        }
        lz_json_object_begin(json, NULL);
        lz_json_string(json, "path", file.name);
        lz_json_unsigned(json, "bytes", file.bytes);
        lz_json_string(json, "sha256", file.sha256);
        lz_json_object_end(json);
    }
    lz_json_array_end(json);
}

static void add_moment(LzJson *json, const char *key, int64_t moment_us)
{
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(moment_us / G_USEC_PER_SEC);
    g_autofree char *text = moment ? g_date_time_format(moment, "%Y-%m-%dT%H:%M:%SZ") : NULL;
    lz_json_string(json, key, text);
}

static void add_wall(LzJson *json, const LzManifest *manifest)
{
    lz_json_object_begin(json, "wall");
    add_moment(json, "started", manifest->started_us);
    add_moment(json, "ended", manifest->ended_us);
    lz_json_decimal(json, "wall_s", manifest->ended_us - manifest->started_us, 6);
    lz_json_unsigned(json, "threads", manifest->plan->threads);
    lz_json_array_begin(json, "repetitions");
    for (unsigned i = 0; i < manifest->repetition_count; i++) {
        lz_json_object_begin(json, NULL);
        lz_json_unsigned(json, "rep", manifest->repetitions[i].number);
        lz_json_real(json, "wall_s", manifest->repetitions[i].wall_s);
        lz_json_unsigned(json, "rss_bytes", manifest->repetitions[i].rss_bytes);
        lz_json_object_end(json);
    }
    lz_json_array_end(json);
    add_strings(json, "argv", manifest->argv);
    lz_json_object_end(json);
}

static void add_scenario(LzJson *json, const LzManifest *manifest)
{
    lz_json_object_begin(json, "scenario");
    lz_json_string(json, "name", manifest->plan->name.text);
    lz_json_string(json, "title", manifest->plan->title.text);
    lz_json_string(json, "path", manifest->plan->path);
    lz_json_string(json, "resolved_sha256", manifest->resolved_sha256);
    lz_json_integer(json, "seed", manifest->plan->run.seed);
    lz_json_integer(json, "repeat", manifest->plan->run.repeat);
    add_strings(json, "overrides", manifest->overrides);
    lz_json_object_end(json);
}

char *lz_manifest_text(const LzManifest *manifest)
{
    g_autoptr(LzJson) json = lz_json_new(2);
    lz_json_object_begin(json, NULL);
    lz_json_string(json, "schema", LZ_MANIFEST_SCHEMA);
    lz_json_string(json, "state", manifest->state);
    lz_json_string(json, "reason", manifest->reason);
    lz_json_string(json, "run_id", manifest->run_id);
    lz_json_string(json, "keys", "test");
    lz_json_string(json, "mode", "simulated");
    lz_json_string(json, "tool", "lazaret " LZ_BUILD_VERSION);
    add_scenario(json, manifest);
    add_repetitions(json, manifest);
    add_files(json, manifest->directory);
    add_host(json);
    add_wall(json, manifest);
    lz_json_object_end(json);
    return g_strconcat(lz_json_text(json, NULL), "\n", NULL);
}
