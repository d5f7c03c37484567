#ifndef EIGENSWEEP_SAMPLES_H
#define EIGENSWEEP_SAMPLES_H

#include <stdint.h>

/* Sample i of an image of bytes or, where `wide`, of 16-bit words. */
static inline uint64_t es_sample(const void *samples, int wide, long i) {
    return wide ? ((const uint16_t *)samples)[i] : ((const uint8_t *)samples)[i];
}

/* The byte of a sum of weighted samples: 255 sum / (weight peak), rounded half up. */
static inline uint8_t es_level(uint64_t sum, uint64_t weight, int wide) {
    return wide ? (uint8_t)((2 * sum + 257 * weight) / (2 * 257 * weight))
                : (uint8_t)((2 * sum + weight) / (2 * weight));
}

#endif
