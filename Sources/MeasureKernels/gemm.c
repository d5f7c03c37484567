#include <stdint.h>

#include "MeasureKernels.h"

/* A and B are packed into panels as wide as a tile and DEPTH_BYTES deep along k: the deeper, the more rarely C is read and
   written. The panels of A for TALL rows fill about the second-level cache; those of B for WIDE columns are in the third. */
enum { RUN = MK_RUN, DEPTH_BYTES = 8192, TALL = 192, WIDE = 3072, LINE = 64, MOST_ROWS = 12, MOST_COLUMNS = 32 };

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void *whole_lines(void *scratch) { return (void *)(((uintptr_t)scratch + LINE - 1) / LINE * LINE); }

size_t mk_gemm_scratch(size_t m, size_t n, size_t k) {
    const size_t rows = least(m, TALL) + MOST_ROWS;
    const size_t columns = (m > TALL ? least(n, WIDE) : 0) + MOST_COLUMNS;
    return LINE + rows * MOST_COLUMNS * sizeof(double) + (rows + columns) * least(k * sizeof(double), DEPTH_BYTES);
}

#define KIND(name) name##_avx512
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl")))
#define ROWS 12
#define BYTES 128
#include "gemm_pair.inc"

#define KIND(name) name##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define BYTES 64
#include "gemm_pair.inc"

#define KIND(name) name##_plain
#define TARGET
#define ROWS 4
#define BYTES 32
#include "gemm_pair.inc"

enum kind { PLAIN, AVX2, AVX512 };

static enum kind widest(void) { return mk_cpu_has_avx512() ? AVX512 : mk_cpu_runs_blas() ? AVX2 : PLAIN; }

#define PRODUCT(function, NUMBER, name)                                                                            \
    static void name##_by(enum kind kind, size_t m, size_t n, size_t k, const NUMBER *a, size_t a_row,             \
                          size_t a_col, const NUMBER *b, size_t b_row, size_t b_col, double *c, size_t c_row,      \
                          bool upper, void *scratch) {                                                             \
        if (kind == AVX512) {                                                                                      \
            gemm_##name##_avx512(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, upper, scratch);             \
        } else if (kind == AVX2) {                                                                                 \
            gemm_##name##_avx2(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, upper, scratch);               \
        } else {                                                                                                   \
            gemm_##name##_plain(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, upper, scratch);              \
        }                                                                                                          \
    }                                                                                                              \
    void function(size_t m, size_t n, size_t k, const NUMBER *a, size_t a_row, size_t a_col, const NUMBER *b,      \
                  size_t b_row, size_t b_col, double *c, size_t c_row, bool upper, void *scratch) {                \
        name##_by(widest(), m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, upper, scratch);                  \
    }                                                                                                              \
    void function##_middle(size_t m, size_t n, size_t k, const NUMBER *a, size_t a_row, size_t a_col,              \
                           const NUMBER *b, size_t b_row, size_t b_col, double *c, size_t c_row, bool upper,       \
                           void *scratch) {                                                                        \
        const enum kind kind = mk_cpu_runs_blas() ? AVX2 : PLAIN;                                                  \
        name##_by(kind, m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, upper, scratch);                      \
    }                                                                                                              \
    void function##_baseline(size_t m, size_t n, size_t k, const NUMBER *a, size_t a_row, size_t a_col,            \
                             const NUMBER *b, size_t b_row, size_t b_col, double *c, size_t c_row, bool upper,     \
                             void *scratch) {                                                                      \
        name##_by(PLAIN, m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, upper, scratch);                     \
    }

PRODUCT(mk_gemm, double, double)
PRODUCT(mk_gemm_single, float, single)
