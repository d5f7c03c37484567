#ifndef EIGENSWEEP_DEVICE_SOURCE_H
#define EIGENSWEEP_DEVICE_SOURCE_H

/// The parts of the source of the kernels of devices, which follow one another.
#define EK_SOURCE_PARTS 6
extern const char *const ek_opencl_source[EK_SOURCE_PARTS];
extern const char *const ek_cuda_source[EK_SOURCE_PARTS];

#endif
