#include "ImageKernels.h"
#include "samples.h"

static inline __attribute__((always_inline)) void area_average(
    uint8_t *out, const void *rgb, int wide, int stride, int left, int top, int side, int size, int out_channels,
    uint64_t *scratch) {
    /* Along an axis, source pixel i covers [i size, (i + 1) size) and result o covers [o side, (o + 1) side): the
       overlaps are whole numbers, and those of one result sum to `side`. First across, then down. */
    const int row = 3 * size;
    for (int y = 0; y < side; y++) {
        uint64_t *sums = scratch + (long)y * row;
        const long source = 3 * ((long)(top + y) * stride + left);
        for (int o = 0; o < size; o++) {
            const long first = (long)o * side, last = first + side;
            uint64_t r = 0, g = 0, b = 0;
            for (long i = first / size; i * size < last; i++) {
                const long low = i * size > first ? i * size : first;
                const long high = (i + 1) * size < last ? (i + 1) * size : last;
                const uint64_t weight = (uint64_t)(high - low);
                r += weight * es_sample(rgb, wide, source + 3 * i);
                g += weight * es_sample(rgb, wide, source + 3 * i + 1);
                b += weight * es_sample(rgb, wide, source + 3 * i + 2);
            }
            sums[3 * o] = r;
            sums[3 * o + 1] = g;
            sums[3 * o + 2] = b;
        }
    }
    const uint64_t area = (uint64_t)side * (uint64_t)side;
    for (int p = 0; p < size; p++) {
        const long first = (long)p * side, last = first + side;
        for (int o = 0; o < size; o++) {
            uint64_t sum[3] = {0, 0, 0};
            for (long i = first / size; i * size < last; i++) {
                const long low = i * size > first ? i * size : first;
                const long high = (i + 1) * size < last ? (i + 1) * size : last;
                const uint64_t weight = (uint64_t)(high - low);
                for (int c = 0; c < 3; c++) sum[c] += weight * scratch[i * row + 3 * o + c];
            }
            if (out_channels == 1) {
                out[p * size + o] = es_level(sum[0] + sum[1] + sum[2], 3 * area, wide);
            } else {
                for (int c = 0; c < 3; c++) out[(c * size + p) * size + o] = es_level(sum[c], area, wide);
            }
        }
    }
}

void es_area_average(
    uint8_t *out, const void *rgb, int bytes_per_sample, int stride, int left, int top, int side, int size,
    int out_channels, uint64_t *scratch) {
    if (bytes_per_sample == 2)
        area_average(out, rgb, 1, stride, left, top, side, size, out_channels, scratch);
    else
        area_average(out, rgb, 0, stride, left, top, side, size, out_channels, scratch);
}
