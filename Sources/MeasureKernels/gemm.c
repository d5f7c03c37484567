#include "MeasureKernels.h"

/* A tile of C is 4 x 8 in registers; k is walked in slices whose packed panel of B stays in the first-level cache. */
enum { TILE_ROWS = 4, TILE_COLUMNS = 8, SLICE = 256 };

typedef double lanes __attribute__((vector_size(TILE_COLUMNS * sizeof(double)), aligned(8)));

size_t mk_gemm_scratch(size_t m) {
    size_t rows = (m + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    return (rows + TILE_COLUMNS) * SLICE;
}

/* panel[l * width + i] = source[i * step + l * depth_step], zero beyond `used`. */
static inline void pack(double *panel, const double *source, size_t width, size_t used, size_t depth, size_t step,
                        size_t depth_step) {
    for (size_t l = 0; l < depth; l++) {
        for (size_t i = 0; i < width; i++) {
            panel[l * width + i] = i < used ? source[i * step + l * depth_step] : 0.0;
        }
    }
}

static inline __attribute__((always_inline)) void tile(size_t depth, const double *a, const double *b, double *c,
                                                       size_t c_row, size_t rows, size_t columns) {
    lanes sum[TILE_ROWS] = {0};
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) sum[i][j] = c[i * c_row + j];
    }
    for (size_t l = 0; l < depth; l++) {
        lanes right = *(const lanes *)(b + l * TILE_COLUMNS);
        for (size_t i = 0; i < TILE_ROWS; i++) sum[i] += a[l * TILE_ROWS + i] * right;
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) c[i * c_row + j] = sum[i][j];
    }
}

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

static inline __attribute__((always_inline)) void gemm(size_t m, size_t n, size_t k, const double *a, size_t a_row,
                                                       size_t a_col, const double *b, size_t b_row, size_t b_col,
                                                       double *c, size_t c_row, double *scratch) {
    double *b_panel = scratch;
    double *a_panels = scratch + TILE_COLUMNS * SLICE;
    for (size_t start = 0; start < k; start += SLICE) {
        size_t depth = least(SLICE, k - start);
        for (size_t i = 0; i < m; i += TILE_ROWS) {
            pack(a_panels + i * SLICE, a + i * a_row + start * a_col, TILE_ROWS, least(TILE_ROWS, m - i), depth, a_row,
                 a_col);
        }
        for (size_t j = 0; j < n; j += TILE_COLUMNS) {
            size_t columns = least(TILE_COLUMNS, n - j);
            pack(b_panel, b + j * b_col + start * b_row, TILE_COLUMNS, columns, depth, b_col, b_row);
            for (size_t i = 0; i < m; i += TILE_ROWS) {
                tile(depth, a_panels + i * SLICE, b_panel, c + i * c_row + j, c_row, least(TILE_ROWS, m - i), columns);
            }
        }
    }
}

void mk_gemm_baseline(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b,
                      size_t b_row, size_t b_col, double *c, size_t c_row, double *scratch) {
    gemm(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
}

__attribute__((target("avx2"))) static void gemm_avx2(size_t m, size_t n, size_t k, const double *a, size_t a_row,
                                                      size_t a_col, const double *b, size_t b_row, size_t b_col,
                                                      double *c, size_t c_row, double *scratch) {
    gemm(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
}

void mk_gemm(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b, size_t b_row,
             size_t b_col, double *c, size_t c_row, double *scratch) {
    if (__builtin_cpu_supports("avx2")) {
        gemm_avx2(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
    } else {
        mk_gemm_baseline(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, scratch);
    }
}

double mk_squared_distance(const float *x, const float *y, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        double difference = (double)x[i] - (double)y[i];
        sum += difference * difference;
    }
    return sum;
}
