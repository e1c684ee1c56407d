/* The life of a run directory, whatever is in it: files are written under `.NAME.partial/` beside the final
 * NAME, each checked and hashed as it is written; a complete one is renamed to NAME, one that ended early
 * to `NAME.partial`. Only directories with a manifest of ours are ever replaced or removed. */
#ifndef SIM_OUTPUT_DIRECTORY_H
#define SIM_OUTPUT_DIRECTORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LZ_MANIFEST_NAME "manifest.json"
#define LZ_SUMS_NAME "SHA256SUMS"
#define LZ_MANIFEST_SCHEMA "lazaret-manifest-1"

typedef struct LzDirectory LzDirectory;
typedef struct LzFile LzFile;           /* one file of it, open for appending; owned by the directory */

/* LZ_ERROR_INPUT: E501 complete and not forced, E502 not ours, E503 another run is writing it; LZ_ERROR_IO.
 * What a killed run left under the temporary name is removed. */
LzDirectory *lz_directory_begin(const char *path, bool is_forced, GError **error);
/* name: fixed, without a slash. Fails with LZ_ERROR_IO. */
LzFile *lz_directory_create(LzDirectory *directory, const char *name, GError **error);
/* A whole small file. An existing one of that name (the first manifest) is replaced. */
gboolean lz_directory_put(LzDirectory *directory, const char *name, const char *text, size_t size, GError **error);
/* Where it is now: the temporary name, or after the commit the final one. */
const char *lz_directory_path(const LzDirectory *directory);
/* Where it goes when it ends early: `NAME.partial`. */
const char *lz_directory_kept_path(const LzDirectory *directory);

/* Buffers; a failure (disk full) is reported once with the file's name and stays. */
gboolean lz_file_write(LzFile *file, const void *data, size_t size, GError **error);
gboolean lz_file_close(LzFile *file, GError **error);   /* flush and fsync; the hash is known from now on */
bool lz_file_has_failed(const LzFile *file);

/* Closes all that are open. A complete run fails when one cannot be written whole; a run that ends early forgets
 * such a file, so that it is in no list. */
gboolean lz_directory_close_files(LzDirectory *directory, bool is_complete, GError **error);
/* Closed files in order of names. */
typedef struct LzFileInfo { const char *name, *sha256; uint64_t bytes; } LzFileInfo;
unsigned lz_directory_file_count(LzDirectory *directory);
LzFileInfo lz_directory_file(LzDirectory *directory, unsigned index);

/* Closes what is open, writes SHA256SUMS, fsyncs and renames: to the final name when is_complete (replacing an
 * older run only when forced), else to the kept name, without files that could not be written. On failure what there
 * is goes to the kept name, or stays where lz_directory_path says. */
gboolean lz_directory_commit(LzDirectory *directory, bool is_complete, GError **error);
void lz_directory_remove(LzDirectory *directory);       /* the temporary directory and all in it */
void lz_directory_free(LzDirectory *directory);         /* accepts NULL; leaves the files */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzDirectory, lz_directory_free)

#endif
