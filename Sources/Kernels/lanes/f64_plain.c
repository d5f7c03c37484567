#define PRECISION 64
#define TABLE ek_f64_plain
#define VL 2
#define CONV_OUTPUTS 2
#define WEIGHT_OUTPUTS 2
#define PRODUCT_ROWS 2

#include "variant.inc"
