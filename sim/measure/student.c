/* The quantile of Student's t distribution, from the closed form of its distribution function for whole
 * degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4). Only + - * / and the square root, which
 * IEEE 754 rounds exactly: the same bits on every machine. */
#include "sim/measure/expect.h"

#include <math.h>

#define HALVINGS 3                      /* of the angle: the series then converges by 1/50 per term or faster */
#define ARCTAN_TERMS 12
#define PI 3.14159265358979323846

/* x >= 0 */
static double arctan(double x)
{
    for (unsigned i = 0; i < HALVINGS; i++) {
        x /= 1 + sqrt(1 + x * x);
    }
    double sum = 0, power = x;
    for (unsigned i = 0; i < ARCTAN_TERMS; i++) {
        sum += (i % 2 ? -power : power) / (2 * i + 1);
        power *= x * x;
    }
    return sum * (1 << HALVINGS);
}

/* P(|T| <= t) */
static double central_probability(double t, unsigned df)
{
    double sine = t / sqrt(df + t * t), cosine_squared = df / (df + t * t);
    double term = df % 2 ? sqrt(cosine_squared) : 1, sum = df == 1 ? 0 : term;
    for (unsigned k = df % 2 ? 3 : 2; k + 2 <= df; k += 2) {
        term *= cosine_squared * (k - 1) / k;
        sum += term;
    }
    return df % 2 ? 2 / PI * (arctan(t / sqrt(df)) + sine * sum) : sine * sum;
}

double lz_student_t_95(unsigned df)
{
    g_assert(df >= 1);
    double low = 1, high = 13;          /* t falls from 12.7062 for one degree of freedom to 1.9600 */
    for (unsigned i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (central_probability(middle, df) < 0.95) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}
