/* Arithmetic on images whose results are the same bits everywhere: integers, and + - x on doubles in fixed order. */
#ifndef EIGENSWEEP_IMAGE_KERNELS_H
#define EIGENSWEEP_IMAGE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* z <- inverse DFT(filter . DFT(z)) along both axes of the complex plane z[rows][columns], given as real and
   imaginary part. `filter` is real. The tables hold cos and sin of 2 pi k / n for k < n, one pair per axis.
   scratch: 4 * rows * columns doubles. Radix 2 down to odd factors, which are summed directly. */
void es_filter_plane(
    double *real, double *imaginary, const double *filter, int rows, int columns, const double *row_cos,
    const double *row_sin, const double *column_cos, const double *column_sin, double *scratch);

/* Area average of the side x side square at (left, top) of an interleaved RGB image to size x size <= side x side bytes.
   The image has `stride` pixels per row and 1 or 2 bytes per sample, the latter in the machine's order. The result is
   planar colour for out_channels 3, the mean of the three channels for 1. Each value is the exact rational average,
   rounded once, half up. scratch: 3 * size * side words. */
void es_area_average(
    uint8_t *out, const void *rgb, int bytes_per_sample, int stride, int left, int top, int side, int size,
    int out_channels, uint64_t *scratch);

/* The same square interpolated linearly between pixel centres, to size x size > side x side. Beyond the outermost centres
   the nearest centre's value holds. Values are exact and rounded as by es_area_average. */
void es_enlarge(
    uint8_t *out, const void *rgb, int bytes_per_sample, int stride, int left, int top, int side, int size,
    int out_channels);

/* alike[c] = 1 for each row c of `block` whose inner product with some of the `count` rows is beyond +-threshold. Rows
   have `size` floats, a multiple of 8, summed in eight lanes that are added in pairs. */
void es_mark_alike(
    const float *rows, size_t count, const float *block, size_t candidates, size_t size, float threshold,
    uint8_t *alike);

#endif
