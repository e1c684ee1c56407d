/* What a run shows of its packets: taps at the network cards of devices and on links, and the secrets of TLS. */
#include "sim/world_internal.h"

typedef struct Seen {                   /* of what, which way */
    LzWorld *world;
    const char *name;
    bool is_outgoing;
} Seen;

static Seen *seen_new(LzWorld *world, const char *name, bool is_outgoing)
{
    Seen *seen = g_new(Seen, 1);
    *seen = (Seen){world, name, is_outgoing};
    return seen;
}

static void tap_seen(void *self, const LzPacket *packet)
{
    Seen *seen = self;
    const LzWorldObserver *observer = &seen->world->observer;
    observer->packet(observer->self, seen->name, lz_now(seen->world->scheduler), packet, seen->is_outgoing);
}

static LzTap *tap_new(LzWorld *world, const char *name, bool is_outgoing, LzElement *next)
{
    LzTap *tap = g_new0(LzTap, 1);
    lz_tap_init(tap, next, tap_seen, seen_new(world, name, is_outgoing));
    return tap;
}

static void tap_free(LzTap *tap)
{
    if (tap) {
        g_free(tap->self);
        g_free(tap);
    }
}

/* ---- hosts ---- */

LzElement *lz_world_tap_output(LzWorld *world, const char *name, Attachment *attachment, LzElement *output)
{
    if (!world->observer.packet) {
        return output;
    }
    attachment->tap_out = tap_new(world, name, true, output);
    return &attachment->tap_out->base;
}

LzElement *lz_world_tap_input(LzWorld *world, const char *name, Attachment *attachment, LzElement *input)
{
    if (!world->observer.packet) {
        return input;
    }
    attachment->tap_in = tap_new(world, name, false, input);
    return &attachment->tap_in->base;
}

static void key_log_line(void *self, const char *line)
{
    Seen *seen = self;
    const LzWorldObserver *observer = &seen->world->observer;
    observer->key_log(observer->self, seen->name, lz_now(seen->world->scheduler), line);
}

void lz_world_show_secrets(LzWorld *world, const char *name, LzHost *host, Attachment *attachment)
{
    if (world->observer.packet && world->observer.key_log) {
        attachment->secrets = seen_new(world, name, true);
        lz_host_set_key_log(host, key_log_line, attachment->secrets);
    }
}

void lz_world_attachment_clear(Attachment *attachment)
{
    tap_free(attachment->tap_in);
    tap_free(attachment->tap_out);
    g_free(attachment->secrets);
    g_free(attachment->tagger);
    if (attachment->guards) {
        g_ptr_array_unref(attachment->guards);
    }
}

/* ---- links ---- */

LzElement *lz_world_tap_link(LzWorld *world, const Medium *medium, LzDirection direction, LzElement *sink)
{
    const char *name = medium->plan->name.text;
    if (!world->observer.packet || g_strcmp0(world->plan->record.pcapng.link.text, name) != 0) {
        return sink;
    }
    if (!world->link_taps) {
        world->link_taps = g_ptr_array_new_with_free_func((GDestroyNotify)tap_free);
    }
    LzTap *tap = tap_new(world, name, direction == LZ_UP, sink);
    g_ptr_array_add(world->link_taps, tap);
    return &tap->base;
}
