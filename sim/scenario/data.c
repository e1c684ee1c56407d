#include "sim/scenario/data.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lazaret/behaviour.h"
#include "lazaret/dscp.h"
#include "lazaret/model.h"
#include "models/lazaret_data.h"
#include "sim/scenario/schema.h"

#define RESOURCE_ROOT "/lazaret/models"
#define PPB INT64_C(1000000000)

struct LzData {
    LzWalk *walk;               /* borrowed */
    char *directory;            /* of the scenario; NULL: only compiled in */
    const char *scenario_path;  /* borrowed */
    GHashTable *profiles, *cpus, *diurnals;    /* name to item or NULL when there is none; only looked up */
};

/* ---- files ---- */

static GBytes *read_all(int fd, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint8_t block[8192];
    ssize_t size;
    while ((size = read(fd, block, sizeof block)) != 0 && bytes->len <= LZ_YAML_BYTES_MAX) {
        if (size < 0 && errno != EINTR) {
            g_set_error_literal(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), g_strerror(errno));
            return NULL;
        }
        if (size > 0) {
            g_byte_array_append(bytes, block, (guint)size);
        }
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static GBytes *read_path(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        g_set_error_literal(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), g_strerror(errno));
        return NULL;
    }
    GBytes *bytes = read_all(fd, error);
    close(fd);
    return bytes;
}

static const char *keep_text(LzReport *report, LzArena *arena, const char *file, GBytes *bytes, size_t *ret_size)
{
    size_t size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    if (size > LZ_YAML_BYTES_MAX) {
        lz_report_error(report, "E002", (LzMark){file, 0, 0}, 1, "the file is larger than 1 MiB");
        return NULL;
    }
    *ret_size = size;
    return lz_arena_copy(arena, size == 0 ? "" : data, size);
}

const char *lz_read_file(LzReport *report, LzArena *arena, const char *path, size_t *ret_size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = read_path(path, &error);
    if (!bytes) {
        lz_report_error(report, "E001", (LzMark){path, 0, 0}, 1, "cannot read the file: %s",
                        error ? error->message : "unknown cause");
        return NULL;
    }
    return keep_text(report, arena, path, bytes, ret_size);
}

bool lz_check_format(LzReport *report, const LzNode *root, const char *word)
{
    if (root->kind != LZ_NODE_MAP) {
        lz_report_error(report, "E014", root->mark, root->length, "the file wants a mapping of keys");
        return false;
    }
    const LzEntry *entry = lz_node_find(root, word);
    bool is_first = root->count > 0 && &root->entries[0] == entry;
    if (!is_first) {
        const LzNode *key = entry ? entry->key : root;
        LzDiagnostic *diagnostic = lz_report_error(report, "E010", key->mark, 1, "the first key must be `%s: 1`", word);
        lz_diagnostic_note(diagnostic, "it names the format of the file");
    } else if (entry->value->kind != LZ_NODE_SCALAR || strcmp(entry->value->text, "1") != 0) {
        LzDiagnostic *diagnostic = lz_report_error(report, "E010", entry->value->mark, entry->value->length,
                                                   "this version reads format 1 only");
        lz_diagnostic_hint(diagnostic, "write `%s: 1`", word);
    }
    return true;
}

/* ---- names ---- */

static void add_names(GHashTable *names, const char *file)
{
    if (g_str_has_suffix(file, ".yaml")) {
        g_hash_table_add(names, g_strndup(file, strlen(file) - strlen(".yaml")));
    }
}

static void add_compiled_in(GHashTable *names, const char *folder)
{
    g_autofree char *path = g_strdup_printf(RESOURCE_ROOT "/%s", folder);
    g_auto(GStrv) files =
        g_resource_enumerate_children(lazaret_data_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    for (unsigned i = 0; files && files[i]; i++) {
        add_names(names, files[i]);
    }
}

static void add_beside(GHashTable *names, const char *directory, const char *folder)
{
    g_autofree char *path = g_build_filename(directory, "models", folder, NULL);
    g_autoptr(GDir) files = g_dir_open(path, 0, NULL);
    const char *file;
    while (files && (file = g_dir_read_name(files))) {
        add_names(names, file);
    }
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **lz_data_names(const char *scenario_path, const char *folder)
{
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    add_compiled_in(set, folder);
    if (scenario_path) {
        g_autofree char *directory = g_path_get_dirname(scenario_path);
        add_beside(set, directory, folder);
    }
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;        /* the order does not matter: sorted below */
    gpointer name;
    g_hash_table_iter_init(&iter, set);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

/* ---- loading ---- */

static GBytes *find_bytes(const char *directory, const char *folder, const char *name, char **ret_file)
{
    g_autofree char *file = g_strdup_printf("%s.yaml", name);
    if (directory) {
        g_autofree char *path = g_build_filename(directory, "models", folder, file, NULL);
        struct stat status;
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
            GBytes *bytes = read_path(path, NULL);
            *ret_file = g_steal_pointer(&path);
            return bytes;
        }
    }
    g_autofree char *path = g_strdup_printf(RESOURCE_ROOT "/%s/%s", folder, file);
    *ret_file = g_strdup_printf("models/%s/%s", folder, file);
    return g_resource_lookup_data(lazaret_data_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

const char *lz_data_text(LzReport *report, LzArena *arena, const char *scenario_path, const char *folder, const char *name,
                         const char **ret_file, size_t *ret_size)
{
    g_autofree char *directory = scenario_path ? g_path_get_dirname(scenario_path) : NULL;
    g_autofree char *path = NULL;
    g_autoptr(GBytes) bytes = find_bytes(directory, folder, name, &path);
    if (!bytes) {
        return NULL;
    }
    *ret_file = lz_arena_text(arena, path);
    return keep_text(report, arena, *ret_file, bytes, ret_size);
}

static void report_missing(const LzData *data, const char *folder, const char *code, const char *what,
                           const LzText *name)
{
    g_autofree char *quoted = lz_quote(name->text);
    LzDiagnostic *diagnostic = lz_report_error(
        data->walk->report, code, name->mark, (unsigned)g_utf8_strlen(name->text, -1), "unknown %s `%s`", what, quoted);
    if (!diagnostic) {
        return;
    }
    g_auto(GStrv) names = lz_data_names(data->scenario_path, folder);
    g_autofree char *more = g_strdup_printf("lazaret list %s", folder);
    lz_diagnostic_suggest(diagnostic, name->text, (const char *const *)names, g_strv_length(names), more);
}

typedef struct Folder {
    const char *folder, *code, *what, *format;
    const LzParam *table;
    size_t item_size;
} Folder;

static const Folder devices = {"devices",        "E104",           "device profile",
                               "lazaret-device", lz_schema_device, sizeof(LzProfilePlan)};
static const Folder cpus = {"cpus", "E105", "CPU class", "lazaret-cpu", lz_schema_cpu, sizeof(LzCpu)};
static const Folder diurnals = {"diurnals",        "E142",            "rhythm of the day",
                                "lazaret-diurnal", lz_schema_diurnal, sizeof(LzDiurnalPlan)};

/* item begins with its LzText name, which must be the file's. */
static void check_name(const LzData *data, const LzText *item, const char *file_name, const char *file)
{
    if (item->text && strcmp(item->text, file_name) != 0) {
        lz_report_error(data->walk->report, "E120", item->mark, (unsigned)strlen(item->text),
                        "`%s` is named `%s` in its file %s", file_name, item->text, file);
    }
}

static void *load(LzData *data, const Folder *folder, const LzText *name)
{
    LzArena *arena = data->walk->arena;
    LzReport *report = data->walk->report;
    g_autofree char *path = NULL;
    g_autoptr(GBytes) bytes = find_bytes(data->directory, folder->folder, name->text, &path);
    if (!bytes) {
        report_missing(data, folder->folder, folder->code, folder->what, name);
        return NULL;
    }
    const char *file = lz_arena_text(arena, path);
    size_t size = 0;
    const char *text = keep_text(report, arena, file, bytes, &size);
    if (!text) {
        return NULL;
    }
    lz_report_add_source(report, file, text, size);
    const LzNode *root = lz_tree_parse(report, arena, file, text, size);
    if (!root || !lz_check_format(report, root, folder->format)) {
        return NULL;
    }
    void *item = lz_arena_alloc(arena, folder->item_size);
    lz_walk_struct(data->walk, folder->table, item, root);
    check_name(data, item, name->text, file);
    return item;
}

static void *find(LzData *data, GHashTable *cache, const Folder *folder, const LzText *name, bool *ret_is_new)
{
    gpointer item = NULL;
    *ret_is_new = !g_hash_table_lookup_extended(cache, name->text, NULL, &item);
    if (*ret_is_new) {
        item = load(data, folder, name);
        g_hash_table_insert(cache, (gpointer)(uintptr_t)name->text, item);
    } else if (!item) {
        report_missing(data, folder->folder, folder->code, folder->what, name);
    }
    return item;
}

static LzTime cycles_ns(int64_t cycles, int64_t clock_hz)
{
    return (LzTime)((__int128)cycles * LZ_NS_PER_S / clock_hz);
}

/* What a class does not say: RSA grows with the cube, and with the square, of its length; ML-KEM-768 takes the mean cycles
 * of pqm4's clean C on a Cortex-M4 (mupq/pqm4, benchmarks.csv), which is assumed for other cores. */
static void derive_costs(LzCpu *cpu)
{
    const struct { LzTime *field, derived_ns; } rules[] = {
        {&cpu->rsa3072_private_ns, cpu->rsa2048_private_ns * 27 / 8},
        {&cpu->rsa3072_public_ns, cpu->rsa2048_public_ns * 9 / 4},
        {&cpu->mlkem768_keygen_ns, cycles_ns(988722, cpu->clock_hz)},
        {&cpu->mlkem768_encapsulate_ns, cycles_ns(1138225, cpu->clock_hz)},
        {&cpu->mlkem768_decapsulate_ns, cycles_ns(1387984, cpu->clock_hz)},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        *rules[i].field = *rules[i].field > 0 ? *rules[i].field : rules[i].derived_ns;
    }
    cpu->ccm_bps = cpu->ccm_bps > 0 ? cpu->ccm_bps : cpu->aead_bps;
    cpu->chacha_bps = cpu->chacha_bps > 0 ? cpu->chacha_bps : cpu->aead_bps;
}

const LzCpu *lz_data_cpu(LzData *data, const LzText *name)
{
    bool is_new = false;
    LzCpu *cpu = name->text ? find(data, data->cpus, &cpus, name, &is_new) : NULL;
    if (cpu && is_new) {
        derive_costs(cpu);
    }
    return cpu;
}

/* ---- rhythms of the day ---- */

static void read_hours(LzData *data, LzDiurnalPlan *plan)
{
    int64_t sum_ppb = 0;
    bool is_whole = plan->hours.count == LZ_HOURS_OF_DAY;
    for (unsigned i = 0; i < plan->hours.count && is_whole; i++) {
        int64_t share_ppb = 0;
        if (!lz_walk_quantity(data->walk, LZ_PARAM_PPB, PPB, "hours", &plan->hours.items[i], &share_ppb)) {
            return;
        }
        plan->day.share_ppb[i] = (uint32_t)share_ppb;
        sum_ppb += share_ppb;
    }
    if (!is_whole || sum_ppb != PPB) {
        LzDiagnostic *diagnostic = lz_report_error(data->walk->report, "E144", plan->name.mark, 1,
                                                   "the hours of a day are 24 shares that make 100 %% together");
        lz_diagnostic_note(diagnostic, "here: %u shares, %.7g %%", plan->hours.count, (double)sum_ppb / 1e7);
        plan->day = (LzDiurnal){.share_ppb = {PPB}};
    }
}

const LzDiurnalPlan *lz_data_diurnal(LzData *data, const LzText *name)
{
    bool is_new;
    LzDiurnalPlan *plan = name->text ? find(data, data->diurnals, &diurnals, name, &is_new) : NULL;
    if (plan && is_new) {
        read_hours(data, plan);
    }
    return plan;
}

static void set_day(LzData *data, LzFlowPlan *flow)
{
    const LzDiurnalPlan *plan = lz_data_diurnal(data, &flow->diurnal);
    const LzModel *behaviour = flow->behaviour.model;
    if (!plan || !behaviour) {
        return;
    }
    flow->day = &plan->day;
    if (!((const LzBehaviourOps *)behaviour->ops)->follows_day) {
        lz_report_error(data->walk->report, "E143", flow->diurnal.mark, (unsigned)strlen(flow->diurnal.text),
                        "a %s is the same at all hours: it cannot follow `%s`", behaviour->name, flow->diurnal.text);
    }
}

void lz_data_flows(LzData *data, const LzList *flows)
{
    for (unsigned i = 0; i < flows->count; i++) {
        LzFlowPlan *flow = &((LzFlowPlan *)flows->items)[i];
        flow->dscp = flow->dscp >= 0 ? flow->dscp : lz_dscp_of_criticality((LzCriticality)flow->criticality);
        set_day(data, flow);
    }
}

const LzProfilePlan *lz_data_profile(LzData *data, const LzText *name)
{
    if (!name->text) {
        return NULL;
    }
    bool is_new;
    LzProfilePlan *profile = find(data, data->profiles, &devices, name, &is_new);
    if (profile && is_new) {
        profile->cpu_class = lz_data_cpu(data, &profile->cpu);
        lz_data_flows(data, &profile->flows);
    }
    return profile;
}

LzData *lz_data_new(LzWalk *walk, const char *scenario_path)
{
    LzData *data = g_new0(LzData, 1);
    data->walk = walk;
    data->scenario_path = scenario_path;
    data->directory = scenario_path ? g_path_get_dirname(scenario_path) : NULL;
    data->profiles = g_hash_table_new(g_str_hash, g_str_equal);
    data->cpus = g_hash_table_new(g_str_hash, g_str_equal);
    data->diurnals = g_hash_table_new(g_str_hash, g_str_equal);
    return data;
}

void lz_data_free(LzData *data)
{
    if (!data) {
        return;
    }
    g_hash_table_unref(data->profiles);
    g_hash_table_unref(data->cpus);
    g_hash_table_unref(data->diurnals);
    g_free(data->directory);
    g_free(data);
}
