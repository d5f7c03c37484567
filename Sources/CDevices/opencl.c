// OpenCL 1.2, by functions and constants of its public headers, which need not be installed.

#include "driver.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int32_t status;
typedef uint64_t bitfield;

#define DEVICE_TYPE_ALL ((bitfield)0xFFFFFFFF)
#define DEVICE_TYPE 0x1000
#define DEVICE_TYPE_CPU 2
#define DEVICE_MAX_MEM_ALLOC_SIZE 0x1010
#define DEVICE_SINGLE_FP_CONFIG 0x101B
#define DEVICE_NAME 0x102B
#define DRIVER_VERSION 0x102D
#define DEVICE_DOUBLE_FP_CONFIG 0x1032
#define PROGRAM_BUILD_LOG 0x1183
#define MEM_READ_WRITE 1
#define FP_DENORM 1
#define FP_ROUND_TO_NEAREST 4
#define FP_FMA 32
#define FP_CORRECTLY_ROUNDED_DIVIDE_SQRT 128

#define FUNCTIONS(F)                                                                                                  \
    F(status, GetPlatformIDs, (uint32_t, void **, uint32_t *))                                                        \
    F(status, GetDeviceIDs, (void *, bitfield, uint32_t, void **, uint32_t *))                                        \
    F(status, GetDeviceInfo, (void *, uint32_t, size_t, void *, size_t *))                                            \
    F(void *, CreateContext, (const void *, uint32_t, void *const *, void *, void *, status *))                       \
    F(void *, CreateCommandQueue, (void *, void *, bitfield, status *))                                               \
    F(void *, CreateProgramWithSource, (void *, uint32_t, const char **, const size_t *, status *))                   \
    F(status, BuildProgram, (void *, uint32_t, void *const *, const char *, void *, void *))                          \
    F(status, GetProgramBuildInfo, (void *, void *, uint32_t, size_t, void *, size_t *))                              \
    F(void *, CreateKernel, (void *, const char *, status *))                                                         \
    F(status, SetKernelArg, (void *, uint32_t, size_t, const void *))                                                 \
    F(void *, CreateBuffer, (void *, bitfield, size_t, void *, status *))                                             \
    F(status, EnqueueWriteBuffer,                                                                                     \
      (void *, void *, uint32_t, size_t, size_t, const void *, uint32_t, const void *, void *))                       \
    F(status, EnqueueReadBuffer,                                                                                      \
      (void *, void *, uint32_t, size_t, size_t, void *, uint32_t, const void *, void *))                             \
    F(status, EnqueueCopyBuffer, (void *, void *, void *, size_t, size_t, size_t, uint32_t, const void *, void *))    \
    F(status, EnqueueFillBuffer,                                                                                      \
      (void *, void *, const void *, size_t, size_t, size_t, uint32_t, const void *, void *))                         \
    F(status, EnqueueNDRangeKernel,                                                                                   \
      (void *, void *, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t, const void *, void *))     \
    F(status, Finish, (void *))                                                                                       \
    F(status, ReleaseMemObject, (void *))                                                                             \
    F(status, ReleaseKernel, (void *))                                                                                \
    F(status, ReleaseProgram, (void *))                                                                               \
    F(status, ReleaseCommandQueue, (void *))                                                                          \
    F(status, ReleaseContext, (void *))

#define KERNELS 128

struct opencl {
    struct device device;
    void *library;
    void *number, *context, *queue, *program;
    void *kernels[KERNELS];
    size_t kernel_count;
#define FUNCTION(type, name, parameters) type (*name) parameters;
    FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static status fail(struct opencl *d, status code, const char *format, ...) {
    char reason[40];
    snprintf(reason, sizeof reason, "OpenCL's error %d", code);
    va_list values;
    va_start(values, format);
    device_fail(&d->device, code == 0 ? NULL : reason, format, values);
    va_end(values);
    return code == 0 ? -1 : code;
}

/// The functions of the library that is loaded.
static int find_functions(struct opencl *d) {
    d->library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!d->library) return fail(d, 0, "this host has no libOpenCL.so.1, by which drivers of devices are found");
#define FUNCTION(type, name, parameters)                                             \
    *(void **)&d->name = dlsym(d->library, "cl" #name);                              \
    if (!d->name) return fail(d, 0, "libOpenCL.so.1 has no function cl" #name);
    FUNCTIONS(FUNCTION)
#undef FUNCTION
    return 0;
}

static int find_device(struct opencl *d, int number) {
    void *platforms[16], *devices[64];
    uint32_t platform_count = 0, seen = 0;
    const status code = d->GetPlatformIDs(16, platforms, &platform_count);
    // A loader without any driver says that by an error.
    if (code != 0) platform_count = 0;
    for (uint32_t p = 0; p < platform_count && p < 16; ++p) {
        uint32_t count = 0;
        if (d->GetDeviceIDs(platforms[p], DEVICE_TYPE_ALL, 64, devices, &count) != 0) continue;
        if (count > 64) count = 64;
        for (uint32_t i = 0; i < count; ++i, ++seen) {
            bitfield type = 0;
            d->GetDeviceInfo(devices[i], DEVICE_TYPE, sizeof type, &type, NULL);
            if (number < 0 ? (type & DEVICE_TYPE_CPU) != 0 : (uint32_t)number != seen) continue;
            d->number = devices[i];
            return 0;
        }
    }
    const char *noun = seen == 1 ? "device" : "devices";
    if (number < 0) return fail(d, 0, "OpenCL names %u %s here, and none but CPUs", seen, noun);
    return fail(d, 0, "OpenCL names %u %s here, and number %d was asked for", seen, noun, number);
}

/// What its numbers do not do, if anything.
static int check_numbers(struct opencl *d) {
    const bitfield wanted = FP_DENORM | FP_ROUND_TO_NEAREST | FP_FMA;
    bitfield single = 0, precise = 0;
    char name[200] = "", version[90] = "";
    d->GetDeviceInfo(d->number, DEVICE_NAME, sizeof name - 1, name, NULL);
    d->GetDeviceInfo(d->number, DRIVER_VERSION, sizeof version - 1, version, NULL);
    snprintf(d->device.name, sizeof d->device.name, "%s, driver %s", name, version);
    d->GetDeviceInfo(d->number, DEVICE_MAX_MEM_ALLOC_SIZE, sizeof d->device.most, &d->device.most, NULL);
    d->GetDeviceInfo(d->number, DEVICE_SINGLE_FP_CONFIG, sizeof single, &single, NULL);
    d->GetDeviceInfo(d->number, DEVICE_DOUBLE_FP_CONFIG, sizeof precise, &precise, NULL);
    if ((single & wanted) != wanted || !(single & FP_CORRECTLY_ROUNDED_DIVIDE_SQRT))
        return fail(d, 0, "%s does not round float32 as IEEE 754 says", d->device.name);
    if ((precise & wanted) != wanted) return fail(d, 0, "%s has no float64 of IEEE 754", d->device.name);
    return 0;
}

static void opencl_close(struct device *device) {
    struct opencl *d = (struct opencl *)device;
    if (d->queue) d->Finish(d->queue);
    for (size_t i = 0; i < d->kernel_count; ++i) d->ReleaseKernel(d->kernels[i]);
    if (d->program) d->ReleaseProgram(d->program);
    if (d->queue) d->ReleaseCommandQueue(d->queue);
    if (d->context) d->ReleaseContext(d->context);
}

static int opencl_build(struct device *device, const char *const *parts, size_t count) {
    struct opencl *d = (struct opencl *)device;
    status code = 0;
    d->program = d->CreateProgramWithSource(d->context, (uint32_t)count, (const char **)parts, NULL, &code);
    if (!d->program) return fail(d, code, "%s takes no program", device->name);
    const char *options = "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt";
    code = d->BuildProgram(d->program, 1, &d->number, options, NULL, NULL);
    if (code == 0) return 0;
    char log[400] = "";
    size_t length = 0;
    d->GetProgramBuildInfo(d->program, d->number, PROGRAM_BUILD_LOG, 0, NULL, &length);
    char *whole = calloc(1, length + 1);
    if (whole) d->GetProgramBuildInfo(d->program, d->number, PROGRAM_BUILD_LOG, length, whole, NULL);
    const char *first = whole ? strstr(whole, "error") : NULL;
    snprintf(log, sizeof log, "%s", first ? first : whole ? whole : "");
    free(whole);
    return fail(d, code, "%s cannot compile the kernels: %s", device->name, log);
}

static void *opencl_kernel(struct device *device, const char *name) {
    struct opencl *d = (struct opencl *)device;
    status code = 0;
    void *kernel = d->kernel_count < KERNELS ? d->CreateKernel(d->program, name, &code) : NULL;
    if (kernel) {
        d->kernels[d->kernel_count++] = kernel;
    } else {
        fail(d, code, "%s has no kernel %s", device->name, name);
    }
    return kernel;
}

static void *opencl_allocate(struct device *device, size_t bytes) {
    struct opencl *d = (struct opencl *)device;
    status code = 0;
    void *memory = d->CreateBuffer(d->context, MEM_READ_WRITE, bytes, NULL, &code);
    if (!memory) fail(d, code, "%s does not give %zu MiB of memory", device->name, bytes >> 20);
    return memory;
}

static void opencl_free(struct device *device, void *memory) { ((struct opencl *)device)->ReleaseMemObject(memory); }

static int opencl_write(struct device *device, void *memory, size_t offset, const void *from, size_t bytes) {
    struct opencl *d = (struct opencl *)device;
    const status code = d->EnqueueWriteBuffer(d->queue, memory, 1, offset, bytes, from, 0, NULL, NULL);
    return code == 0 ? 0 : fail(d, code, "%s does not accept %zu bytes", device->name, bytes);
}

static int opencl_read(struct device *device, void *memory, size_t offset, void *to, size_t bytes) {
    struct opencl *d = (struct opencl *)device;
    const status code = d->EnqueueReadBuffer(d->queue, memory, 1, offset, bytes, to, 0, NULL, NULL);
    return code == 0 ? 0 : fail(d, code, "%s does not give %zu bytes", device->name, bytes);
}

static int opencl_clear(struct device *device, void *memory, size_t bytes) {
    struct opencl *d = (struct opencl *)device;
    const float zero = 0;
    const status code = d->EnqueueFillBuffer(d->queue, memory, &zero, sizeof zero, 0, bytes, 0, NULL, NULL);
    return code == 0 ? 0 : fail(d, code, "%s does not clear %zu bytes", device->name, bytes);
}

static int opencl_copy(struct device *device, void *from, size_t source, void *to, size_t target, size_t bytes) {
    struct opencl *d = (struct opencl *)device;
    const status code = d->EnqueueCopyBuffer(d->queue, from, to, source, target, bytes, 0, NULL, NULL);
    return code == 0 ? 0 : fail(d, code, "%s does not copy %zu bytes", device->name, bytes);
}

static int opencl_launch(
    struct device *device, void *kernel, void *memory, const void *arguments, size_t size, const size_t items[3],
    size_t group) {
    struct opencl *d = (struct opencl *)device;
    status code = d->SetKernelArg(kernel, 0, sizeof memory, &memory);
    if (code == 0) code = d->SetKernelArg(kernel, 1, size, arguments);
    const size_t local[3] = {group, 1, 1};
    if (code == 0) code = d->EnqueueNDRangeKernel(d->queue, kernel, 3, NULL, items, local, 0, NULL, NULL);
    return code == 0 ? 0 : fail(d, code, "%s does not run a kernel of %zu x %zu x %zu items", device->name, items[0],
                                items[1], items[2]);
}

static const struct driver opencl = {
    .kind = "OpenCL", .build = opencl_build, .kernel = opencl_kernel, .allocate = opencl_allocate, .free = opencl_free,
    .write = opencl_write, .read = opencl_read, .clear = opencl_clear, .copy = opencl_copy, .launch = opencl_launch,
    .close = opencl_close,
};

struct device *device_open_opencl(int number, char *problem, size_t size) {
    struct opencl *d = device_new(&opencl, sizeof *d, problem, size);
    if (!d) return NULL;
    if (find_functions(d) == 0 && find_device(d, number) == 0 && check_numbers(d) == 0) {
        status code = 0;
        d->context = d->CreateContext(NULL, 1, &d->number, NULL, NULL, &code);
        if (d->context) d->queue = d->CreateCommandQueue(d->context, d->number, 0, &code);
        if (d->queue) return &d->device;
        fail(d, code, "%s cannot be used", d->device.name);
    }
    device_give_up(&d->device, problem, size);
    return NULL;
}
