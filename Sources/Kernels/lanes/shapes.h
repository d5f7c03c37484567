// Sizes that all variants share. The sizes of strips and tiles fix the order of sums over pixels.

#ifndef EIGENSWEEP_LANE_SHAPES_H
#define EIGENSWEEP_LANE_SHAPES_H

#include <stddef.h>

/// The number of tiles or pixels whose sums a register tile holds.
#define PANEL 4

static inline size_t least_of(size_t a, size_t b) { return a < b ? a : b; }

/// Whether 3x3 convolutions use Winograd's method. With few channels its transforms cost what it saves: from 8 to 8 and
/// from 8 to 12 channels `scripts/bench convolutions` finds it no faster.
static inline int is_winograd(size_t channels, size_t outputs) {
#ifdef DIRECT_CONVOLUTIONS // for scripts/bench convolutions, which compares the two methods
    return 0;
#endif
    return channels % 4 == 0 && outputs % 4 == 0 && channels >= 8 && outputs >= 8 && channels + outputs >= 24;
}

/// Whether a convolution and its input gradient read the same packed weights.
static inline int shares_weights(size_t channels, size_t outputs, size_t taps) {
    return taps == 9 && is_winograd(channels, outputs);
}

/// The number of channels whose products are summed before they are added to the others': as many as the first cache holds.
#define WINOGRAD_SLICE 128

/// The number of tiles that go through the Winograd domain together: as many as keep a row of the domain in the fastest
/// cache that can hold one.
static inline size_t winograd_tiles(size_t channels, size_t outputs) {
    if (channels % 8 == 0 && outputs % 8 == 0 && channels + outputs <= 32) return 2;
    return channels + outputs <= 32 ? 4 : 8;
}

/// How many of the domain's four rows are computed at a time. All at once takes more memory but reads images only once,
/// which counts where they do not stay in a near cache.
static inline size_t winograd_rows(size_t channels, size_t pixels) { return channels >= 32 && pixels >= 1024 ? 4 : 1; }

/// The number of tiles that go through the Winograd domain together in a weight gradient.
static inline size_t winograd_gradient_tiles(size_t channels, size_t outputs) {
    return channels + outputs <= 24 ? 8 : 16;
}

/// The number of pixels that a weight gradient of a 1x1 convolution takes at a time.
#define POINTWISE_STRIP 64

/// The most queries and keys whose weights attention keeps at a time.
#define ATTENTION_QUERIES 16
#define ATTENTION_KEYS 32

/// How many queries and keys that are for heads of `depth` channels. Those of few channels leave room in the registers.
static inline size_t attention_queries(size_t depth) { return depth == 8 ? 8 : ATTENTION_QUERIES; }
static inline size_t attention_keys(size_t depth) { return depth == 8 || depth == 16 ? 16 : ATTENTION_KEYS; }

/// The distance in values from one element of the Winograd domain to the next, for `count` vectors: one vector more than
/// they fill, so that the elements of a tile do not share few sets of a cache.
static inline size_t domain_step(size_t count) { return (count + 1) * 16; }

/// The same distance for `count` weights, which are single values.
static inline size_t weight_step(size_t count) { return count + 16; }

#endif
