/* Stands in for libFuzzer in plain builds: feeds a fuzz target each sample of a folder, every prefix of it up to a
 * limit, and copies with one byte changed, so that each sample is also an ordinary test. Speaks TAP. */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define VARIANTS_MAX 400       /* per sample and kind: keeps a long sample from taking long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *sorted_names(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir)) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, by_name);
    return names;
}

/* The target gets memory of exactly the given size, so that reading one byte too far is seen by ASan. */
static void feed(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *copy = size ? g_memdup2(data, size) : NULL;
    LLVMFuzzerTestOneInput(copy, size);
}

static void feed_prefixes(const uint8_t *data, size_t size)
{
    size_t step = size / VARIANTS_MAX + 1;
    for (size_t length = 0; length < size; length += step) {
        feed(data, length);
    }
}

static void feed_changed(const uint8_t *data, size_t size)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    g_autofree uint8_t *copy = g_memdup2(data, size);
    size_t step = size / VARIANTS_MAX + 1;
    for (size_t at = 0; at < size; at += step) {
        copy[at] ^= changes[at % sizeof changes];
        feed(copy, size);
        copy[at] = data[at];
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) names = sorted_names(argc > 1 ? argv[1] : ".");
    printf("1..%u\n", names->len);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(argv[1], name, NULL);
        g_autofree char *data = NULL;
        size_t size = 0;
        gboolean is_read = g_file_get_contents(path, &data, &size, NULL);
        if (is_read) {
            feed((const uint8_t *)data, size);
            feed_prefixes((const uint8_t *)data, size);
            feed_changed((const uint8_t *)data, size);
        }
        printf("%s %u - %s\n", is_read ? "ok" : "not ok", i + 1, name);
        fflush(stdout);
    }
    return names->len > 0 ? 0 : 1;
}
