#ifndef EIGENSWEEP_DEVICE_SOURCE_H
#define EIGENSWEEP_DEVICE_SOURCE_H

#include <stdint.h>

/// The parts of the source of the kernels of devices, which follow one another.
#define EK_SOURCE_PARTS 6
extern const char *const ek_opencl_source[EK_SOURCE_PARTS];
extern const char *const ek_cuda_source[EK_SOURCE_PARTS];

/// What CUDA's compiler made of `ek_cuda_source`, as text; NULL where the program was built without it, or with what it made
/// of another source.
const char *ek_cuda_program(void);
/// The first line of such text, with the number of its source.
#define EK_CUDA_PROGRAM_LINE "// source %016llx\n"
uint64_t ek_cuda_source_hash(void);

#endif
