/* Who has which address, by direct index. */
#include "sim/net/address_book.h"

#include <glib.h>
#include <string.h>

typedef struct Entry {
    LzGroup segment, owner;
} Entry;

struct LzAddressBook {
    LzAddress base;
    uint32_t count;
    Entry *entries;
    GPtrArray *names;           /* const char *: of group i + 1 */
    GArray *vlans;              /* uint16_t: of group i, as far as any was set */
};

LzAddressBook *lz_address_book_new(LzAddress base, uint32_t addresses)
{
    LzAddressBook *book = g_new0(LzAddressBook, 1);
    book->base = base;
    book->count = addresses;
    book->entries = g_new0(Entry, addresses);
    book->names = g_ptr_array_new();
    book->vlans = g_array_new(FALSE, TRUE, sizeof(uint16_t));
    return book;
}

void lz_address_book_free(LzAddressBook *book)
{
    if (!book) {
        return;
    }
    g_ptr_array_unref(book->names);
    g_array_unref(book->vlans);
    g_free(book->entries);
    g_free(book);
}

LzGroup lz_address_book_add_group(LzAddressBook *book, const char *name)
{
    g_assert(book->names->len < LZ_GROUPS_MAX);
    g_ptr_array_add(book->names, (gpointer)(uintptr_t)name);
    return (LzGroup)book->names->len;
}

void lz_address_book_set_vlan(LzAddressBook *book, LzGroup segment, uint16_t vlan)
{
    g_array_set_size(book->vlans, MAX(book->vlans->len, segment + 1u));
    g_array_index(book->vlans, uint16_t, segment) = vlan;
}

uint16_t lz_address_book_vlan(const LzAddressBook *book, LzAddress address)
{
    const LzGroup segment = lz_address_book_segment(book, address);
    return segment < book->vlans->len ? g_array_index(book->vlans, uint16_t, segment) : 0;
}

void lz_address_book_add(LzAddressBook *book, LzAddress address, LzGroup segment, LzGroup owner)
{
    g_assert(address - book->base < book->count);
    book->entries[address - book->base] = (Entry){segment, owner};
}

void lz_address_book_move(LzAddressBook *book, LzAddress address, LzGroup segment)
{
    g_assert(address - book->base < book->count);
    book->entries[address - book->base].segment = segment;
}

LzGroup lz_address_book_group(const LzAddressBook *book, const char *name)
{
    for (guint i = 0; i < book->names->len; i++) {
        if (strcmp(book->names->pdata[i], name) == 0) {
            return (LzGroup)(i + 1);
        }
    }
    return LZ_GROUP_NONE;
}

LzGroup lz_address_book_segment(const LzAddressBook *book, LzAddress address)
{
    return address - book->base < book->count ? book->entries[address - book->base].segment : LZ_GROUP_NONE;
}

bool lz_address_book_has(const LzAddressBook *book, LzGroup group, LzAddress address)
{
    if (address - book->base >= book->count) {
        return false;
    }
    const Entry *entry = &book->entries[address - book->base];
    return entry->segment == group || entry->owner == group;
}
