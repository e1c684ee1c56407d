/* Who has which address: the names by which a defence's rules speak of hosts. A host belongs to its segment and to
 * the fleet, service or attack that it is of. Made while the world is built; whole from the first event on, though a host may
 * come to another segment. */
#ifndef LAZARET_ADDRESSES_H
#define LAZARET_ADDRESSES_H

#include "lazaret/packet.h"

typedef struct LzAddressBook LzAddressBook;
typedef uint16_t LzGroup;
#define LZ_GROUP_NONE 0                 /* of an address that nobody has, and of a host in no segment */

/* The group of that name, or LZ_GROUP_NONE. */
LzGroup lz_address_book_group(const LzAddressBook *book, const char *name);
LzGroup lz_address_book_segment(const LzAddressBook *book, LzAddress address);
bool lz_address_book_has(const LzAddressBook *book, LzGroup group, LzAddress address);

#endif
