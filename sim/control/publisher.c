/* A ZeroMQ PUB socket on a local socket file that only its owner can reach. An open TCP port would let
 * anybody fill our memory with subscriptions, so there is none. */
#include "sim/control/publisher.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "lazaret/error.h"
#include "sim/core/json.h"

#define SEND_QUEUE_MESSAGES 10000       /* per subscriber */
#define LINGER_MS 200
#define FORMAT_VERSION 1
#define SCHEME "ipc://"

struct LzPublisher {
    void *context, *socket;
    char *endpoint, *run_id;
    GString *topic;
    LzJson *header;
    uint64_t sequence, dropped;
    bool is_bound;                      /* the socket file is ours to remove; ZeroMQ leaves it */
};

/* ---- where the socket stands ---- */

static bool refuse(GError **error, LzErrorCode code, const char *path, const char *reason)
{
    g_set_error(error, LZ_ERROR, (gint)code, "live feed: %s: %s", path, reason);
    return false;
}

static bool is_ours_alone(const char *path, GError **error)
{
    struct stat found;
    if (lstat(path, &found) != 0) {
        return refuse(error, LZ_ERROR_IO, path, g_strerror(errno));
    }
    if (!S_ISDIR(found.st_mode)) {
        return refuse(error, LZ_ERROR_IO, path, "is not a directory");
    }
    if (found.st_uid != geteuid()) {
        return refuse(error, LZ_ERROR_IO, path, "belongs to another user");
    }
    if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return refuse(error, LZ_ERROR_IO, path, "is open to other users: chmod 700");
    }
    return true;
}

static char *runtime_directory(GError **error)
{
    const char *given = g_getenv("XDG_RUNTIME_DIR");
    if (given && g_path_is_absolute(given)) {
        return g_strdup(given);
    }
    g_autofree char *usual = g_strdup_printf("/run/user/%u", (unsigned)geteuid());
    if (g_file_test(usual, G_FILE_TEST_IS_DIR)) {
        return g_steal_pointer(&usual);
    }
    refuse(error, LZ_ERROR_IO, "XDG_RUNTIME_DIR", "is not set: give an ipc:// path or turn the feed off");
    return NULL;
}

static char *default_path(const char *run_id, GError **error)
{
    g_autofree char *runtime = runtime_directory(error);
    if (!runtime) {
        return NULL;
    }
    g_autofree char *directory = g_build_filename(runtime, "lazaret", NULL);
    if (g_mkdir(directory, 0700) != 0 && errno != EEXIST) {
        refuse(error, LZ_ERROR_IO, directory, g_strerror(errno));
        return NULL;
    }
    return is_ours_alone(directory, error) ? g_build_filename(directory, run_id, NULL) : NULL;
}

static char *given_path(const char *endpoint, GError **error)
{
    const char *path = endpoint + strlen(SCHEME);
    if (!g_str_has_prefix(endpoint, SCHEME) || !*path) {
        refuse(error, LZ_ERROR_INPUT, endpoint, "must be ipc://PATH");
        return NULL;
    }
    if (*path == '@' || *path == '*') {         /* ZeroMQ's abstract and wild-card names: no file, no mode */
        refuse(error, LZ_ERROR_INPUT, endpoint, "must name a file");
        return NULL;
    }
    return g_strdup(path);
}

/* A listener whose queue of connections is full says EAGAIN instead of letting us wait. */
static bool is_answered(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return false;
    }
    int connected = connect(probe, (const struct sockaddr *)address, sizeof *address);
    bool answered = connected == 0 || errno == EAGAIN;
    close(probe);
    return answered;
}

/* ZeroMQ removes whatever stands at the path: it must be nothing, or a socket that nobody serves. */
static bool is_free(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat found;
    if (strlen(path) >= sizeof address.sun_path) {
        return refuse(error, LZ_ERROR_INPUT, path, "is longer than the 107 bytes of a socket's name");
    }
    if (lstat(path, &found) != 0) {
        return errno == ENOENT ? true : refuse(error, LZ_ERROR_IO, path, g_strerror(errno));
    }
    if (!S_ISSOCK(found.st_mode)) {
        return refuse(error, LZ_ERROR_INPUT, path, "exists and is not a socket");
    }
    memcpy(address.sun_path, path, strlen(path));
    return is_answered(&address) ? refuse(error, LZ_ERROR_INPUT, path, "another run publishes here") : true;
}

/* ---- open and close ---- */

static bool set_option(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool bind_socket(LzPublisher *publisher, const char *path, GError **error)
{
    publisher->context = zmq_ctx_new();
    publisher->socket = zmq_socket(publisher->context, ZMQ_PUB);
    if (!publisher->socket || !set_option(publisher->socket, ZMQ_SNDHWM, SEND_QUEUE_MESSAGES) ||
        !set_option(publisher->socket, ZMQ_LINGER, LINGER_MS) || !set_option(publisher->socket, ZMQ_XPUB_NODROP, 1)) {
        return refuse(error, LZ_ERROR_IO, path, zmq_strerror(zmq_errno()));
    }
    mode_t previous = umask(S_IRWXG | S_IRWXO);         /* from its first moment the file is ours alone */
    int bound = zmq_bind(publisher->socket, publisher->endpoint);
    int bind_errno = zmq_errno();
    umask(previous);
    if (bound != 0) {
        return refuse(error, LZ_ERROR_IO, path, zmq_strerror(bind_errno));
    }
    publisher->is_bound = true;
    return chmod(path, S_IRWXU) == 0 ? true : refuse(error, LZ_ERROR_IO, path, g_strerror(errno));
}

LzPublisher *lz_publisher_open(const char *endpoint, const char *run_id, GError **error)
{
    g_autofree char *path = endpoint ? given_path(endpoint, error) : default_path(run_id, error);
    if (!path || !is_free(path, error)) {
        return NULL;
    }
    LzPublisher *publisher = g_new0(LzPublisher, 1);
    publisher->endpoint = g_strconcat(SCHEME, path, NULL);
    publisher->run_id = g_strdup(run_id);
    publisher->topic = g_string_new(NULL);
    publisher->header = lz_json_new(0);
    if (!bind_socket(publisher, path, error)) {
        lz_publisher_close(publisher);
        return NULL;
    }
    return publisher;
}

void lz_publisher_close(LzPublisher *publisher)
{
    if (!publisher) {
        return;
    }
    if (publisher->socket) {
        zmq_close(publisher->socket);
    }
    if (publisher->context) {
        zmq_ctx_term(publisher->context);
    }
    if (publisher->is_bound) {
        g_unlink(publisher->endpoint + strlen(SCHEME));
    }
    g_string_free(publisher->topic, TRUE);
    lz_json_free(publisher->header);
    g_free(publisher->endpoint);
    g_free(publisher->run_id);
    g_free(publisher);
}

const char *lz_publisher_endpoint(const LzPublisher *publisher)
{
    return publisher->endpoint;
}

uint64_t lz_publisher_dropped(const LzPublisher *publisher)
{
    return publisher->dropped;
}

/* ---- send ---- */

static const char *header_text(LzPublisher *publisher, LzTime virtual_ns)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *wall = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ");
    LzJson *header = publisher->header;
    lz_json_reset(header);
    lz_json_object_begin(header, NULL);
    lz_json_integer(header, "v", FORMAT_VERSION);
    lz_json_string(header, "run", publisher->run_id);
    lz_json_unsigned(header, "seq", publisher->sequence);
    lz_json_integer(header, "virt_ns", virtual_ns);
    lz_json_string(header, "wall", wall);
    lz_json_unsigned(header, "drop", publisher->dropped);
    lz_json_object_end(header);
    return lz_json_text(header, NULL);
}

static bool send_frame(LzPublisher *publisher, const char *text, int flags)
{
    return zmq_send(publisher->socket, text, strlen(text), flags | ZMQ_DONTWAIT) >= 0;
}

/* With NODROP the first frame says whether a subscriber's queue is full. Then the message is counted
 * and sent once more without: ZeroMQ leaves that subscriber out and the others are served. */
static bool send_topic(LzPublisher *publisher)
{
    if (send_frame(publisher, publisher->topic->str, ZMQ_SNDMORE)) {
        return true;
    }
    publisher->dropped++;
    set_option(publisher->socket, ZMQ_XPUB_NODROP, 0);
    bool is_sent = send_frame(publisher, publisher->topic->str, ZMQ_SNDMORE);
    set_option(publisher->socket, ZMQ_XPUB_NODROP, 1);
    return is_sent;
}

void lz_publisher_send(LzPublisher *publisher, const char *class, const char *name, LzTime virtual_ns,
                       const char *body)
{
    g_string_printf(publisher->topic, "lz1.%s.%s%s%s", publisher->run_id, class, name ? "." : "", name ? name : "");
    if (send_topic(publisher)) {
        send_frame(publisher, header_text(publisher, virtual_ns), ZMQ_SNDMORE);
        send_frame(publisher, body, 0);
    }
    publisher->sequence++;
}
