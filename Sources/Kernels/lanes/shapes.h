// Sizes that fix the order of sums, the same in all variants.

#ifndef EIGENSWEEP_LANE_SHAPES_H
#define EIGENSWEEP_LANE_SHAPES_H

#include <stddef.h>

/// Tiles or pixels whose sums a register tile holds.
#define PANEL 4

static inline size_t least_of(size_t a, size_t b) { return a < b ? a : b; }

static inline size_t clamped(size_t value, size_t low, size_t high) {
    return value < low ? low : value > high ? high : value;
}

/// Whether 3x3 convolutions go by Winograd's method. With few channels its transforms cost more than it saves.
static inline int is_winograd(size_t channels, size_t outputs) {
    return channels % 4 == 0 && outputs % 4 == 0 && channels >= 8 && outputs >= 8;
}

/// Tiles that go through the Winograd domain together, as many as the second cache holds.
static inline size_t winograd_tiles(size_t channels, size_t outputs) {
    return clamped(1024 / (channels + outputs) / PANEL * PANEL, 16, 64);
}

/// The same for weight gradients, where a quarter of the domain is handled at a time.
static inline size_t winograd_gradient_tiles(size_t channels, size_t outputs) {
    return clamped(8192 / (channels + outputs) / PANEL * PANEL, 32, 64);
}

/// Pixels that go through a weight gradient of 1x1 convolutions together.
#define POINTWISE_STRIP 64

/// From one element of the Winograd domain to the next, for `count` vectors: an odd number of cache lines, so that the
/// elements of a tile do not share a set.
static inline size_t domain_step(size_t count) { return (count + 1) * 16; }

#endif
