#include "random_numbers.h"

#include "elementary.h"

void ek_philox4x32(const uint32_t key[2], const uint32_t counter[4], uint32_t words[4]) {
    uint32_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
        const uint64_t a = (uint64_t)x0 * 0xD2511F53u;
        const uint64_t b = (uint64_t)x2 * 0xCD9E8D57u;
        const uint32_t y0 = (uint32_t)(b >> 32) ^ x1 ^ k0;
        const uint32_t y2 = (uint32_t)(a >> 32) ^ x3 ^ k1;
        x1 = (uint32_t)b;
        x3 = (uint32_t)a;
        x0 = y0;
        x2 = y2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = x0;
    words[1] = x1;
    words[2] = x2;
    words[3] = x3;
}

static double root(double x) { return __builtin_sqrt(x); }

/// Uniform on (0, 1) from 53 of 64 bits.
static double uniform(uint32_t high, uint32_t low) {
    const uint64_t bits = (uint64_t)high << 32 | low;
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

void ek_scalar_normals(
    const uint32_t key[2], uint32_t purpose, uint32_t sub, uint64_t first, size_t count, double *deviates) {
    size_t done = 0;
    while (done < count) {
        const uint64_t index = first + done;
        const uint64_t block = index >> 1;
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), sub, purpose};
        uint32_t words[4];
        ek_philox4x32(key, counter, words);
        const double radius = root(-2.0 * ek_log(uniform(words[0], words[1])));
        const double angle = 0x1.921fb54442d18p2 * uniform(words[2], words[3]);
        if ((index & 1) == 0) deviates[done++] = radius * ek_cos(angle);
        if (done < count && ((first + done) & 1) == 1) deviates[done++] = radius * ek_sin(angle);
    }
}

void ek_uniforms(
    const uint32_t key[2], uint32_t purpose, uint32_t sub, uint64_t first, size_t count, double *deviates) {
    size_t done = 0;
    while (done < count) {
        const uint64_t index = first + done;
        const uint64_t block = index >> 1;
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), sub, purpose};
        uint32_t words[4];
        ek_philox4x32(key, counter, words);
        if ((index & 1) == 0) deviates[done++] = uniform(words[0], words[1]);
        if (done < count && ((first + done) & 1) == 1) deviates[done++] = uniform(words[2], words[3]);
    }
}
