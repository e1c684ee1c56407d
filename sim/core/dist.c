/* Drawing from a delay distribution. */
#include <glib.h>

#include "lazaret/param.h"
#include "lazaret/random.h"

LzTime lz_dist_draw(const LzDist *dist, LzRandom *random)
{
    switch (dist->kind) {
    case LZ_DIST_CONSTANT:
        return dist->a_ns;
    case LZ_DIST_UNIFORM:
        return dist->a_ns + (LzTime)lz_random_below(random, (uint64_t)(dist->b_ns - dist->a_ns) + 1);
    case LZ_DIST_EXPONENTIAL:
        return lz_random_exponential(random, dist->a_ns);
    case LZ_DIST_LOGNORMAL:
        return lz_random_lognormal(random, dist->a_ns, dist->b_ns);
    }
    g_assert_not_reached();
}
