#include "MeasureKernels.h"

/* k is walked in slices whose packed panel of B stays in the first-level cache. */
enum { SLICE = 256, MOST_ROWS = 8, MOST_COLUMNS = 16 };

size_t mk_gemm_scratch(size_t m) { return (m + MOST_ROWS + MOST_COLUMNS) * SLICE; }

/* panel[l * width + i] = source[i * step + l * depth_step], zero beyond `used`. */
static inline __attribute__((always_inline)) void pack(double *panel, const double *source, size_t width, size_t used,
                                                       size_t depth, size_t step, size_t depth_step) {
    for (size_t l = 0; l < depth; l++) {
        for (size_t i = 0; i < width; i++) {
            panel[l * width + i] = i < used ? source[i * step + l * depth_step] : 0.0;
        }
    }
}

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

#define VARIANT(name) name##_avx512
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl")))
#define ROWS 8
#define COLUMNS 16
#include "gemm.inc"

#define VARIANT(name) name##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define COLUMNS 8
#include "gemm.inc"

#define VARIANT(name) name##_plain
#define TARGET
#define ROWS 4
#define COLUMNS 8
#include "gemm.inc"

void mk_gemm_baseline(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b,
                      size_t b_row, size_t b_col, double *c, size_t c_row, double *scratch) {
    gemm_plain(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
}

void mk_gemm_middle(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b,
                    size_t b_row, size_t b_col, double *c, size_t c_row, double *scratch) {
    if (mk_cpu_runs_blas()) {
        gemm_avx2(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
    } else {
        gemm_plain(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
    }
}

void mk_gemm(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b, size_t b_row,
             size_t b_col, double *c, size_t c_row, double *scratch) {
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
    if (wide) {
        gemm_avx512(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
    } else {
        mk_gemm_middle(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
    }
}

double mk_squared_distance(const float *x, const float *y, size_t n) {
    enum { SUMS = 16 };
    double sums[SUMS] = {0.0};
    size_t i = 0;
    for (; i + SUMS <= n; i += SUMS) {
        for (size_t j = 0; j < SUMS; j++) {
            const double difference = (double)x[i + j] - (double)y[i + j];
            sums[j] += difference * difference;
        }
    }
    for (size_t j = 0; i + j < n; j++) {
        const double difference = (double)x[i + j] - (double)y[i + j];
        sums[j] += difference * difference;
    }
    double sum = 0.0;
    for (size_t j = 0; j < SUMS; j++) sum += sums[j];
    return sum;
}
