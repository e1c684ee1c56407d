/* The making of a MUD book; what models may ask of it is in lazaret/mud_book.h. */
#ifndef SIM_NET_MUD_BOOK_H
#define SIM_NET_MUD_BOOK_H

#include "lazaret/mud_book.h"

LzMudBook *lz_mud_book_new(void);
void lz_mud_book_free(LzMudBook *book);                 /* accepts NULL */
/* Instead of what was said of that address; count 0: it may begin nothing. Copied. */
void lz_mud_book_set(LzMudBook *book, LzAddress device, const LzMudRule *rules, unsigned count);
void lz_mud_book_forget(LzMudBook *book, LzAddress device);

#endif
