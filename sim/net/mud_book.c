/* What devices may begin. */
#include "sim/net/mud_book.h"

#include <glib.h>

struct LzMudBook {
    GHashTable *devices;                /* address -> GArray of LzMudRule; look-up only */
};

static void rules_free(gpointer rules)
{
    g_array_unref(rules);
}

LzMudBook *lz_mud_book_new(void)
{
    LzMudBook *book = g_new0(LzMudBook, 1);
    book->devices = g_hash_table_new_full(NULL, NULL, NULL, rules_free);
    return book;
}

void lz_mud_book_free(LzMudBook *book)
{
    if (book) {
        g_hash_table_unref(book->devices);
        g_free(book);
    }
}

void lz_mud_book_set(LzMudBook *book, LzAddress device, const LzMudRule *rules, unsigned count)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(LzMudRule));
    if (count > 0) {
        g_array_append_vals(array, rules, count);
    }
    g_hash_table_insert(book->devices, GUINT_TO_POINTER(device), array);
}

void lz_mud_book_forget(LzMudBook *book, LzAddress device)
{
    g_hash_table_remove(book->devices, GUINT_TO_POINTER(device));
}

const LzMudRule *lz_mud_book_rules(const LzMudBook *book, LzAddress device, unsigned *ret_count)
{
    static const LzMudRule none;
    const GArray *rules = g_hash_table_lookup(book->devices, GUINT_TO_POINTER(device));
    *ret_count = rules ? rules->len : 0;
    return !rules ? NULL : rules->len > 0 ? (const LzMudRule *)(const void *)rules->data : &none;
}
