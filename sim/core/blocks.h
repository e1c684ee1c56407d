/* Memory for what a world has thousands of and visits in no order: hosts, the ports of links, connections. It lies on
 * the machine's large pages, where there are such, so that an address costs no walk through tables of small ones. */
#ifndef SIM_CORE_BLOCKS_H
#define SIM_CORE_BLOCKS_H

#include <stddef.h>

#define LZ_BLOCK_ALIGNMENT 64u          /* a line of the cache */

/* Zeros; never NULL. On any thread. */
void *lz_block_new0(size_t bytes);
/* bytes: as it was made. Accepts NULL. */
void lz_block_free(void *block, size_t bytes);

#endif
