#ifndef EIGENSWEEP_CDEVICES_H
#define EIGENSWEEP_CDEVICES_H

#include <stddef.h>
#include <stdint.h>

// A device that computes beside the CPU. The driver's library is opened at run time: nothing is linked, and a host without
// one has no device. A device is used by one thread at a time; what it is asked for is done in order.
//
// Functions that can fail return NULL or a number other than 0; `device_problem` then says why.

struct device;

/// Device number `number` of all that OpenCL names, or where that is negative the first that is no CPU. NULL where there is
/// none, with the reason in `problem`.
struct device *device_open_opencl(int number, char *problem, size_t size);
/// The first device that the driver of CUDA names. Where there is none, or no driver, `is_absent` is set.
struct device *device_open_cuda(char *problem, size_t size, int *is_absent);
void device_close(struct device *device);

/// By what it is reached: OpenCL or CUDA.
const char *device_kind(const struct device *device);
/// The name by which the driver calls it, and the driver's version.
const char *device_name(const struct device *device);
/// Bytes of memory that one allocation may have.
uint64_t device_memory(const struct device *device);
const char *device_problem(const struct device *device);

/// Compiles a program out of parts that follow one another: OpenCL C, or in one part what CUDA's compiler has made.
int device_build(struct device *device, const char *const *parts, size_t count);
/// A kernel of the program.
void *device_kernel(struct device *device, const char *name);

/// Memory on the device, of unknown content; and its end.
void *device_allocate(struct device *device, size_t bytes);
void device_free(struct device *device, void *memory);
/// Both wait until the bytes are there.
int device_write(struct device *device, void *memory, size_t offset, const void *from, size_t bytes);
int device_read(struct device *device, void *memory, size_t offset, void *to, size_t bytes);
/// Fills memory with zeros of float32. `bytes` is a multiple of 4.
int device_clear(struct device *device, void *memory, size_t bytes);
int device_copy(struct device *device, void *from, size_t source, void *to, size_t target, size_t bytes);

/// Asks for one run of a kernel, whose parameters are the memory and a structure. `items` counts the items of work along
/// three axes; those along the first come in groups of `group`, which divides them. What is wrong with it may be told by a
/// later call.
int device_launch(
    struct device *device, void *kernel, void *memory, const void *arguments, size_t size, const size_t items[3],
    size_t group);

#endif
