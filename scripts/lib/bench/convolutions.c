// Time of every 3x3 convolution of `ddpmpp` 32x32x3 with multipliers 2, 2, 2 and 4 blocks at a scale, forward and both
// gradients, on a group of 16 images: the layer, how often the network has it, and three times in µs an image.

#include <stdio.h>
#include <stdlib.h>

#include "Kernels.h"

static float *values(size_t count) {
    float *start = aligned_alloc(64, (count * sizeof *start + 63) / 64 * 64);
    for (size_t i = 0; i < count; i++) start[i] = (float)((i * 2654435761u >> 8) & 0xffff) / 65536 - 0.5f;
    return start;
}

// The least of several rounds that take 20 ms each, in µs an image.
#define TIME(call)                                                                                                     \
    ({                                                                                                                 \
        double least = 1e9;                                                                                            \
        for (int round = 0; round < 5; round++) {                                                                      \
            int calls = 0;                                                                                             \
            const double start = ek_thread_seconds();                                                                  \
            double spent;                                                                                              \
            do {                                                                                                       \
                call;                                                                                                  \
                calls++;                                                                                               \
                spent = ek_thread_seconds() - start;                                                                   \
            } while (spent < 0.02);                                                                                    \
            if (spent / calls < least) least = spent / calls;                                                          \
        }                                                                                                              \
        least * 1e6 / EK_LANES;                                                                                        \
    })

static void layer(size_t side, size_t inputs, size_t outputs, int times) {
    const size_t wide = inputs > outputs ? inputs : outputs, pixels = side * side * EK_LANES;
    float *x = values(inputs * pixels), *y = values(outputs * pixels), *gradient = values(inputs * outputs * 9);
    float *weights = values(inputs * outputs * 9), *packed = values(ek_packed_weights(outputs, inputs, 9));
    float *turned = packed, *bias = values(wide * EK_LANES);
    float *scratch = values(ek_convolution_scratch(outputs, inputs, 9));
    ek_pack_f32(weights, outputs, inputs, 9, 0, packed);
    if (!ek_shares_weights(outputs, inputs, 9)) {
        turned = values(ek_packed_weights(outputs, inputs, 9));
        ek_pack_f32(weights, outputs, inputs, 9, 1, turned);
    }
    const double forward =
        TIME(ek_conv3x3_f32(x, inputs, side, side, packed, 0, bias, NULL, 1, outputs, scratch, y));
    const double back = TIME(ek_conv3x3_f32(y, outputs, side, side, turned, 1, bias, NULL, 1, inputs, scratch, x));
    const double by_weights =
        TIME(ek_conv3x3_weight_gradient_f32(x, y, inputs, outputs, side, side, 1e-6f, scratch, gradient));
    printf("%zu\t%zu\t%zu\t%d\t%.3f\t%.3f\t%.3f\n", side, inputs, outputs, times, forward, back, by_weights);
    free(x), free(y), free(gradient), free(weights), free(bias), free(scratch);
    if (turned != packed) free(turned);
    free(packed);
}

int main(int count, char **words) {
    const size_t c = count > 1 ? strtoul(words[1], NULL, 10) : 16;
    ek_prepare_thread();
    layer(32, 3, c, 1), layer(32, c, 2 * c, 1), layer(32, 2 * c, 2 * c, 14), layer(32, 4 * c, 2 * c, 4);
    layer(32, 3 * c, 2 * c, 1), layer(32, 2 * c, 3, 1);
    layer(16, 2 * c, 2 * c, 17), layer(16, 4 * c, 2 * c, 5);
    layer(8, 2 * c, 2 * c, 19), layer(8, 4 * c, 2 * c, 5);
}
