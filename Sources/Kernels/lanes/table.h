// The kernels of one variant, for the run-time choice.

#include "lane_kernels.h"
#include "random_numbers.h"

#define REAL float
#define EK_FUNCTION(name, parameters, arguments) void(*name) parameters;
struct ek_table_f32 {
#include "lane_functions.inc"
};
#undef REAL
#define REAL double
struct ek_table_f64 {
#include "lane_functions.inc"
    void (*normals)(
        const uint32_t *key, uint32_t purpose, uint32_t sub, uint64_t first, size_t count, double *deviates);
};
#undef REAL
#undef EK_FUNCTION

extern const struct ek_table_f32 ek_f32_plain, ek_f32_avx2, ek_f32_avx512;
extern const struct ek_table_f64 ek_f64_plain, ek_f64_avx2, ek_f64_avx512;
