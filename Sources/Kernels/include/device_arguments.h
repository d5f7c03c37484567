#ifndef EIGENSWEEP_DEVICE_ARGUMENTS_H
#define EIGENSWEEP_DEVICE_ARGUMENTS_H

// What kernels of devices are given, beside the memory in which all numbers lie. The host fills these structures in, and
// the device's source begins with this file.

#ifdef EK_DEVICE
typedef ulong ek_long;
typedef uint ek_count;
#else
#include <stdint.h>
typedef uint64_t ek_long;
typedef uint32_t ek_count;
#endif

/// Where the numbers of a group of images begin, counted in floats, and how far those of the next group lie from them: 0
/// where all groups share them.
struct ek_place {
    ek_long at, step;
};

/// Functions of `count` single values.
struct ek_values {
    struct ek_place x, dy, y;
    ek_count count;
    float factor;
};

/// Functions of planes, [channels][count][16], and of what is known of each channel.
struct ek_planes {
    struct ek_place x, dy, y, factors, sums;
    ek_count channels, count;
};

/// Changes of an image's size. `height` and `width` are the kernel's own on the CPU, `margin` is a frame's width too.
struct ek_sizes {
    struct ek_place x, y;
    ek_count channels, height, width, margin, accumulate;
    float factor;
};

/// Convolutions. `domain` and `products` are Winograd's, [24][channels][tiles][16] and [2][6][outputs][tiles][16].
struct ek_convolution {
    struct ek_place in, weights, bias, add, out, domain, products;
    ek_count channels, outputs, height, width, turned, adds;
    float scale;
};

/// Gradients by weights. The sums of every group of images are found first, [elements][outputs][channels], or in direct
/// convolutions [outputs][channels][9]; `groups` of them are added in turn. `count` pixels or tiles pass in strips.
struct ek_weight_gradient {
    struct ek_place x, dy, domain, slopes, sums, gradient;
    ek_count channels, outputs, height, width, count, strip, groups;
    float scale;
};

/// What one run does for many layers: `entries` of the kernel's own structure, and for each the number of the first work
/// group of 64 items that does its work, ascending.
struct ek_table {
    struct ek_place starts, entries;
    ek_count count;
};

struct ek_packing {
    struct ek_place weights, packed;
    ek_count outputs, channels, taps, transposed;
};

/// Values in all lanes; sums over lanes, added for `groups` in turn.
struct ek_lanes {
    struct ek_place values, lanes;
    ek_count count, groups;
    float scale;
};

/// `constants` is [groups][2][16], between the kernels of a gradient.
struct ek_normalisation {
    struct ek_place x, y, gamma, beta, statistics, dy, add, dx, gamma_lanes, beta_lanes, sums, constants;
    ek_count channels, groups, count, silu, adds;
    float epsilon, keep;
};

struct ek_modulation {
    struct ek_place gamma, beta, modulation, gamma_out, beta_out, gradient;
    ek_count channels;
};

/// `logits` and `changes` are [key][query][16], `decay` is [block][query][16], `slopes` are [depth][query][16].
struct ek_heads {
    struct ek_place mixed, statistics, out, dy, gradient, logits, changes, decay, slopes, means;
    ek_count depth, tokens, block, widened, lengthened;
    float scale;
};

/// `mask` counts in halves of a float.
struct ek_dropping {
    struct ek_place x, mask;
    ek_long image;
    ek_count count, key0, key1, purpose, layer, threshold;
    float factor;
};

struct ek_optimiser {
    struct ek_place parameters, gradients, first, second, average;
    ek_count count;
    float rate, inverse_root, beta1, rest1, beta2, rest2, epsilon, decay, rest;
};

/// Sets the first of `found` to 1 where one of `count` values is not finite.
struct ek_finiteness {
    struct ek_place x, found;
    ek_count count;
};

#endif
