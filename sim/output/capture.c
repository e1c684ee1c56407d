/* The capture of chosen devices, with the secrets that open it. */
#define _DEFAULT_SOURCE                 /* mkostemp */
#include "sim/output/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lazaret/error.h"
#include "sim/net/tap.h"
#include "sim/output/pcapng.h"

#define COPY_BYTES 65536
#define COMMENT "TEST KEYS - simulated traffic"

struct LzCapture {
    LzDirectory *directory;
    int64_t start_unix_s;
    char *application;
    bool has_secrets;
    FILE *aside;                        /* packet blocks; NULL before the first */
    GPtrArray *devices;                 /* names; the place is the interface number */
    GHashTable *interfaces;             /* name -> place + 1 */
    GString *secrets;                   /* key log text */
    GByteArray *block;                  /* scratch */
    uint8_t *frame;                     /* scratch */
    size_t frame_bytes;
    GError *trouble;                    /* the first */
};

LzCapture *lz_capture_new(const LzCaptureOptions *options)
{
    LzCapture *capture = g_new0(LzCapture, 1);
    capture->directory = options->directory;
    capture->start_unix_s = options->start_unix_s;
    capture->application = g_strdup(options->application);
    capture->has_secrets = options->has_secrets;
    capture->devices = g_ptr_array_new_with_free_func(g_free);
    capture->interfaces = g_hash_table_new(g_str_hash, g_str_equal);
    capture->secrets = g_string_new("# " COMMENT "\n");
    capture->block = g_byte_array_new();
    return capture;
}

void lz_capture_free(LzCapture *capture)
{
    if (!capture) {
        return;
    }
    if (capture->aside) {
        fclose(capture->aside);
    }
    g_free(capture->application);
    g_hash_table_unref(capture->interfaces);
    g_ptr_array_unref(capture->devices);
    g_string_free(capture->secrets, TRUE);
    g_byte_array_unref(capture->block);
    g_free(capture->frame);
    g_clear_error(&capture->trouble);
    g_free(capture);
}

static void keep_trouble(LzCapture *capture, LzTime now_ns)
{
    int code = errno;
    if (!capture->trouble) {
        g_set_error(&capture->trouble, LZ_ERROR, LZ_ERROR_IO, "E510 cannot write capture.pcapng at %" G_GINT64_FORMAT
                    ".%03d s virtual: %s", now_ns / LZ_NS_PER_S, (int)(now_ns / LZ_NS_PER_MS % 1000), g_strerror(code));
    }
}

static uint32_t interface_of(LzCapture *capture, const char *device)
{
    guint place = GPOINTER_TO_UINT(g_hash_table_lookup(capture->interfaces, device));
    if (place == 0) {
        char *name = g_strdup(device);
        g_ptr_array_add(capture->devices, name);
        place = capture->devices->len;
        g_hash_table_insert(capture->interfaces, name, GUINT_TO_POINTER(place));
    }
    return place - 1;
}

/* Beside the capture, so that it is the same disk that is full; it has no name and so never stays behind. */
static FILE *open_aside(const LzCapture *capture)
{
    g_autofree char *path = g_build_filename(lz_directory_path(capture->directory), ".capture-XXXXXX", NULL);
    int fd = g_mkstemp(path);
    if (fd < 0) {
        return NULL;
    }
    unlink(path);
    return fdopen(fd, "w+b");
}

static size_t write_frame(LzCapture *capture, const LzPacket *packet)
{
    size_t size = lz_packet_frame_bytes(packet);
    if (size > capture->frame_bytes) {
        capture->frame = g_realloc(capture->frame, size);
        capture->frame_bytes = size;
    }
    return lz_packet_write_frame(packet, capture->frame);
}

void lz_capture_packet(LzCapture *capture, const char *device, LzTime now_ns, const LzPacket *packet, bool is_outgoing)
{
    if (capture->trouble) {
        return;
    }
    if (!capture->aside && !(capture->aside = open_aside(capture))) {
        keep_trouble(capture, now_ns);
        return;
    }
    size_t size = write_frame(capture, packet);
    int64_t time_ns = capture->start_unix_s * LZ_NS_PER_S + now_ns;
    g_byte_array_set_size(capture->block, 0);
    lz_pcapng_packet(capture->block, interface_of(capture, device), time_ns, is_outgoing, capture->frame, size);
    if (fwrite(capture->block->data, 1, capture->block->len, capture->aside) != capture->block->len) {
        keep_trouble(capture, now_ns);
    }
}

void lz_capture_secret(LzCapture *capture, const char *device, LzTime now_ns, const char *line)
{
    (void)device;
    (void)now_ns;
    if (!capture->has_secrets) {
        return;
    }
    g_string_append(capture->secrets, line);
    if (!g_str_has_suffix(line, "\n")) {
        g_string_append_c(capture->secrets, '\n');
    }
}

static gboolean write_heads(LzCapture *capture, LzFile *file, GError **error)
{
    g_byte_array_set_size(capture->block, 0);
    lz_pcapng_section(capture->block, capture->application, COMMENT);
    for (unsigned i = 0; i < capture->devices->len; i++) {
        lz_pcapng_interface(capture->block, capture->devices->pdata[i], "simulated device, network card");
    }
    if (capture->has_secrets) {
        lz_pcapng_secrets(capture->block, capture->secrets->str, capture->secrets->len);
    }
    return lz_file_write(file, capture->block->data, capture->block->len, error);
}

static gboolean copy_packets(LzCapture *capture, LzFile *file, GError **error)
{
    g_autofree uint8_t *bytes = g_malloc(COPY_BYTES);
    rewind(capture->aside);
    for (size_t size; (size = fread(bytes, 1, COPY_BYTES, capture->aside)) > 0;) {
        if (!lz_file_write(file, bytes, size, error)) {
            return FALSE;
        }
    }
    if (ferror(capture->aside)) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "E510 cannot read back the packets of capture.pcapng");
        return FALSE;
    }
    return TRUE;
}

static gboolean write_capture(LzCapture *capture, GError **error)
{
    LzFile *file = lz_directory_create(capture->directory, "capture.pcapng", error);
    return file && write_heads(capture, file, error) && copy_packets(capture, file, error) &&
           lz_file_close(file, error);
}

gboolean lz_capture_finish(LzCapture *capture, GError **error)
{
    if (capture->aside && !capture->trouble && fflush(capture->aside) != 0) {
        keep_trouble(capture, 0);
    }
    if (capture->trouble) {
        g_propagate_error(error, g_steal_pointer(&capture->trouble));
        return FALSE;
    }
    if (!capture->aside) {
        return TRUE;
    }
    if (!write_capture(capture, error)) {
        return FALSE;
    }
    return !capture->has_secrets ||
           lz_directory_put(capture->directory, "capture.keylog", capture->secrets->str, capture->secrets->len, error);
}
