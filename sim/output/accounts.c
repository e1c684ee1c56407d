/* From the counters of links and of the services' hosts to rows. */
#include "sim/output/accounts.h"

#include "sim/output/csv.h"

struct LzAccounts {
    const char *run_id;
    LzFile *links, *services, *refusals;
    GString *rows;                      /* scratch */
};

static void begin_row(LzAccounts *accounts, unsigned repetition, const char *name)
{
    lz_csv_text(accounts->rows, accounts->run_id);
    lz_csv_uint(accounts->rows, repetition);
    lz_csv_text(accounts->rows, name);
}

static gboolean write_rows(LzAccounts *accounts, LzFile *file, GError **error)
{
    gboolean is_good = lz_file_write(file, accounts->rows->str, accounts->rows->len, error);
    g_string_truncate(accounts->rows, 0);
    return is_good;
}

/* ---- links ---- */

/* "dropped_queue_full" for the reason "queue-full": the name of a column is one word to every reader. */
static void append_reasons(GString *csv)
{
    for (LzDropReason reason = LZ_DROP_NONE + 1; reason < LZ_DROP_COUNT; reason++) {
        g_autofree char *column = g_strconcat("dropped_", lz_drop_reason_name(reason), NULL);
        g_strdelimit(column, "-", '_');
        lz_csv_text(csv, column);
    }
}

static void append_link_header(GString *csv)
{
    static const char *const columns[] = {"run_id", "rep", "link", "direction", "offered_packets", "offered_bytes",
                                          "delivered_packets", "delivered_bytes"};
    for (unsigned i = 0; i < G_N_ELEMENTS(columns); i++) {
        lz_csv_text(csv, columns[i]);
    }
    append_reasons(csv);
    lz_csv_text(csv, "dropped_bytes");
    lz_csv_text(csv, "busy_s");
    lz_csv_end_row(csv);
}

static void append_link(LzAccounts *accounts, unsigned repetition, const LzLink *link, LzDirection direction)
{
    const LzLinkStats *stats = lz_link_stats(link, direction);
    GString *csv = accounts->rows;
    begin_row(accounts, repetition, lz_link_name(link));
    lz_csv_text(csv, direction == LZ_UP ? "up" : "down");
    lz_csv_uint(csv, stats->offered_packets);
    lz_csv_uint(csv, stats->offered_bytes);
    lz_csv_uint(csv, stats->delivered_packets);
    lz_csv_uint(csv, stats->delivered_bytes);
    for (LzDropReason reason = LZ_DROP_NONE + 1; reason < LZ_DROP_COUNT; reason++) {
        lz_csv_uint(csv, stats->dropped_packets[reason]);
    }
    lz_csv_uint(csv, stats->dropped_bytes);
    lz_csv_nano(csv, stats->busy_ns);
    lz_csv_end_row(csv);
}

static gboolean add_links(LzAccounts *accounts, unsigned repetition, LzWorld *world, GError **error)
{
    for (unsigned i = 0; i < lz_world_link_count(world); i++) {
        append_link(accounts, repetition, lz_world_link_at(world, i), LZ_UP);
        append_link(accounts, repetition, lz_world_link_at(world, i), LZ_DOWN);
    }
    return write_rows(accounts, accounts->links, error);
}

/* ---- services ---- */

static const LzHost *service_host(LzWorld *world, unsigned index, const char **ret_name)
{
    const LzServicePlan *services = lz_world_plan(world)->services.items;
    *ret_name = services[index].name.text;
    return lz_world_host(world, *ret_name);
}

static gboolean add_services(LzAccounts *accounts, unsigned repetition, LzWorld *world, GError **error)
{
    GString *csv = accounts->rows;
    for (unsigned i = 0; i < lz_world_plan(world)->services.count; i++) {
        const char *name;
        const LzHost *host = service_host(world, i, &name);
        const LzHostStats *stats = lz_host_stats(host);
        begin_row(accounts, repetition, name);
        lz_csv_uint(csv, stats->handshakes_completed);
        lz_csv_uint(csv, stats->handshakes_resumed);
        lz_csv_uint(csv, stats->handshakes_refused);
        lz_csv_uint(csv, lz_host_cores(host));
        lz_csv_nano(csv, lz_host_cpu_busy_ns(host));
        lz_csv_end_row(csv);
    }
    return write_rows(accounts, accounts->services, error);
}

/* What a segment's policy did, which no alert tells. */
static void add_policy(LzAccounts *accounts, unsigned repetition, const char *service, const char *what, uint64_t count)
{
    if (count > 0) {
        begin_row(accounts, repetition, service);
        lz_csv_text(accounts->rows, NULL);
        lz_csv_text(accounts->rows, what);
        lz_csv_uint(accounts->rows, count);
        lz_csv_end_row(accounts->rows);
    }
}

static gboolean add_refusals(LzAccounts *accounts, unsigned repetition, LzWorld *world, GError **error)
{
    for (unsigned i = 0; i < lz_world_plan(world)->services.count; i++) {
        const char *name;
        const LzHostStats *stats = lz_host_stats(service_host(world, i, &name));
        for (unsigned alert = 0; stats->refused_by_alert && alert < LZ_ALERTS; alert++) {
            if (stats->refused_by_alert[alert] == 0) {
                continue;
            }
            begin_row(accounts, repetition, name);
            lz_csv_uint(accounts->rows, alert);
            lz_csv_text(accounts->rows, lz_tls_alert_name((int)alert));
            lz_csv_uint(accounts->rows, stats->refused_by_alert[alert]);
            lz_csv_end_row(accounts->rows);
        }
        add_policy(accounts, repetition, name, "policy", stats->refused_by_policy);
        add_policy(accounts, repetition, name, "isolated", stats->isolated);
    }
    return write_rows(accounts, accounts->refusals, error);
}

gboolean lz_accounts_add(LzAccounts *accounts, unsigned repetition, LzWorld *world, GError **error)
{
    return add_links(accounts, repetition, world, error) && add_services(accounts, repetition, world, error) &&
           add_refusals(accounts, repetition, world, error);
}

/* ---- life ---- */

/* With the header that stands in the scratch rows. */
static gboolean open_table(LzAccounts *accounts, LzDirectory *directory, const char *name, LzFile **ret_file,
                           GError **error)
{
    LzFile *file = lz_directory_create(directory, name, error);
    if (!file) {
        return FALSE;
    }
    *ret_file = file;
    return write_rows(accounts, file, error);
}

static gboolean open_tables(LzAccounts *accounts, LzDirectory *directory, GError **error)
{
    static const char *const services[] = {"run_id", "rep", "service", "handshakes", "resumed", "refused", "cores",
                                           "cpu_s", NULL};
    static const char *const refusals[] = {"run_id", "rep", "service", "alert", "alert_name", "count", NULL};
    append_link_header(accounts->rows);
    if (!open_table(accounts, directory, "links.csv", &accounts->links, error)) {
        return FALSE;
    }
    lz_csv_header(accounts->rows, services);
    if (!open_table(accounts, directory, "services.csv", &accounts->services, error)) {
        return FALSE;
    }
    lz_csv_header(accounts->rows, refusals);
    return open_table(accounts, directory, "refusals.csv", &accounts->refusals, error);
}

LzAccounts *lz_accounts_new(LzDirectory *directory, const char *run_id, GError **error)
{
    g_autoptr(LzAccounts) accounts = g_new0(LzAccounts, 1);
    accounts->run_id = run_id;
    accounts->rows = g_string_new(NULL);
    return open_tables(accounts, directory, error) ? g_steal_pointer(&accounts) : NULL;
}

void lz_accounts_free(LzAccounts *accounts)
{
    if (accounts) {
        g_string_free(accounts->rows, TRUE);
        g_free(accounts);
    }
}
