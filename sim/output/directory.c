/* The life of a run directory on POSIX: openat beside a locked directory, fsync, rename. */
#define _XOPEN_SOURCE 700               /* nftw */
#define _DEFAULT_SOURCE                 /* flock */
#include "sim/output/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lazaret/error.h"

#define FILE_BUFFER_BYTES 65536
#define MANIFEST_HEAD_BYTES 512         /* schema and state are its first two members */
#define OPEN_DIRECTORIES 16             /* nftw keeps at most so many open */

struct LzFile {
    LzDirectory *directory;
    char *name;
    int fd;                             /* -1 when closed */
    bool has_failed;
    GString *buffer;
    GChecksum *sum;
    uint64_t bytes;
};

struct LzDirectory {
    char *final, *partial, *kept, *parent;
    char *path;                         /* which of them it has now */
    bool is_forced;
    int fd;                             /* of the directory; carries the lock */
    GPtrArray *files;                   /* LzFile */
};

typedef enum {
    STANDING_ABSENT, STANDING_EMPTY, STANDING_OURS_COMPLETE, STANDING_OURS_EARLY, STANDING_FOREIGN,
} Standing;

static gboolean fail_io(GError **error, const char *what, const char *path)
{
    int code = errno;
    g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "E510 cannot %s %s: %s", what, path, g_strerror(code));
    return FALSE;
}

/* ---- what stands at a path ---- */

static Standing standing_by_manifest(int fd)
{
    char head[MANIFEST_HEAD_BYTES + 1];
    ssize_t size = read(fd, head, MANIFEST_HEAD_BYTES);
    if (size <= 0) {
        return STANDING_FOREIGN;
    }
    head[size] = '\0';
    if (!strstr(head, "\"schema\": \"" LZ_MANIFEST_SCHEMA "\"")) {
        return STANDING_FOREIGN;
    }
    return strstr(head, "\"state\": \"complete\"") ? STANDING_OURS_COMPLETE : STANDING_OURS_EARLY;
}

static bool is_empty(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    return directory && !g_dir_read_name(directory);
}

/* Never follows a symbolic link. */
static Standing standing_of(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        return errno == ENOENT ? STANDING_ABSENT : STANDING_FOREIGN;
    }
    if (!S_ISDIR(status.st_mode)) {
        return STANDING_FOREIGN;
    }
    g_autofree char *manifest = g_build_filename(path, LZ_MANIFEST_NAME, NULL);
    int fd = open(manifest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT && is_empty(path) ? STANDING_EMPTY : STANDING_FOREIGN;
    }
    Standing standing = standing_by_manifest(fd);
    close(fd);
    return standing;
}

static gboolean refuse_foreign(const char *path, GError **error)
{
    g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT,
                "E502 %s exists and is not a results directory of lazaret; use another -o (nothing written)", path);
    return FALSE;
}

/* ---- removing ---- */

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int remove_below(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    return walk->level == 0 ? 0 : remove_entry(path, status, kind, walk);
}

static gboolean remove_tree(const char *path, GError **error)
{
    if (nftw(path, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS) != 0) {
        return fail_io(error, "remove", path);
    }
    return TRUE;
}

static gboolean remove_if_ours(const char *path, GError **error)
{
    Standing standing = standing_of(path);
    if (standing == STANDING_ABSENT) {
        return TRUE;
    }
    return standing == STANDING_FOREIGN ? refuse_foreign(path, error) : remove_tree(path, error);
}

/* ---- files ---- */

static void file_free(gpointer data)
{
    LzFile *file = data;
    if (file->fd >= 0) {
        close(file->fd);
    }
    g_string_free(file->buffer, TRUE);
    g_checksum_free(file->sum);
    g_free(file->name);
    g_free(file);
}

static gboolean write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return FALSE;
        }
        data += written;
        size -= (size_t)written;
    }
    return TRUE;
}

static gboolean file_fail(LzFile *file, const char *what, GError **error)
{
    file->has_failed = true;
    return fail_io(error, what, file->name);
}

static gboolean file_flush(LzFile *file, GError **error)
{
    if (!write_all(file->fd, file->buffer->str, file->buffer->len)) {
        return file_fail(file, "write", error);
    }
    g_string_truncate(file->buffer, 0);
    return TRUE;
}

bool lz_file_has_failed(const LzFile *file)
{
    return file->has_failed;
}

gboolean lz_file_write(LzFile *file, const void *data, size_t size, GError **error)
{
    g_assert(file->fd >= 0);
    if (file->has_failed) {
        errno = EIO;
        return fail_io(error, "go on writing", file->name);
    }
    g_checksum_update(file->sum, data, (gssize)size);
    file->bytes += size;
    g_string_append_len(file->buffer, data, (gssize)size);
    return file->buffer->len < FILE_BUFFER_BYTES || file_flush(file, error);
}

static gboolean file_settle(LzFile *file, GError **error)
{
    if (!file_flush(file, error)) {
        return FALSE;
    }
    return fsync(file->fd) == 0 || file_fail(file, "fsync", error);
}

gboolean lz_file_close(LzFile *file, GError **error)
{
    if (file->has_failed) {
        errno = EIO;
        return fail_io(error, "complete", file->name);
    }
    if (file->fd < 0) {
        return TRUE;
    }
    gboolean is_good = file_settle(file, error);
    if (close(file->fd) != 0 && is_good) {
        is_good = file_fail(file, "close", error);
    }
    file->fd = -1;
    return is_good;
}

static LzFile *file_open(LzDirectory *directory, const char *name, const char *temporary, GError **error)
{
    g_assert(!strchr(name, '/'));
    int flags = O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (temporary ? O_TRUNC : O_EXCL);
    int fd = openat(directory->fd, temporary ? temporary : name, flags, 0666);
    if (fd < 0) {
        fail_io(error, "create", name);
        return NULL;
    }
    LzFile *file = g_new0(LzFile, 1);
    file->directory = directory;
    file->name = g_strdup(name);
    file->fd = fd;
    file->buffer = g_string_new(NULL);
    file->sum = g_checksum_new(G_CHECKSUM_SHA256);
    return file;
}

LzFile *lz_directory_create(LzDirectory *directory, const char *name, GError **error)
{
    LzFile *file = file_open(directory, name, NULL, error);
    if (file) {
        g_ptr_array_add(directory->files, file);
    }
    return file;
}

static void forget_file(LzDirectory *directory, const char *name)
{
    for (unsigned i = 0; i < directory->files->len; i++) {
        LzFile *file = directory->files->pdata[i];
        if (strcmp(file->name, name) == 0) {
            g_ptr_array_remove_index(directory->files, i);
            return;
        }
    }
}

gboolean lz_directory_put(LzDirectory *directory, const char *name, const char *text, size_t size, GError **error)
{
    g_autofree char *temporary = g_strconcat(".", name, ".tmp", NULL);
    LzFile *file = file_open(directory, name, temporary, error);
    if (!file) {
        return FALSE;
    }
    gboolean is_good = lz_file_write(file, text, size, error) && lz_file_close(file, error);
    if (is_good && renameat(directory->fd, temporary, directory->fd, name) != 0) {
        is_good = fail_io(error, "rename", name);
    }
    if (!is_good) {
        unlinkat(directory->fd, temporary, 0);
        file_free(file);
        return FALSE;
    }
    forget_file(directory, name);
    g_ptr_array_add(directory->files, file);
    return TRUE;
}

static int file_compare(gconstpointer a, gconstpointer b)
{
    const LzFile *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

unsigned lz_directory_file_count(LzDirectory *directory)
{
    g_ptr_array_sort(directory->files, file_compare);
    return directory->files->len;
}

LzFileInfo lz_directory_file(LzDirectory *directory, unsigned index)
{
    const LzFile *file = directory->files->pdata[index];
    g_assert(file->fd < 0);
    return (LzFileInfo){ .name = file->name, .sha256 = g_checksum_get_string(file->sum), .bytes = file->bytes };
}

/* ---- begin ---- */

static LzDirectory *directory_new(const char *path, bool is_forced)
{
    LzDirectory *directory = g_new0(LzDirectory, 1);
    g_autofree char *absolute_or_relative = g_strdup(path);
    size_t size = strlen(absolute_or_relative);
    while (size > 1 && absolute_or_relative[size - 1] == '/') {
        absolute_or_relative[--size] = '\0';
    }
    g_autofree char *name = g_path_get_basename(absolute_or_relative);
    g_autofree char *partial = g_strconcat(".", name, ".partial", NULL);
    directory->parent = g_path_get_dirname(absolute_or_relative);
    directory->final = g_steal_pointer(&absolute_or_relative);
    directory->kept = g_strconcat(directory->final, ".partial", NULL);
    directory->partial = strcmp(directory->parent, ".") == 0 ? g_steal_pointer(&partial)
                                                             : g_build_filename(directory->parent, partial, NULL);
    directory->path = g_strdup(directory->partial);
    directory->is_forced = is_forced;
    directory->fd = -1;
    directory->files = g_ptr_array_new_with_free_func(file_free);
    return directory;
}

void lz_directory_free(LzDirectory *directory)
{
    if (!directory) {
        return;
    }
    g_ptr_array_unref(directory->files);
    if (directory->fd >= 0) {
        close(directory->fd);
    }
    g_free(directory->final);
    g_free(directory->partial);
    g_free(directory->kept);
    g_free(directory->parent);
    g_free(directory->path);
    g_free(directory);
}

static gboolean check_final(const LzDirectory *directory, GError **error)
{
    Standing standing = standing_of(directory->final);
    if (standing == STANDING_FOREIGN) {
        return refuse_foreign(directory->final, error);
    }
    if (standing == STANDING_OURS_COMPLETE && !directory->is_forced) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT,
                    "E501 %s exists and is complete; use --force or -o (nothing written)", directory->final);
        return FALSE;
    }
    return TRUE;
}

/* Is the locked directory still the one under the temporary name? Another run may have just renamed it. */
static bool is_still_partial(const LzDirectory *directory)
{
    struct stat here, there;
    return fstat(directory->fd, &here) == 0 && lstat(directory->partial, &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}

static gboolean lock_partial(LzDirectory *directory, GError **error)
{
    directory->fd = open(directory->partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory->fd < 0) {
        return fail_io(error, "open", directory->partial);
    }
    if (flock(directory->fd, LOCK_EX | LOCK_NB) == 0 && is_still_partial(directory)) {
        return TRUE;
    }
    g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "E503 another run is writing %s (nothing written)",
                directory->partial);
    return FALSE;
}

static gboolean take_partial(LzDirectory *directory, GError **error)
{
    bool is_new = mkdir(directory->partial, 0777) == 0;
    if (!is_new && errno != EEXIST) {
        return fail_io(error, "create", directory->partial);
    }
    if (!is_new && standing_of(directory->partial) == STANDING_FOREIGN) {
        return refuse_foreign(directory->partial, error);
    }
    if (!lock_partial(directory, error)) {
        return FALSE;
    }
    if (!is_new && nftw(directory->partial, remove_below, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS) != 0) {
        return fail_io(error, "empty", directory->partial);
    }
    return TRUE;
}

LzDirectory *lz_directory_begin(const char *path, bool is_forced, GError **error)
{
    static const char first_manifest[] =
        "{\n  \"schema\": \"" LZ_MANIFEST_SCHEMA "\",\n  \"state\": \"interrupted\"\n}\n";
    g_autoptr(LzDirectory) directory = directory_new(path, is_forced);
    if (!check_final(directory, error)) {
        return NULL;
    }
    if (g_mkdir_with_parents(directory->parent, 0777) != 0) {
        fail_io(error, "create", directory->parent);
        return NULL;
    }
    if (!take_partial(directory, error)) {
        return NULL;
    }
    if (!lz_directory_put(directory, LZ_MANIFEST_NAME, first_manifest, strlen(first_manifest), error)) {
        return NULL;
    }
    return g_steal_pointer(&directory);
}

const char *lz_directory_path(const LzDirectory *directory)
{
    return directory->path;
}

const char *lz_directory_kept_path(const LzDirectory *directory)
{
    return directory->kept;
}

/* ---- end ---- */

static gboolean write_sums(LzDirectory *directory, GError **error)
{
    g_autoptr(GString) sums = g_string_new(NULL);
    for (unsigned i = 0; i < lz_directory_file_count(directory); i++) {
        LzFileInfo info = lz_directory_file(directory, i);
        g_string_append_printf(sums, "%s  %s\n", info.sha256, info.name);
    }
    return lz_directory_put(directory, LZ_SUMS_NAME, sums->str, sums->len, error);
}

gboolean lz_directory_close_files(LzDirectory *directory, bool is_complete, GError **error)
{
    for (unsigned i = 0; i < directory->files->len;) {
        LzFile *file = directory->files->pdata[i];
        if (lz_file_close(file, is_complete ? error : NULL)) {
            i++;
            continue;
        }
        if (is_complete) {
            return FALSE;
        }
        g_ptr_array_remove_index(directory->files, i);
    }
    return TRUE;
}

static gboolean sync_path(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        fail_io(error, "fsync", path);
        if (fd >= 0) {
            close(fd);
        }
        return FALSE;
    }
    close(fd);
    return TRUE;
}

static gboolean rename_to(LzDirectory *directory, const char *path, GError **error)
{
    if (rename(directory->partial, path) != 0) {
        return fail_io(error, "rename to", path);
    }
    g_free(directory->path);
    directory->path = g_strdup(path);
    return sync_path(directory->parent, error);
}

/* The older run steps aside first, so that at every moment one of the two is whole under a known name. */
static gboolean replace_final(LzDirectory *directory, GError **error)
{
    g_autofree char *aside = g_strconcat(directory->partial, ".replaced", NULL);
    if (!remove_if_ours(aside, error)) {
        return FALSE;
    }
    if (rename(directory->final, aside) != 0) {
        return fail_io(error, "set aside", directory->final);
    }
    if (!rename_to(directory, directory->final, error)) {
        rename(aside, directory->final);
        return FALSE;
    }
    return remove_tree(aside, error);
}

static gboolean rename_complete(LzDirectory *directory, GError **error)
{
    if (!check_final(directory, error)) {
        return FALSE;
    }
    Standing standing = standing_of(directory->final);
    bool is_older_run = standing == STANDING_OURS_COMPLETE || standing == STANDING_OURS_EARLY;
    return is_older_run ? replace_final(directory, error) : rename_to(directory, directory->final, error);
}

static gboolean rename_kept(LzDirectory *directory, GError **error)
{
    return remove_if_ours(directory->kept, error) && rename_to(directory, directory->kept, error);
}

static gboolean settle(LzDirectory *directory, bool is_complete, GError **error)
{
    if (!lz_directory_close_files(directory, is_complete, error) || !write_sums(directory, error)) {
        return FALSE;
    }
    return fsync(directory->fd) == 0 || fail_io(error, "fsync", directory->partial);
}

gboolean lz_directory_commit(LzDirectory *directory, bool is_complete, GError **error)
{
    if (!is_complete) {
        gboolean is_settled = settle(directory, false, error);
        return rename_kept(directory, is_settled ? error : NULL) && is_settled;     /* tells the first trouble */
    }
    if (settle(directory, true, error) && rename_complete(directory, error)) {
        return TRUE;
    }
    if (strcmp(directory->path, directory->partial) == 0) {
        rename_kept(directory, NULL);           /* needs no space on the disk */
    }
    return FALSE;
}

void lz_directory_remove(LzDirectory *directory)
{
    if (strcmp(directory->path, directory->partial) == 0) {
        remove_tree(directory->partial, NULL);
    }
}
