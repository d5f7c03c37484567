#ifndef EIGENSWEEP_ELEMENTARY_H
#define EIGENSWEEP_ELEMENTARY_H

// Elementary functions, computed by + - * / on float64 in a fixed order, so that no bit depends on the CPU or the C library.
// Errors stay below 2 units in the last place.

/// e^x; 0 below -745.2, +inf above 709.8.
double ek_exp(double x);
/// Natural logarithm; -inf at 0, NaN below.
double ek_log(double x);
/// Sine and cosine of radians, for |x| < 1e6; NaN beyond, where the reduction would lose digits.
double ek_sin(double x);
double ek_cos(double x);
/// x^y for x > 0 as e^(y ln x); the error grows with |y ln x|.
double ek_pow(double x, double y);

#endif
