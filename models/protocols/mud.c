#include "lazaret/protocol/mud.h"

#include <glib.h>
#include <jansson.h>

#include "lazaret/packet.h"

#define FILE_BYTES_MAX 65536u

static const json_t *member(const json_t *object, const char *name)
{
    return json_is_object(object) ? json_object_get(object, name) : NULL;
}

static bool is_word(const json_t *value, const char *word)
{
    return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

/* Names of members other than these three: a match that we do not know must not be left out. */
static bool has_only(const json_t *object, const char *a, const char *b, const char *c)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        if (strcmp(name, a) != 0 && strcmp(name, b) != 0 && strcmp(name, c) != 0) {
            return false;
        }
    }
    return true;
}

static bool read_ipv4(const json_t *ipv4, LzMudEntry *entry)
{
    const json_t *name = member(ipv4, "ietf-acldns:dst-dnsname"), *protocol = member(ipv4, "protocol");
    if (!json_is_string(name) || !json_is_integer(protocol) || !has_only(ipv4, "ietf-acldns:dst-dnsname", "protocol", "protocol") ||
        json_string_length(name) >= LZ_MUD_NAME_BYTES) {
        return false;
    }
    json_int_t number = json_integer_value(protocol);
    g_strlcpy(entry->host, json_string_value(name), sizeof entry->host);
    entry->protocol = (uint8_t)number;
    return number == LZ_IP_TCP || number == LZ_IP_UDP;
}

static bool read_port(const json_t *transport, LzMudEntry *entry)
{
    const json_t *range = member(transport, "destination-port"), *port = member(range, "port");
    const json_t *direction = member(transport, "ietf-mud:direction-initiated");
    bool is_known = transport == NULL || (has_only(transport, "destination-port", "ietf-mud:direction-initiated", "") &&
                                          (direction == NULL || is_word(direction, "from-device")));
    if (!is_known || (range != NULL && (!is_word(member(range, "operator"), "eq") || !json_is_integer(port)))) {
        return false;
    }
    json_int_t number = port ? json_integer_value(port) : 0;
    entry->port = (uint16_t)number;
    return number >= 0 && number <= UINT16_MAX;
}

static bool read_entry(const json_t *ace, LzMudEntry *entry)
{
    const json_t *matches = member(ace, "matches");
    return json_is_object(matches) && has_only(matches, "ipv4", "tcp", "udp") && read_ipv4(member(matches, "ipv4"), entry) &&
           is_word(member(member(ace, "actions"), "forwarding"), "accept") &&
           read_port(member(matches, entry->protocol == LZ_IP_TCP ? "tcp" : "udp"), entry);
}

static const json_t *find_list(const json_t *root, const char *name)
{
    const json_t *lists = member(member(root, "ietf-access-control-list:acls"), "acl");
    for (size_t i = 0; i < json_array_size(lists); i++) {
        const json_t *list = json_array_get(lists, i);
        if (is_word(member(list, "name"), name) && is_word(member(list, "type"), "ipv4-acl-type")) {
            return member(member(list, "aces"), "ace");
        }
    }
    return NULL;
}

/* The entries of every list that the device's own policy names. */
static int read_policy(const json_t *root, LzMudEntry *ret_entries)
{
    const json_t *mud = member(root, "ietf-mud:mud");
    const json_t *names = member(member(member(mud, "from-device-policy"), "access-lists"), "access-list");
    const json_t *version = member(mud, "mud-version");
    if (!json_is_integer(version) || json_integer_value(version) != 1 || !json_is_array(names)) {
        return -1;
    }
    int count = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *name = member(json_array_get(names, i), "name");
        const json_t *entries = json_is_string(name) ? find_list(root, json_string_value(name)) : NULL;
        if (!json_is_array(entries) || json_array_size(entries) > LZ_MUD_ENTRIES_MAX - (size_t)count) {
            return -1;
        }
        for (size_t n = 0; n < json_array_size(entries); n++) {
            if (!read_entry(json_array_get(entries, n), &ret_entries[count++])) {
                return -1;
            }
        }
    }
    return count;
}

int lz_mud_decode(LzBytes json, LzMudEntry *ret_entries)
{
    if (json.size == 0 || json.size > FILE_BYTES_MAX) {
        return -1;
    }
    json_t *root = json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, NULL);
    int count = root ? read_policy(root, ret_entries) : -1;
    json_decref(root);
    return count;
}
