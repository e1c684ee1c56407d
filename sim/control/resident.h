/* How much memory this process has. For people and for limits of real runs; never steers a world. */
#ifndef SIM_CONTROL_RESIDENT_H
#define SIM_CONTROL_RESIDENT_H

#include <stdint.h>

uint64_t lz_resident_bytes(void);       /* now, where the system tells (Linux); else the most there ever was */
uint64_t lz_resident_peak_bytes(void);  /* the most there ever was */

#endif
