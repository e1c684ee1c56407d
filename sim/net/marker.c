#include "sim/net/marker.h"

#include "lazaret/dscp.h"

static bool is_among(const LzMarkHosts *hosts, const LzAddressBook *addresses, LzAddress address)
{
    if (hosts->group != LZ_GROUP_NONE) {
        return lz_address_book_has(addresses, hosts->group, address);
    }
    for (unsigned i = 0; i < hosts->count; i++) {
        if (address >= hosts->items[i].first && address <= hosts->items[i].last) {
            return true;
        }
    }
    return hosts->count == 0;
}

static bool holds(const LzMarkRule *rule, const LzAddressBook *addresses, const LzPacket *packet)
{
    return rule->dscp_set >> packet->dscp & 1 && rule->pcp_set >> lz_packet_pcp(packet) & 1 &&
           (rule->protocol == 0 || rule->protocol == packet->protocol) &&
           (rule->port == 0 || rule->port == packet->source_port || rule->port == packet->destination_port) &&
           is_among(&rule->sources, addresses, packet->source) &&
           is_among(&rule->destinations, addresses, packet->destination);
}

static void mark(LzPacket *packet, uint8_t dscp)
{
    packet->dscp = dscp;
    packet->tag = lz_dscp_to_pcp(dscp) + 1;
}

static void mark_by_trust(LzPacket *packet, const LzMarking *marking)
{
    switch (marking->trust) {
    case LZ_TRUST_ALL:
        return;
    case LZ_TRUST_DSCP:
        mark(packet, packet->dscp);
        return;
    case LZ_TRUST_PCP:
        packet->tag = packet->tag > 0 ? packet->tag : 1;
        packet->dscp = lz_dscp_of_pcp(packet->tag - 1);
        return;
    case LZ_TRUST_NONE:
        mark(packet, marking->otherwise);
        return;
    }
}

static void marker_receive(LzElement *element, LzPacket *packet)
{
    const LzMarker *marker = (const LzMarker *)element;
    const LzMarking *marking = marker->marking;
    unsigned i = 0;
    while (i < marking->rule_count && !holds(&marking->rules[i], marking->addresses, packet)) {
        i++;
    }
    if (i < marking->rule_count) {
        mark(packet, marking->rules[i].mark);
    } else {
        mark_by_trust(packet, marking);
    }
    lz_element_receive(marker->base.next, packet);
}

static const LzElementOps marker_ops = {.receive = marker_receive};

void lz_marker_init(LzMarker *marker, const LzMarking *marking, LzElement *next)
{
    *marker = (LzMarker){.base = {.ops = &marker_ops, .next = next}, .marking = marking};
}

static void tagger_receive(LzElement *element, LzPacket *packet)
{
    const LzTagger *tagger = (const LzTagger *)element;
    packet->tag = tagger->pcp + 1;
    packet->is_tagged = true;
    lz_element_receive(tagger->base.next, packet);
}

static const LzElementOps tagger_ops = {.receive = tagger_receive};

void lz_tagger_init(LzTagger *tagger, uint8_t pcp, LzElement *next)
{
    *tagger = (LzTagger){.base = {.ops = &tagger_ops, .next = next}, .pcp = pcp};
}
