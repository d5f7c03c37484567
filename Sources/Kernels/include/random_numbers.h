#ifndef EIGENSWEEP_RANDOM_NUMBERS_H
#define EIGENSWEEP_RANDOM_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/// Philox4x32-10 (Salmon et al., SC 2011): ten rounds of the counter under the key.
void ek_philox4x32(const uint32_t key[2], const uint32_t counter[4], uint32_t words[4]);

/// Standard normal deviates number first, first + 1, … of a stream, by Box and Muller: deviates 2k and 2k + 1 come from
/// block k of the stream, whose counter is (k low, k high, sub, purpose).
void ek_normals(
    const uint32_t key[2], uint32_t purpose, uint32_t sub, uint64_t first, size_t count, double *deviates);

/// The same deviates, computed one by one.
void ek_scalar_normals(
    const uint32_t key[2], uint32_t purpose, uint32_t sub, uint64_t first, size_t count, double *deviates);

/// Uniform deviates on (0, 1) number first, first + 1, … of a stream, 53 bits each: deviates 2k and 2k + 1 are the halves
/// of block k.
void ek_uniforms(
    const uint32_t key[2], uint32_t purpose, uint32_t sub, uint64_t first, size_t count, double *deviates);

#endif
