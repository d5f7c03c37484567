#define PRECISION 32
#define TABLE ek_f32_plain
#define VL 4
#define CONV_OUTPUTS 2
#define WEIGHT_OUTPUTS 2
#define PRODUCT_ROWS 2

#include "variant.inc"
