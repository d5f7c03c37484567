#define PRECISION 32
#define TABLE ek_f32_avx512
#define VL 16
#define CONV_OUTPUTS 4
#define WEIGHT_OUTPUTS 4
#define PRODUCT_ROWS 4

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#pragma clang attribute push(__attribute__((min_vector_width(512))), apply_to = function)
#include "variant.inc"
#pragma clang attribute pop
#pragma clang attribute pop
