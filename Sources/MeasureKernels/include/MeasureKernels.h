/* Kernels of the measures. Shapes alone fix the order of operations of every result. */
#ifndef EIGENSWEEP_MEASURE_KERNELS_H
#define EIGENSWEEP_MEASURE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of scratch that a product of these shapes needs. */
size_t mk_gemm_scratch(size_t m, size_t n, size_t k);

/* C[m,n] += A[m,k] B[k,n]. Element (i, l) of A stands at a[i * a_row + l * a_col], B likewise; rows of C are c_row
   apart, its columns adjacent. Each element of C adds its k products in ascending order, each by one fused multiply-add,
   so the result equals the plain triple loop to the bit on every CPU. With `upper`, elements below the diagonal get a
   part of it or nothing. C aliases nothing. */
void mk_gemm(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b, size_t b_row,
             size_t b_col, double *c, size_t c_row, bool upper, void *scratch);

/* The number of products that are added in float32 before C adds their sum. */
enum { MK_RUN = 128 };

/* The same for float32 A and B: each run of MK_RUN products is added in ascending order from 0, each by one fused
   multiply-add in float32, and C adds the runs' sums in ascending order in float64. About twice as fast. */
void mk_gemm_single(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_col, const float *b,
                    size_t b_row, size_t b_col, double *c, size_t c_row, bool upper, void *scratch);

/* The same by the variants for CPUs without AVX-512 (`_middle`) and for any CPU (`_baseline`), for tests. */
void mk_gemm_middle(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b,
                    size_t b_row, size_t b_col, double *c, size_t c_row, bool upper, void *scratch);
void mk_gemm_baseline(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_col, const double *b,
                      size_t b_row, size_t b_col, double *c, size_t c_row, bool upper, void *scratch);
void mk_gemm_single_middle(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_col, const float *b,
                           size_t b_row, size_t b_col, double *c, size_t c_row, bool upper, void *scratch);
void mk_gemm_single_baseline(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_col, const float *b,
                             size_t b_row, size_t b_col, double *c, size_t c_row, bool upper, void *scratch);

/* The sum of (x[i] - y[i])^2 in float64: sixteen sums, each of every sixteenth term in ascending order, then their sum. */
double mk_squared_distance(const float *x, const float *y, size_t n);

/* Whether the system gives this process the memory in which OpenBLAS works. Where it does not, OpenBLAS asks for ever. */
bool mk_memory_runs_blas(void);

/* Whether this CPU runs the pinned OpenBLAS kernels (AVX2 and FMA). */
bool mk_cpu_runs_blas(void);

/* Whether this CPU runs the kernels for AVX-512. */
bool mk_cpu_has_avx512(void);

#endif
