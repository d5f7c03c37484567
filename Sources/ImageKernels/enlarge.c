#include "ImageKernels.h"
#include "samples.h"

/* Finds the source pixels `near` and `far` between whose centres the centre of result o lies. Returns the weight of `far`
   in parts of 2 size. */
static uint64_t between(int o, int side, int size, int *near, int *far) {
    const long place = (long)(2 * o + 1) * side - size, parts = 2L * size;
    const long first = place < 0 ? 0 : place / parts;
    *near = (int)first;
    *far = first + 1 < side ? (int)first + 1 : (int)first;
    return place < 0 ? 0 : (uint64_t)(place - first * parts);
}

void es_enlarge(
    uint8_t *out, const void *rgb, int bytes_per_sample, int stride, int left, int top, int side, int size,
    int out_channels) {
    const int wide = bytes_per_sample == 2;
    const uint64_t parts = 2 * (uint64_t)size, whole = parts * parts;
    for (int p = 0; p < size; p++) {
        int above, below;
        const uint64_t down = between(p, side, size, &above, &below);
        const long high = 3 * ((long)(top + above) * stride + left), low = 3 * ((long)(top + below) * stride + left);
        for (int o = 0; o < size; o++) {
            int before, after;
            const uint64_t across = between(o, side, size, &before, &after);
            uint64_t sum[3];
            for (int c = 0; c < 3; c++)
                sum[c] = (parts - down) * ((parts - across) * es_sample(rgb, wide, high + 3 * before + c) +
                                           across * es_sample(rgb, wide, high + 3 * after + c)) +
                         down * ((parts - across) * es_sample(rgb, wide, low + 3 * before + c) +
                                 across * es_sample(rgb, wide, low + 3 * after + c));
            if (out_channels == 1) {
                out[p * size + o] = es_level(sum[0] + sum[1] + sum[2], 3 * whole, wide);
            } else {
                for (int c = 0; c < 3; c++) out[(c * size + p) * size + o] = es_level(sum[c], whole, wide);
            }
        }
    }
}
