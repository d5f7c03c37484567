// CUDA by its driver's own interface. Kernels come compiled, as what NVRTC makes of `ek_cuda_source`.

#include "cuda_graphs.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_SLEEPS 4
#define APART_FROM_OTHER_STREAMS 1
#define MAJOR_OF_CAPABILITY 75
#define MINOR_OF_CAPABILITY 76
#define ERROR_LOG 5
#define SIZE_OF_ERROR_LOG 6
// What scripts/lib/cuda-programs compiles for.
#define LEAST_CAPABILITY 75

int cuda_fail(struct cuda *d, int code, const char *format, ...) {
    char reason[200];
    const char *words = NULL;
    if (code != 0 && d->GetErrorString) d->GetErrorString(code, &words);
    snprintf(reason, sizeof reason, "CUDA's error %d%s%s", code, words ? ", " : "", words ? words : "");
    va_list values;
    va_start(values, format);
    device_fail(&d->device, code == 0 ? NULL : reason, format, values);
    va_end(values);
    d->has_failed = 1;
    return -1;
}

static int find_functions(struct cuda *d, int *is_absent) {
    d->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!d->library) {
        *is_absent = 1;
        return cuda_fail(d, 0, "this host has no libcuda.so.1, the driver of CUDA");
    }
    d->has_graphs = 1;
#define FUNCTION(name, symbol, parameters)                                           \
    *(void **)&d->name = dlsym(d->library, symbol);                                  \
    if (!d->name) return cuda_fail(d, 0, "libcuda.so.1 has no function " symbol);
    FUNCTIONS(FUNCTION)
#undef FUNCTION
#define FUNCTION(name, symbol, parameters)                                           \
    *(void **)&d->name = dlsym(d->library, symbol);                                  \
    if (!d->name) d->has_graphs = 0;
    GRAPH_FUNCTIONS(FUNCTION)
#undef FUNCTION
    return 0;
}

static int find_device(struct cuda *d, int *is_absent) {
    int count = 0, version = 0, major = 0, minor = 0;
    char name[200] = "";
    int code = d->Init(0);
    if (code == 0) code = d->DeviceGetCount(&count);
    if (code == NO_DEVICE || (code == 0 && count == 0)) {
        *is_absent = 1;
        return cuda_fail(d, 0, "the driver of CUDA names no device here");
    }
    if (code == 0) code = d->DeviceGet(&d->number, 0);
    if (code != 0) return cuda_fail(d, code, "the driver of CUDA cannot be used");
    d->DeviceGetName(name, sizeof name - 1, d->number);
    d->DriverGetVersion(&version);
    snprintf(d->device.name, sizeof d->device.name, "%s, driver of CUDA %d.%d", name, version / 1000, version % 1000 / 10);
    d->DeviceGetAttribute(&major, MAJOR_OF_CAPABILITY, d->number);
    d->DeviceGetAttribute(&minor, MINOR_OF_CAPABILITY, d->number);
    if (10 * major + minor < LEAST_CAPABILITY)
        return cuda_fail(d, 0, "%s has compute capability %d.%d, and the kernels need %d.%d", d->device.name, major,
                         minor, LEAST_CAPABILITY / 10, LEAST_CAPABILITY % 10);
    return 0;
}

static int use_device(struct cuda *d) {
    size_t free = 0, all = 0;
    // Trainings beside this one need the processor. Where another program of the process has chosen already, let it be so.
    d->PrimaryCtxSetFlags(d->number, WAITING_SLEEPS);
    int code = d->PrimaryCtxRetain(&d->context, d->number);
    if (code == 0) code = d->CtxSetCurrent(d->context);
    if (code == 0) code = d->StreamCreate(&d->stream, APART_FROM_OTHER_STREAMS);
    if (code == 0) code = d->MemGetInfo(&free, &all);
    d->device.most = all;
    return code == 0 ? 0 : cuda_fail(d, code, "%s cannot be used", d->device.name);
}

/// The driver's functions are of the context that the calling thread has.
static int ready(struct cuda *d) {
    if (d->has_failed) return -1;
    const int code = d->CtxSetCurrent(d->context);
    return code == 0 ? 0 : cuda_fail(d, code, "%s cannot be used", d->device.name);
}

/// Where what was asked for before has been given to the driver.
static int ready_after_launches(struct cuda *d) { return ready(d) != 0 ? -1 : cuda_start_launches(d); }

static void cuda_close(struct device *device) {
    struct cuda *d = (struct cuda *)device;
    if (d->context) {
        d->CtxSetCurrent(d->context);
        if (d->stream) d->StreamSynchronize(d->stream);
        cuda_forget_launches(d);
        if (d->module) d->ModuleUnload(d->module);
        if (d->stream) d->StreamDestroy(d->stream);
        d->PrimaryCtxRelease(d->number);
    }
    free(d->launches);
}

static int cuda_build(struct device *device, const char *const *parts, size_t count) {
    struct cuda *d = (struct cuda *)device;
    if (ready(d) != 0) return -1;
    if (count != 1) return cuda_fail(d, 0, "kernels of CUDA are one part");
    char log[400] = "";
    int options[] = {ERROR_LOG, SIZE_OF_ERROR_LOG};
    void *values[] = {log, (void *)(uintptr_t)(sizeof log - 1)};
    const int code = d->ModuleLoadDataEx(&d->module, parts[0], 2, options, values);
    if (code == 0) return 0;
    if (code == UNSUPPORTED_PTX_VERSION) return cuda_fail(d, code, "%s is too old for the kernels", d->device.name);
    return cuda_fail(d, code, "%s cannot load the kernels%s%s", d->device.name, log[0] ? ": " : "", log);
}

static void *cuda_kernel(struct device *device, const char *name) {
    struct cuda *d = (struct cuda *)device;
    void *kernel = NULL;
    if (ready(d) != 0) return NULL;
    const int code = d->ModuleGetFunction(&kernel, d->module, name);
    if (code != 0) cuda_fail(d, code, "%s has no kernel %s", device->name, name);
    return code == 0 ? kernel : NULL;
}

static void *cuda_allocate(struct device *device, size_t bytes) {
    struct cuda *d = (struct cuda *)device;
    address memory = 0;
    if (ready(d) != 0) return NULL;
    const int code = d->MemAlloc(&memory, bytes);
    if (code == 0) return (void *)(uintptr_t)memory;
    cuda_fail(d, code, "%s does not give %zu MiB of memory", device->name, bytes >> 20);
    // What has memory keeps it, and can be used.
    if (code == OUT_OF_MEMORY) d->has_failed = 0;
    return NULL;
}

static void cuda_free(struct device *device, void *memory) {
    struct cuda *d = (struct cuda *)device;
    // Kernels that wait may use it.
    if (ready_after_launches(d) != 0) return;
    const int code = d->StreamSynchronize(d->stream);
    if (code == 0) d->MemFree((address)(uintptr_t)memory);
    if (code != 0) cuda_fail(d, code, "%s did not run all kernels", device->name);
}

static int cuda_write(struct device *device, void *memory, size_t offset, const void *from, size_t bytes) {
    struct cuda *d = (struct cuda *)device;
    if (ready_after_launches(d) != 0) return -1;
    int code = d->MemcpyHtoDAsync((address)(uintptr_t)memory + offset, from, bytes, d->stream);
    if (code == 0) code = d->StreamSynchronize(d->stream);
    return code == 0 ? 0 : cuda_fail(d, code, "%s does not accept %zu bytes", device->name, bytes);
}

static int cuda_read(struct device *device, void *memory, size_t offset, void *to, size_t bytes) {
    struct cuda *d = (struct cuda *)device;
    if (ready_after_launches(d) != 0) return -1;
    int code = d->MemcpyDtoHAsync(to, (address)(uintptr_t)memory + offset, bytes, d->stream);
    if (code == 0) code = d->StreamSynchronize(d->stream);
    return code == 0 ? 0 : cuda_fail(d, code, "%s does not give %zu bytes", device->name, bytes);
}

static int cuda_clear(struct device *device, void *memory, size_t bytes) {
    struct cuda *d = (struct cuda *)device;
    if (ready_after_launches(d) != 0) return -1;
    const int code = d->MemsetD32Async((address)(uintptr_t)memory, 0, bytes / 4, d->stream);
    return code == 0 ? 0 : cuda_fail(d, code, "%s does not clear %zu bytes", device->name, bytes);
}

static int cuda_copy(struct device *device, void *from, size_t source, void *to, size_t target, size_t bytes) {
    struct cuda *d = (struct cuda *)device;
    if (ready_after_launches(d) != 0) return -1;
    const address begin = (address)(uintptr_t)from + source, end = (address)(uintptr_t)to + target;
    const int code = d->MemcpyDtoDAsync(end, begin, bytes, d->stream);
    return code == 0 ? 0 : cuda_fail(d, code, "%s does not copy %zu bytes", device->name, bytes);
}

static int cuda_launch(
    struct device *device, void *kernel, void *memory, const void *arguments, size_t size, const size_t items[3],
    size_t group) {
    struct cuda *d = (struct cuda *)device;
    if (ready(d) != 0) return -1;
    return cuda_add_launch(d, kernel, (address)(uintptr_t)memory, arguments, size, items, group);
}

static const struct driver cuda = {
    .kind = "CUDA", .build = cuda_build, .kernel = cuda_kernel, .allocate = cuda_allocate, .free = cuda_free,
    .write = cuda_write, .read = cuda_read, .clear = cuda_clear, .copy = cuda_copy, .launch = cuda_launch,
    .close = cuda_close,
};

struct device *device_open_cuda(char *problem, size_t size, int *is_absent) {
    *is_absent = 0;
    struct cuda *d = device_new(&cuda, sizeof *d, problem, size);
    if (!d) return NULL;
    d->launches = cuda_launches();
    if (!d->launches) cuda_fail(d, 0, "no memory is left");
    if (d->launches && find_functions(d, is_absent) == 0 && find_device(d, is_absent) == 0 && use_device(d) == 0)
        return &d->device;
    device_give_up(&d->device, problem, size);
    return NULL;
}
