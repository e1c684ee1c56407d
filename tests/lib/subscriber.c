/* A subscriber of the live feed in another process. Called with `--subscribe ENDPOINT` the program prints
 * every message as one line of topic, header and body, separated by tabs, and ends after `bye`. */
#include "tests/lib/subscriber.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define TIMEOUT_MS 20000

struct LzSubscriber {
    GPid pid;
    FILE *output;
};

/* ---- in the other process ---- */

/* Prints a frame; *ret_is_bye: its text holds ".bye". */
static bool print_frame(void *socket, char end, bool *ret_is_bye)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    int size = zmq_msg_recv(&frame, socket, 0);
    if (size >= 0) {
        printf("%.*s%c", size, (char *)zmq_msg_data(&frame), end);
        *ret_is_bye = g_strstr_len(zmq_msg_data(&frame), size, ".bye") != NULL;
    }
    zmq_msg_close(&frame);
    return size >= 0;
}

static int subscribe(const char *endpoint)
{
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_SUB);
    int timeout_ms = TIMEOUT_MS;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "lz1.", strlen("lz1."));
    zmq_connect(socket, endpoint);
    for (bool is_last = false, ignored; !is_last;) {
        if (!print_frame(socket, '\t', &is_last) || !print_frame(socket, '\t', &ignored) ||
            !print_frame(socket, '\n', &ignored)) {
            return EXIT_FAILURE;
        }
        fflush(stdout);
    }
    zmq_close(socket);
    zmq_ctx_term(context);
    return EXIT_SUCCESS;
}

void lz_subscriber_init(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--subscribe") == 0) {
        exit(subscribe(argv[2]));
    }
}

/* ---- in the test ---- */

LzSubscriber *lz_subscriber_start(const char *endpoint)
{
    LzSubscriber *subscriber = g_new0(LzSubscriber, 1);
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL), *where = g_strdup(endpoint);
    char option[] = "--subscribe";
    char *arguments[] = {program, option, where, NULL};
    g_autoptr(GError) error = NULL;
    int output;
    g_spawn_async_with_pipes(NULL, arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &subscriber->pid, NULL,
                             &output, NULL, &error);
    g_assert_no_error(error);
    subscriber->output = fdopen(output, "r");
    return subscriber;
}

void lz_subscriber_wait(LzSubscriber *subscriber, void (*say)(void *self), void *self)
{
    GPollFD poll_fd = {.fd = fileno(subscriber->output), .events = G_IO_IN};
    gint64 deadline_us = g_get_monotonic_time() + TIMEOUT_MS * 1000;
    do {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        say(self);
    } while (g_poll(&poll_fd, 1, 20) <= 0);
}

void lz_subscriber_stop(LzSubscriber *subscriber)
{
    kill(subscriber->pid, SIGSTOP);
}

static int end(LzSubscriber *subscriber)
{
    int status = 0;
    fclose(subscriber->output);
    waitpid(subscriber->pid, &status, 0);
    g_spawn_close_pid(subscriber->pid);
    g_free(subscriber);
    return status;
}

void lz_subscriber_kill(LzSubscriber *subscriber)
{
    kill(subscriber->pid, SIGKILL);
    end(subscriber);
}

static void heard_free(gpointer data)
{
    LzHeard *heard = data;
    g_free(heard->topic);
    g_free(heard->header);
    g_free(heard->body);
    g_free(heard);
}

static LzHeard *heard_new(const char *line)
{
    g_auto(GStrv) frames = g_strsplit(line, "\t", 0);
    g_assert_cmpuint(g_strv_length(frames), ==, 3);
    LzHeard *heard = g_new0(LzHeard, 1);
    *heard = (LzHeard){.topic = g_strdup(frames[0]), .header = g_strdup(frames[1]), .body = g_strdup(frames[2])};
    return heard;
}

GPtrArray *lz_subscriber_finish(LzSubscriber *subscriber)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(heard_free);
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, subscriber->output) > 0) {
        g_ptr_array_add(all, heard_new(g_strchomp(line)));
    }
    free(line);
    int status = end(subscriber);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    return all;
}

int64_t lz_heard_number(const LzHeard *heard, const char *key)
{
    g_autofree char *quoted = g_strdup_printf("\"%s\":", key);
    const char *at = strstr(heard->header, quoted);
    at = at ? at : strstr(heard->body, quoted);
    g_assert_nonnull(at);
    return g_ascii_strtoll(at + strlen(quoted), NULL, 10);
}
