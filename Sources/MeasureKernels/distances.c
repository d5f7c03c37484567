#include "MeasureKernels.h"

enum { SUMS = 16 };
typedef float singles __attribute__((vector_size(SUMS * sizeof(float)), aligned(sizeof(float))));
typedef double doubles __attribute__((vector_size(SUMS * sizeof(double)), aligned(sizeof(double))));

static inline __attribute__((always_inline)) double squared_distance(const float *x, const float *y, size_t n) {
    doubles sums = {0.0};
    size_t i = 0;
    for (; i + SUMS <= n; i += SUMS) {
        const doubles difference = __builtin_convertvector(*(const singles *)(x + i), doubles) -
                                   __builtin_convertvector(*(const singles *)(y + i), doubles);
        sums += difference * difference;
    }
    for (size_t j = 0; i + j < n; j++) {
        const double difference = (double)x[i + j] - (double)y[i + j];
        sums[j] += difference * difference;
    }
    double sum = 0.0;
    for (size_t j = 0; j < SUMS; j++) sum += sums[j];
    return sum;
}

__attribute__((target("avx512f,avx512dq,avx512vl"))) static double by_avx512(const float *x, const float *y, size_t n) {
    return squared_distance(x, y, n);
}

__attribute__((target("avx2"))) static double by_avx2(const float *x, const float *y, size_t n) {
    return squared_distance(x, y, n);
}

double mk_squared_distance(const float *x, const float *y, size_t n) {
    if (mk_cpu_has_avx512()) return by_avx512(x, y, n);
    return mk_cpu_runs_blas() ? by_avx2(x, y, n) : squared_distance(x, y, n);
}
