#include "elementary.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/// 2^n for n in [-1022, 1023].
static double power_of_two(int64_t n) { return from_bits((uint64_t)(n + 1023) << 52); }

/// The nearest integer, ties to even, for |x| < 2^51.
static double nearest(double x) {
    const double magic = 0x1.8p52;
    volatile double shifted = x + magic;
    return shifted - magic;
}

// ln 2 in two parts: the first has 32 bits, so that its product with an exponent is exact.
static const double ln2_high = 0x1.62e42feep-1;
static const double ln2_low = 0x1.a39ef35793c76p-33;

double ek_exp(double x) {
    if (x != x) return x;
    if (x > 709.782712893384) return INFINITY;
    if (x < -745.2) return 0;
    const double n = nearest(x * 0x1.71547652b82fep0);
    const double r = (x - n * ln2_high) - n * ln2_low;
    // Taylor series: the first term left out is below 4e-18 for |r| <= ln(2) / 2.
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    const double value = 1.0 + (r + r * r * p);
    const int64_t k = (int64_t)n;
    // 2^k is multiplied in two steps, since k may be 1024, or the result subnormal.
    const int64_t half = k / 2;
    return value * power_of_two(half) * power_of_two(k - half);
}

double ek_log(double x) {
    if (x != x || x == INFINITY) return x;
    if (x == 0) return -INFINITY;
    if (x < 0) return NAN;
    int64_t k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    uint64_t bits = to_bits(x);
    k += (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
    double m = from_bits(bits);
    if (m > 0x1.6a09e667f3bcdp0) {
        m *= 0.5;
        k += 1;
    }
    // ln m = 2 artanh(s), |s| <= 0.1716: the first term left out is below 3e-18 of the sum.
    const double f = m - 1.0;
    const double s = f / (2.0 + f);
    const double z = s * s;
    double p = 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    // 2s = f - s f keeps the leading digits in f, which is exact.
    const double rest = s * (2.0 * z * p - f);
    const double e = (double)k;
    return e * ln2_high + (f + (rest + e * ln2_low));
}

// pi / 2 in three parts; the first two have 33 bits, so that products with |n| < 2^20 are exact.
static const double half_pi_1 = 0x1.921fb544p0;
static const double half_pi_2 = 0x1.0b4611a6p-34;
static const double half_pi_3 = 0x1.3198a2e037073p-69;

static double sine_series(double r) {
    const double z = r * r;
    double p = 1.0 / 355687428096000.0;
    p = p * z - 1.0 / 1307674368000.0;
    p = p * z + 1.0 / 6227020800.0;
    p = p * z - 1.0 / 39916800.0;
    p = p * z + 1.0 / 362880.0;
    p = p * z - 1.0 / 5040.0;
    p = p * z + 1.0 / 120.0;
    p = p * z - 1.0 / 6.0;
    return r + r * z * p;
}

static double cosine_series(double r) {
    const double z = r * r;
    double p = -1.0 / 6402373705728000.0;
    p = p * z + 1.0 / 20922789888000.0;
    p = p * z - 1.0 / 87178291200.0;
    p = p * z + 1.0 / 479001600.0;
    p = p * z - 1.0 / 3628800.0;
    p = p * z + 1.0 / 40320.0;
    p = p * z - 1.0 / 720.0;
    p = p * z + 1.0 / 24.0;
    return 1.0 - (0.5 * z - z * z * p);
}

/// sin(x + quarter * pi / 2).
static double sine_of(double x, int64_t quarter) {
    if (!(x > -1e6 && x < 1e6)) return NAN;
    const double n = nearest(x * 0x1.45f306dc9c883p-1);
    const double r = ((x - n * half_pi_1) - n * half_pi_2) - n * half_pi_3;
    const int64_t turn = ((int64_t)n + quarter) & 3;
    const double value = turn & 1 ? cosine_series(r) : sine_series(r);
    return turn & 2 ? -value : value;
}

double ek_sin(double x) { return sine_of(x, 0); }

double ek_cos(double x) { return sine_of(x, 1); }

double ek_pow(double x, double y) { return ek_exp(y * ek_log(x)); }
