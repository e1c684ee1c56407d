/* A ledger of the packets inside a link, by id. */
#include "sim/net/check_link.h"

typedef struct Entry {                  /* begins with its key */
    guint64 id;
    uint16_t bytes;
    uint8_t class_selector, direction;
} Entry;

struct LzLinkCheck {
    LzLaws *laws;
    const char *link;
    LzQueueCheck queue;
    GHashTable *inside;                 /* Entry by id; only looked up */
    LzClassAccount accounts[2][LZ_LINK_CLASSES];
};

LzLinkCheck *lz_link_check_new(LzLaws *laws, const char *link, const LzChoice *queue)
{
    LzLinkCheck *check = g_new0(LzLinkCheck, 1);
    check->laws = laws;
    check->link = link;
    lz_queue_check_init(&check->queue, laws, link, queue);
    check->inside = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return check;
}

void lz_link_check_free(LzLinkCheck *check)
{
    if (check) {
        g_hash_table_unref(check->inside);
        g_free(check);
    }
}

static unsigned class_of(const LzPacket *packet)
{
    return packet->dscp >> 3 & (LZ_LINK_CLASSES - 1);
}

void lz_link_check_offered(LzLinkCheck *check, LzDirection direction, const LzPacket *packet)
{
    Entry *entry = g_new(Entry, 1);
    *entry = (Entry){packet->id, packet->wire_bytes, (uint8_t)class_of(packet), (uint8_t)direction};
    LzClassAccount *account = &check->accounts[direction][entry->class_selector];
    account->in_packets++;
    account->in_bytes += entry->bytes;
    if (!g_hash_table_add(check->inside, entry)) {
        lz_law_broken(check->laws, "link %s: packet %" G_GUINT64_FORMAT " came in while it was inside", check->link, packet->id);
    }
}

/* A queue may re-mark what it polices: the class at the way in is the one that counts. */
void lz_link_check_left(LzLinkCheck *check, LzDirection direction, const LzPacket *packet, bool is_delivered)
{
    const guint64 id = packet->id;
    const Entry *entry = g_hash_table_lookup(check->inside, &id);
    if (!entry || entry->direction != direction) {
        lz_law_broken(check->laws, "link %s: packet %" G_GUINT64_FORMAT " left and had not come in", check->link, id);
        return;
    }
    if (entry->bytes != packet->wire_bytes) {
        lz_law_broken(check->laws, "link %s: packet %" G_GUINT64_FORMAT " came in with %u bytes and left with %u", check->link, id,
                      entry->bytes, packet->wire_bytes);
    }
    LzClassAccount *account = &check->accounts[direction][entry->class_selector];
    *(is_delivered ? &account->out_packets : &account->dropped_packets) += 1;
    *(is_delivered ? &account->out_bytes : &account->dropped_bytes) += entry->bytes;
    g_hash_table_remove(check->inside, &id);
}

const LzQueueCheck *lz_link_check_queue(const LzLinkCheck *check)
{
    return &check->queue;
}

LzLaws *lz_link_check_laws(const LzLinkCheck *check)
{
    return check->laws;
}

void lz_link_check_balance(LzLinkCheck *check, LzDirection direction, const LzInside *inside)
{
    uint64_t packets = 0, bytes = 0;
    for (unsigned i = 0; i < LZ_LINK_CLASSES; i++) {
        const LzClassAccount *account = &check->accounts[direction][i];
        packets += account->in_packets - account->out_packets - account->dropped_packets;
        bytes += account->in_bytes - account->out_bytes - account->dropped_bytes;
    }
    const char *way = direction == LZ_UP ? "up" : "down";
    uint64_t said_packets = inside->queued_packets + inside->in_flight_packets;
    uint64_t said_bytes = inside->queued_bytes + inside->in_flight_bytes;
    if (packets != said_packets || bytes != said_bytes) {
        lz_law_broken(check->laws, "link %s %s: %" G_GUINT64_FORMAT " packets (%" G_GUINT64_FORMAT " B) are inside, and it says %"
                      G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT " B)", check->link, way, packets, bytes, said_packets, said_bytes);
    }
    if (inside->queued_packets != inside->backlog_packets || inside->queued_bytes != inside->backlog_bytes) {
        lz_law_broken(check->laws, "link %s %s: %" G_GUINT64_FORMAT " packets (%" G_GUINT64_FORMAT " B) were queued, and the queues hold %"
                      G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT " B)", check->link, way, inside->queued_packets, inside->queued_bytes,
                      inside->backlog_packets, inside->backlog_bytes);
    }
}

const LzClassAccount *lz_link_check_account(const LzLinkCheck *check, LzDirection direction, unsigned class_selector)
{
    return &check->accounts[direction][class_selector];
}
