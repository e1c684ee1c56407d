/* A subscriber of the live feed in another process: the test program itself, started again. */
#ifndef TESTS_LIB_SUBSCRIBER_H
#define TESTS_LIB_SUBSCRIBER_H

#include <glib.h>
#include <stdint.h>

typedef struct LzSubscriber LzSubscriber;

typedef struct LzHeard {                /* one message */
    char *topic, *header, *body;
} LzHeard;

/* First thing in main(). In the process that is to be the subscriber it does not return. */
void lz_subscriber_init(int argc, char **argv);
LzSubscriber *lz_subscriber_start(const char *endpoint);
/* Calls say until the subscriber has heard something: there is no other sign that it is subscribed. */
void lz_subscriber_wait(LzSubscriber *subscriber, void (*say)(void *self), void *self);
void lz_subscriber_stop(LzSubscriber *subscriber);      /* SIGSTOP */
void lz_subscriber_kill(LzSubscriber *subscriber);      /* ends it, heard or not; frees */
/* What it heard up to and with `bye`, as LzHeard; frees. Fails the test when it did not end well. */
GPtrArray *lz_subscriber_finish(LzSubscriber *subscriber);
/* A number of the header, or of the body when the header has no such key. */
int64_t lz_heard_number(const LzHeard *heard, const char *key);

#endif
