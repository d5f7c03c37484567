/* Kernels of the measures. Every result's order of operations is fixed by shapes alone. */
#ifndef EIGENSWEEP_MEASURE_KERNELS_H
#define EIGENSWEEP_MEASURE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* Doubles of scratch that mk_gemm needs for m rows of C. */
size_t mk_gemm_scratch(size_t m);

/* C[m,n] += A[m,k] B[k,n]. Element (i, l) of A stands at a[i * a_row + l * a_col], B likewise; rows of C are c_row
   apart, its columns adjacent. Each element of C adds its k products in ascending order, each by one fused multiply-add,
   so the result equals the plain triple loop to the bit on every CPU. C aliases nothing. */
void mk_gemm(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b, size_t b_row,
             size_t b_col, double *c, size_t c_row, double *scratch);

/* The same without AVX-512, and without vector instructions beyond SSE2: for CPUs without them, and for tests. */
void mk_gemm_middle(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b,
                    size_t b_row, size_t b_col, double *c, size_t c_row, double *scratch);
void mk_gemm_baseline(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b,
                      size_t b_row, size_t b_col, double *c, size_t c_row, double *scratch);

/* The sum of (x[i] - y[i])^2 in float64: every sixteenth in ascending order, then these sixteen sums. */
double mk_squared_distance(const float *x, const float *y, size_t n);

/* Whether this CPU runs the pinned OpenBLAS kernels (AVX2 and FMA). */
bool mk_cpu_runs_blas(void);

#endif
