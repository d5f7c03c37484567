#include "ImageKernels.h"

typedef float lanes __attribute__((vector_size(8 * sizeof(float)), aligned(4)));

void es_mark_alike(
    const float *rows, size_t count, const float *block, size_t candidates, size_t size, float threshold,
    uint8_t *alike) {
    for (size_t row = 0; row < count; row++) {
        const float *a = rows + row * size;
        for (size_t c = 0; c < candidates; c++) {
            const float *b = block + c * size;
            lanes sum = {0};
            for (size_t i = 0; i < size; i += 8) sum += *(const lanes *)(a + i) * *(const lanes *)(b + i);
            float total = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
            if (total > threshold || total < -threshold) alike[c] = 1;
        }
    }
}
