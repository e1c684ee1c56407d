/* The making of an address book; what models may ask of it is in lazaret/addresses.h. */
#ifndef SIM_NET_ADDRESS_BOOK_H
#define SIM_NET_ADDRESS_BOOK_H

#include "lazaret/addresses.h"

#define LZ_GROUPS_MAX 65535

/* For addresses from base on. */
LzAddressBook *lz_address_book_new(LzAddress base, uint32_t addresses);
void lz_address_book_free(LzAddressBook *book);         /* accepts NULL */
/* A new group; its name is borrowed. */
LzGroup lz_address_book_add_group(LzAddressBook *book, const char *name);
/* IEEE 802.1Q identifier of a group that is a segment. */
void lz_address_book_set_vlan(LzAddressBook *book, LzGroup segment, uint16_t vlan);
/* That of the segment that the address is in; 0 when it is in none. */
uint16_t lz_address_book_vlan(const LzAddressBook *book, LzAddress address);
void lz_address_book_add(LzAddressBook *book, LzAddress address, LzGroup segment, LzGroup owner);
void lz_address_book_move(LzAddressBook *book, LzAddress address, LzGroup segment);     /* into another segment */

#endif
