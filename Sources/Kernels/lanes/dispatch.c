// The run-time choice between the variants, and the public names of the kernels.

#include <immintrin.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "shapes.h"
#include "table.h"

static _Atomic(const struct ek_table_f32 *) f32 = &ek_f32_plain;
static _Atomic(const struct ek_table_f64 *) f64 = &ek_f64_plain;
static _Atomic(enum ek_variant) selected = EK_VARIANT_PLAIN;

#define TABLE_OF(pointer) atomic_load_explicit(&pointer, memory_order_relaxed)

int ek_supports(enum ek_variant variant) {
    __builtin_cpu_init();
    switch (variant) {
    case EK_VARIANT_PLAIN:
        return 1;
    case EK_VARIANT_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case EK_VARIANT_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma");
    }
    return 0;
}

int ek_select_variant(enum ek_variant variant) {
    if (!ek_supports(variant)) return 0;
    f32 = variant == EK_VARIANT_AVX512 ? &ek_f32_avx512 : variant == EK_VARIANT_AVX2 ? &ek_f32_avx2 : &ek_f32_plain;
    f64 = variant == EK_VARIANT_AVX512 ? &ek_f64_avx512 : variant == EK_VARIANT_AVX2 ? &ek_f64_avx2 : &ek_f64_plain;
    selected = variant;
    return 1;
}

enum ek_variant ek_selected_variant(void) { return selected; }

__attribute__((constructor)) static void choose_widest(void) {
    if (!ek_select_variant(EK_VARIANT_AVX512)) ek_select_variant(EK_VARIANT_AVX2);
}

void ek_prepare_thread(void) { _mm_setcsr(0x1f80); }

void ek_normals(
    const uint32_t key[2], uint32_t purpose, uint32_t sub, uint64_t first, size_t count, double *deviates) {
    TABLE_OF(f64)->normals(key, purpose, sub, first, count, deviates);
}

void ek_prefer_large_pages(void *memory, size_t size) {
    const uintptr_t page = 1 << 21;
    const uintptr_t first = ((uintptr_t)memory + page - 1) & ~(page - 1), end = ((uintptr_t)memory + size) & ~(page - 1);
    if (first < end) madvise((void *)first, end - first, MADV_HUGEPAGE);
}

double ek_thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

size_t ek_packed_weights(size_t outputs, size_t channels, size_t taps) {
    const size_t count = outputs * channels;
    return shares_weights(channels, outputs, taps) ? 24 * weight_step(count) : count * taps;
}

int ek_shares_weights(size_t outputs, size_t channels, size_t taps) { return shares_weights(channels, outputs, taps); }

size_t ek_gradient_strip(size_t outputs, size_t channels, size_t taps) {
    return taps == 1 ? POINTWISE_STRIP : winograd_gradient_tiles(channels, outputs);
}

size_t ek_attention_queries(size_t depth) { return attention_queries(depth); }
size_t ek_attention_keys(size_t depth) { return attention_keys(depth); }

static size_t most_of(size_t a, size_t b) { return a < b ? b : a; }

size_t ek_convolution_scratch(size_t outputs, size_t channels, size_t taps) {
    if (taps != 9) {
        const size_t wide = (channels + 3) / 4 * 4, high = (outputs + 3) / 4 * 4;
        return domain_step(POINTWISE_STRIP * wide) + domain_step(POINTWISE_STRIP * high) + wide * high;
    }
    if (!is_winograd(channels, outputs)) return outputs * channels * 9 * EK_LANES;
    const size_t forward = winograd_tiles(channels, outputs), back = winograd_gradient_tiles(channels, outputs);
    // The input has `channels`, or `outputs` where this is an input gradient, and images may be of any size.
    const size_t wide = domain_step(forward * most_of(channels, outputs));
    return most_of(
        6 * winograd_rows(most_of(channels, outputs), (size_t)-1) * wide + 12 * wide,
        6 * (domain_step(back * channels) + domain_step(back * outputs)) + 24 * outputs * channels);
}

size_t ek_attention_scratch(size_t depth, size_t tokens) {
    const size_t row = (depth + 3) / 4 * 4 + 1, queries = ATTENTION_QUERIES, keys = ATTENTION_KEYS;
    const size_t padded = (tokens + queries - 1) / queries * queries;
    const size_t forward = (2 * padded + 2 * queries) * row + keys * queries;
    const size_t back = (3 * padded + 4 * keys) * row + 2 * padded + 2 * keys * queries;
    return most_of(forward, back) * EK_LANES;
}

#define REAL float
#define EK_FUNCTION(name, parameters, arguments) \
    void ek_##name##_f32 parameters { TABLE_OF(f32)->name arguments; }
#include "lane_functions.inc"
#undef EK_FUNCTION
#undef REAL

#define REAL double
#define EK_FUNCTION(name, parameters, arguments) \
    void ek_##name##_f64 parameters { TABLE_OF(f64)->name arguments; }
#include "lane_functions.inc"
