/* devices.csv: what each device was and what became of it. */
#include "sim/output/csv.h"
#include "sim/output/tables.h"

/* connected: at the end; lost: had a session; refused: handshakes ended by an alert; none: never got one. */
static const char *device_verdict(const LzHostStats *stats)
{
    if (stats->open_sessions > 0) {
        return "connected";
    }
    if (stats->sessions_opened > 0) {
        return "lost";
    }
    return stats->handshakes_refused > 0 ? "refused" : "none";
}

static void append_certificate(GString *csv, const LzDeviceInfo *device)
{
    if (!device->certificate) {
        lz_csv_empty(csv);
        return;
    }
    g_autofree char *sha256 =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, device->certificate, device->certificate_size);
    lz_csv_text(csv, sha256);
}

static void append_device(GString *csv, const char *run_id, const LzDeviceInfo *device)
{
    const LzHostStats *stats = lz_host_stats(device->host);
    const char *const texts[] = {run_id, device->name, device->fleet, device->profile, device->zone, device->link};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        lz_csv_text(csv, texts[i]);
    }
    append_certificate(csv, device);
    lz_csv_int(csv, device->start_ns);
    lz_csv_uint(csv, stats->handshakes_completed);
    lz_csv_uint(csv, device->reconnects);
    lz_csv_uint(csv, stats->tx_bytes);
    lz_csv_uint(csv, stats->rx_bytes);
    lz_csv_text(csv, device_verdict(stats));
    lz_csv_end_row(csv);
}

gboolean lz_tables_write_devices(LzDirectory *directory, const char *run_id, const LzWorld *world, GError **error)
{
    static const char *const columns[] = {"run_id", "device", "fleet", "profile", "zone", "link", "cert_sha256",
                                          "start_ns", "handshakes", "reconnects", "tx_bytes", "rx_bytes", "verdict",
                                          NULL};
    g_autoptr(GString) csv = g_string_new(NULL);
    lz_csv_header(csv, columns);
    for (unsigned i = 0; i < lz_world_device_count(world); i++) {
        LzDeviceInfo device = lz_world_device(world, i);
        append_device(csv, run_id, &device);
    }
    return lz_directory_put(directory, "devices.csv", csv->str, csv->len, error);
}
