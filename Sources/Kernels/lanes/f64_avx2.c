#define PRECISION 64
#define TABLE ek_f64_avx2
#define VL 4
#define CONV_OUTPUTS 2
#define WEIGHT_OUTPUTS 2
#define PRODUCT_ROWS 2

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma clang attribute push(__attribute__((min_vector_width(256))), apply_to = function)
#include "variant.inc"
#pragma clang attribute pop
#pragma clang attribute pop
