#include "ImageKernels.h"

/* Where result o lies between the centres of source pixels `near` and `far`, in parts of 2 size: weight of `far`. */
static uint64_t between(int o, int side, int size, int *near, int *far) {
    const long place = (long)(2 * o + 1) * side - size, parts = 2L * size;
    const long first = place < 0 ? 0 : place / parts;
    *near = (int)first;
    *far = first + 1 < side ? (int)first + 1 : (int)first;
    return place < 0 ? 0 : (uint64_t)(place - first * parts);
}

void es_enlarge(
    uint8_t *out, const uint8_t *rgb, int stride, int left, int top, int side, int size, int out_channels) {
    const uint64_t parts = 2 * (uint64_t)size, whole = parts * parts;
    for (int p = 0; p < size; p++) {
        int above, below;
        const uint64_t down = between(p, side, size, &above, &below);
        const uint8_t *high = rgb + 3 * ((long)(top + above) * stride + left);
        const uint8_t *low = rgb + 3 * ((long)(top + below) * stride + left);
        for (int o = 0; o < size; o++) {
            int before, after;
            const uint64_t across = between(o, side, size, &before, &after);
            uint64_t sum[3];
            for (int c = 0; c < 3; c++)
                sum[c] = (parts - down) * ((parts - across) * high[3 * before + c] + across * high[3 * after + c]) +
                         down * ((parts - across) * low[3 * before + c] + across * low[3 * after + c]);
            if (out_channels == 1) {
                out[p * size + o] = (uint8_t)((2 * (sum[0] + sum[1] + sum[2]) + 3 * whole) / (6 * whole));
            } else {
                for (int c = 0; c < 3; c++)
                    out[(c * size + p) * size + o] = (uint8_t)((2 * sum[c] + whole) / (2 * whole));
            }
        }
    }
}
