/* Record buffers that no endpoint has at the moment. An open connection needs its pair only while a record passes through
 * it, so those of a whole run share a few, which also stay in the processor's cache. Only inside sim/tls. */
#ifndef SIM_TLS_SPARE_BUFFERS_H
#define SIM_TLS_SPARE_BUFFERS_H

#include <mbedtls/lazaret_inside.h>

typedef struct LzSpareBuffers LzSpareBuffers;   /* its functions may be called on any thread */

LzSpareBuffers *lz_spare_buffers_new(void);
void lz_spare_buffers_free(LzSpareBuffers *spare);

LzInsideBuffers lz_spare_buffers_take(LzSpareBuffers *spare);           /* made when there is none */
void lz_spare_buffers_give(LzSpareBuffers *spare, LzInsideBuffers buffers);     /* freed when there are many */

#endif
