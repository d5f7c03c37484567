#ifndef EIGENSWEEP_LANE_KERNELS_H
#define EIGENSWEEP_LANE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// Layers of networks on groups of 16 images. An activation is [channel][row][column][16]: every scalar of the formulas
// is a vector with one lane per image, so that an image's bits depend neither on its neighbours nor on the width of the
// CPU's vectors. Buffers are aligned to 64 bytes. "Lanes" of a parameter's gradient are its values per image, [n][16].
//
// Shapes alone fix the order of every sum; the variants below differ in speed only.

#define EK_LANES 16

enum ek_variant {
    EK_VARIANT_PLAIN = 0,
    EK_VARIANT_AVX2 = 1,
    EK_VARIANT_AVX512 = 2,
};

/// Whether this CPU can run a variant.
int ek_supports(enum ek_variant variant);
/// Makes all lane kernels use `variant`; returns 0 and changes nothing where the CPU does not support it. Kernels that are
/// running finish as they began.
int ek_select_variant(enum ek_variant variant);
/// The variant in use. At start it is the widest that the CPU supports.
enum ek_variant ek_selected_variant(void);
/// Sets the calling thread's floating-point mode: round to nearest, subnormal numbers kept, no traps.
void ek_prepare_thread(void);
/// Asks the system, where it has large pages, to use them for those parts of `memory` that fill whole ones.
void ek_prefer_large_pages(void *memory, size_t size);
/// CPU time of the calling thread in seconds.
double ek_thread_seconds(void);

/// The number of values that `pack` writes.
size_t ek_packed_weights(size_t outputs, size_t channels, size_t taps);
/// Whether the input gradient reads the weights that `pack` wrote for the convolution.
int ek_shares_weights(size_t outputs, size_t channels, size_t taps);
/// The number of values that a convolution and its gradients need as scratch.
size_t ek_convolution_scratch(size_t outputs, size_t channels, size_t taps);

/// The number of tiles, or of pixels where `taps` is 1, whose products a weight gradient sums lane by lane before it adds up
/// the lanes.
size_t ek_gradient_strip(size_t outputs, size_t channels, size_t taps);
/// How many queries and keys attention with heads of `depth` channels takes at a time.
size_t ek_attention_queries(size_t depth);
size_t ek_attention_keys(size_t depth);

/// The number of values that attention with heads of `depth` channels needs as scratch, forward and backward.
size_t ek_attention_scratch(size_t depth, size_t tokens);

#define REAL float
#define EK_FUNCTION(name, parameters, arguments) void ek_##name##_f32 parameters;
#include "lane_functions.inc"
#undef EK_FUNCTION
#undef REAL

#define REAL double
#define EK_FUNCTION(name, parameters, arguments) void ek_##name##_f64 parameters;
#include "lane_functions.inc"
#undef EK_FUNCTION
#undef REAL

#endif
