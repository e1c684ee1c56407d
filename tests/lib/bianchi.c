#include "tests/lib/bianchi.h"

#include <math.h>

/* Equation (7): tau of p. */
static double tau_of(double p, unsigned window, unsigned stages)
{
    double sum = 0.0, term = 1.0;
    for (unsigned i = 0; i < stages; i++) {
        sum += term;
        term *= 2 * p;
    }
    return 2 / (1 + window + p * window * sum);
}

/* Equation (9), by bisection: p - (1 - (1 - tau(p))^(n-1)) grows with p. */
Bianchi bianchi_solve(unsigned stations, unsigned window, unsigned stages)
{
    double low = 0.0, high = 1.0;
    for (unsigned i = 0; i < 100; i++) {
        const double p = (low + high) / 2;
        const double implied = 1 - pow(1 - tau_of(p, window, stages), stations - 1);
        *(implied > p ? &low : &high) = p;
    }
    return (Bianchi){tau_of(low, window, stages), low};
}

/* Equation (13). */
double bianchi_throughput(unsigned stations, Bianchi point, double payload_bits, double slot, double success, double collision)
{
    const double idle = pow(1 - point.tau, stations);
    const double alone = stations * point.tau * pow(1 - point.tau, stations - 1);
    return alone * payload_bits / (idle * slot + alone * success + (1 - idle - alone) * collision);
}
