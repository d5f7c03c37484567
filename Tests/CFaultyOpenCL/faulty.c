// The system's OpenCL, but for the fault that the variable EIGENSWEEP_FAULT names:
//   context        the device is in use by somebody else
//   gpu            it says that it is no CPU
//   numbers        it does not round as IEEE 754 says
//   build          it cannot compile
//   bits           what is read from it has a wrong bit
//   memory BYTES   it has no more in one piece
//   launches N     it is lost after so many kernels

#include "faulty.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOT_AVAILABLE (-2)
#define NO_MEMORY (-4)
#define NO_RESOURCES (-5)
#define BUILD_FAILED (-11)
#define DEVICE_TYPE 0x1000
#define DEVICE_TYPE_GPU 4
#define SINGLE_FP_CONFIG 0x101B
#define CORRECTLY_ROUNDED 128

static int has(const char *name, long *number) {
    const char *fault = getenv("EIGENSWEEP_FAULT");
    const size_t length = strlen(name);
    if (!fault || strncmp(fault, name, length) != 0) return 0;
    *number = atol(fault + length);
    return 1;
}

/// Of the system's library, which another of its name is loaded beside.
static void *real(const char *name) {
    static void *library;
    if (!library) library = dlopen("/usr/lib/x86_64-linux-gnu/libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    void *function = library ? dlsym(library, name) : NULL;
    if (!function) abort();
    return function;
}

// All of their parameters are integers and pointers, at most nine, so that each can be called with nine.
typedef intptr_t word;
#define WORDS word a, word b, word c, word d, word e, word f, word g, word h, word i
#define PASS(name) ((word(*)(WORDS))real("cl" #name))(a, b, c, d, e, f, g, h, i)
#define FUNCTION(name, ...)                                                                       \
    word cl##name(WORDS) {                                                                        \
        long number = 0;                                                                          \
        (void)number;                                                                             \
        __VA_ARGS__ return PASS(name);                                                            \
    }
#define GIVES(fault, code, place)                   \
    if (has(fault, &number)) {                      \
        *(int32_t *)(place) = code;                 \
        return 0;                                   \
    }

FUNCTION(GetPlatformIDs)
FUNCTION(GetDeviceIDs)
FUNCTION(CreateContext, GIVES("context", NOT_AVAILABLE, f))
FUNCTION(CreateCommandQueue)
FUNCTION(CreateProgramWithSource)
FUNCTION(BuildProgram, if (has("build", &number)) return BUILD_FAILED;)
FUNCTION(GetProgramBuildInfo)
FUNCTION(CreateKernel)
FUNCTION(SetKernelArg)
FUNCTION(CreateBuffer, if (!has("memory ", &number) || c <= number) return PASS(CreateBuffer);
         GIVES("memory ", NO_MEMORY, e))
FUNCTION(EnqueueWriteBuffer)
FUNCTION(EnqueueCopyBuffer)
FUNCTION(EnqueueFillBuffer)
FUNCTION(EnqueueNDRangeKernel, static long launches;
         if (has("launches ", &number) && launches++ >= number) return NO_RESOURCES;)
FUNCTION(Finish)
FUNCTION(ReleaseMemObject)
FUNCTION(ReleaseKernel)
FUNCTION(ReleaseProgram)
FUNCTION(ReleaseCommandQueue)
FUNCTION(ReleaseContext)

word clGetDeviceInfo(WORDS) {
    long number = 0;
    const word code = PASS(GetDeviceInfo);
    if (b == DEVICE_TYPE && d && has("gpu", &number)) *(uint64_t *)d = DEVICE_TYPE_GPU;
    if (b == SINGLE_FP_CONFIG && has("numbers", &number)) *(uint64_t *)d &= ~(uint64_t)CORRECTLY_ROUNDED;
    return code;
}

word clEnqueueReadBuffer(WORDS) {
    long number = 0;
    const word code = PASS(EnqueueReadBuffer);
    // Not of a single number, which says whether all are finite.
    if (e > 4 && has("bits", &number)) *(uint32_t *)f ^= 1;
    return code;
}
