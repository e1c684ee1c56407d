/* Closed form of DCF at saturation: G. Bianchi, "Performance analysis of the IEEE 802.11 distributed coordination
 * function", IEEE JSAC 18(3), 2000. */
#ifndef TESTS_LIB_BIANCHI_H
#define TESTS_LIB_BIANCHI_H

typedef struct Bianchi {
    double tau, p;              /* a station sends in a slot; and collides if it does */
} Bianchi;

/* stations >= 2; window: CWmin + 1; stages: doublings up to CWmax. */
Bianchi bianchi_solve(unsigned stations, unsigned window, unsigned stages);
/* Bits of payload per microsecond. All in microseconds and bits. */
double bianchi_throughput(unsigned stations, Bianchi point, double payload_bits, double slot, double success, double collision);

#endif
