#ifndef EIGENSWEEP_CUDA_H
#define EIGENSWEEP_CUDA_H

#include "driver.h"

// The driver of CUDA, by functions and constants of its public header, which need not be installed.

typedef uint64_t address;

#define OUT_OF_MEMORY 2
#define NO_DEVICE 100
#define UNSUPPORTED_PTX_VERSION 222

/// What a graph is told of a kernel. Drivers read the first fields, or all.
struct kernel_node {
    void *function;
    uint32_t grid[3], block[3], shared;
    void **parameters, **extra;
    void *kernel, *context;
};

#define FUNCTIONS(F)                                                                              \
    F(Init, "cuInit", (uint32_t))                                                                 \
    F(DriverGetVersion, "cuDriverGetVersion", (int *))                                            \
    F(GetErrorString, "cuGetErrorString", (int, const char **))                                   \
    F(DeviceGetCount, "cuDeviceGetCount", (int *))                                                \
    F(DeviceGet, "cuDeviceGet", (int *, int))                                                     \
    F(DeviceGetName, "cuDeviceGetName", (char *, int, int))                                       \
    F(DeviceGetAttribute, "cuDeviceGetAttribute", (int *, int, int))                              \
    F(PrimaryCtxSetFlags, "cuDevicePrimaryCtxSetFlags_v2", (int, uint32_t))                       \
    F(PrimaryCtxRetain, "cuDevicePrimaryCtxRetain", (void **, int))                               \
    F(PrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2", (int))                                   \
    F(CtxSetCurrent, "cuCtxSetCurrent", (void *))                                                 \
    F(StreamCreate, "cuStreamCreate", (void **, uint32_t))                                        \
    F(StreamSynchronize, "cuStreamSynchronize", (void *))                                         \
    F(StreamDestroy, "cuStreamDestroy_v2", (void *))                                              \
    F(ModuleLoadDataEx, "cuModuleLoadDataEx", (void **, const void *, uint32_t, int *, void **))  \
    F(ModuleGetFunction, "cuModuleGetFunction", (void **, void *, const char *))                  \
    F(ModuleUnload, "cuModuleUnload", (void *))                                                   \
    F(MemGetInfo, "cuMemGetInfo_v2", (size_t *, size_t *))                                        \
    F(MemAlloc, "cuMemAlloc_v2", (address *, size_t))                                             \
    F(MemFree, "cuMemFree_v2", (address))                                                         \
    F(MemcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", (address, const void *, size_t, void *))           \
    F(MemcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", (void *, address, size_t, void *))                 \
    F(MemcpyDtoDAsync, "cuMemcpyDtoDAsync_v2", (address, address, size_t, void *))                \
    F(MemsetD32Async, "cuMemsetD32Async", (address, uint32_t, size_t, void *))                    \
    F(LaunchKernel, "cuLaunchKernel",                                                             \
      (void *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, void *, void **, void **))

/// Older drivers have not all of these.
#define GRAPH_FUNCTIONS(F)                                                                        \
    F(GraphCreate, "cuGraphCreate", (void **, uint32_t))                                          \
    F(GraphAddKernelNode, "cuGraphAddKernelNode",                                                 \
      (void **, void *, void *const *, size_t, const struct kernel_node *))                       \
    F(GraphInstantiate, "cuGraphInstantiateWithFlags", (void **, void *, unsigned long long))     \
    F(GraphExecSetParams, "cuGraphExecKernelNodeSetParams", (void *, void *, const struct kernel_node *)) \
    F(GraphLaunch, "cuGraphLaunch", (void *, void *))                                             \
    F(GraphExecDestroy, "cuGraphExecDestroy", (void *))                                           \
    F(GraphDestroy, "cuGraphDestroy", (void *))

struct launches;

struct cuda {
    struct device device;
    void *library;
    int number;
    void *context, *stream, *module;
    /// After an error of the driver nothing is asked of it any longer: all would answer with the same.
    int has_failed, has_graphs;
    struct launches *launches;
#define FUNCTION(name, symbol, parameters) int (*name) parameters;
    FUNCTIONS(FUNCTION)
    GRAPH_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/// Keeps a problem; `code` is the driver's, or 0. Never 0.
int cuda_fail(struct cuda *d, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
