#ifndef EIGENSWEEP_CUDA_GRAPHS_H
#define EIGENSWEEP_CUDA_GRAPHS_H

#include "cuda.h"

// Kernels that were asked for wait in a list until the host needs their results, or the list is full. A list that comes again,
// as those of a training's steps do, is one graph, which the driver starts faster than its kernels one by one.

/// NULL where there is no memory.
struct launches *cuda_launches(void);
void cuda_forget_launches(struct cuda *d);

/// Adds one to the list, whose parameters are the memory and a structure.
int cuda_add_launch(struct cuda *d, void *function, address memory, const void *arguments, size_t size,
                    const size_t items[3], size_t group);
/// Gives the driver what waits.
int cuda_start_launches(struct cuda *d);

#endif
