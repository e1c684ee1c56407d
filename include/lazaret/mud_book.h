/* What devices may begin by themselves, as their manufacturers' descriptions (RFC 8520) say, address by address. */
#ifndef LAZARET_MUD_BOOK_H
#define LAZARET_MUD_BOOK_H

#include "lazaret/packet.h"

typedef struct LzMudBook LzMudBook;

typedef struct LzMudRule {
    LzAddress to;
    uint16_t port;                      /* 0: any */
    uint8_t protocol;                   /* LZ_IP_* */
} LzMudRule;

/* Borrowed until they change; NULL: nothing is said of that address. */
const LzMudRule *lz_mud_book_rules(const LzMudBook *book, LzAddress device, unsigned *ret_count);

#endif
