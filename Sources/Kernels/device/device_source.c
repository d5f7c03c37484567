// The source of the kernels of devices, as text that drivers compile.

#include "device_source.h"

#include "../lanes/shapes.h"

#pragma clang diagnostic ignored "-Wc23-extensions" // #embed

static const char prelude_opencl[] = {
#embed "prelude_opencl.inc"
    , 0};
static const char prelude_cuda[] = {
#embed "prelude_cuda.inc"
    , 0};
static const char arguments[] = {
#embed "../include/device_arguments.h"
    , 0};
static const char common[] = {
#embed "common.inc"
    , 0};
static const char formulas[] = {
#embed "../lanes/formulas.inc"
    , 0};
static const char kernels[] = {
#embed "device_convolution.inc"
    ,
#embed "device_winograd.inc"
    ,
#embed "device_pointwise.inc"
    ,
#embed "device_normalisation.inc"
    ,
#embed "device_attention.inc"
    ,
#embed "device_resampling.inc"
    ,
#embed "device_elementwise.inc"
    , 0};

#define TEXT(value) #value
#define DEFINITION(name, value) "#define " name " " TEXT(value) "\n"
static const char sizes[] = "#define EK_DEVICE\n" DEFINITION("WINOGRAD_SLICE", WINOGRAD_SLICE);

const char *const ek_opencl_source[EK_SOURCE_PARTS] = {prelude_opencl, sizes, arguments, common, formulas, kernels};
const char *const ek_cuda_source[EK_SOURCE_PARTS] = {prelude_cuda, sizes, arguments, common, formulas, kernels};
