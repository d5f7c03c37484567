// A driver of CUDA whose device is the first of OpenCL's list. It runs the kernels' source of OpenCL in place of the compiled
// text that it is given, and is strict: what CUDA leaves undefined is an error. At the end it says how much it ran. The variable
// EIGENSWEEP_FAULT names a fault:
//   none           there is no device
//   init           the driver does not come up
//   capability     the device is an old one
//   context        it is in use by somebody else
//   old            the driver is older than the compiled kernels
//   bits           what is read from it has a wrong bit
//   memory BYTES   it has no more in one piece
//   launches N     it is lost after so many kernels
//   graphs         there is no memory for graphs

#include "stand_in.h"

#include "Kernels.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INVALID_VALUE 1
#define OUT_OF_MEMORY 2
#define NO_DEVICE 100
#define INVALID_CONTEXT 201
#define UNSUPPORTED_PTX_VERSION 222
#define INVALID_HANDLE 400
#define NOT_FOUND 500
#define ILLEGAL_ADDRESS 700
#define LAUNCH_FAILED 719
#define UNKNOWN 999

static int has(const char *name, long *number) {
    const char *fault = getenv("EIGENSWEEP_FAULT");
    const size_t length = strlen(name);
    if (!fault || strncmp(fault, name, length) != 0) return 0;
    *number = atol(fault + length);
    return 1;
}

// OpenCL, all of whose parameters are integers and pointers.
static void *queue, *device, *opencl, *program;

typedef intptr_t word;
static word call(const char *name, word a, word b, word c, word d, word e, word f, word g, word h, word i) {
    static void *library;
    if (!library) library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    word (*function)(word, word, word, word, word, word, word, word, word) = library ? dlsym(library, name) : NULL;
    if (!function) abort();
    return function(a, b, c, d, e, f, g, h, i);
}
#define WORDS(a, b, c, d, e, f, g, h, i, ...) \
    (word)(a), (word)(b), (word)(c), (word)(d), (word)(e), (word)(f), (word)(g), (word)(h), (word)(i)
#define CL(name, ...) call("cl" #name, WORDS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0, 0))
/// Of functions that give a status, which is an int.
#define FAILS(name, ...) ((int)CL(name, __VA_ARGS__) != 0)

static int begun, retained, is_lost;
static long kernels_run, graphs_run;
static char context;
static _Thread_local const void *current;

__attribute__((destructor)) static void tell(void) {
    if (begun) fprintf(stderr, "stand-in: %ld kernels, %ld graphs\n", kernels_run, graphs_run);
}

/// What every function asks before anything else.
#define CHECK                                     \
    if (is_lost) return LAUNCH_FAILED;            \
    if (!retained || current != &context) return INVALID_CONTEXT

int cuInit(uint32_t flags) {
    long number = 0;
    if (has("none", &number)) return NO_DEVICE;
    if (has("init", &number) || flags != 0) return UNKNOWN;
    void *platform = NULL;
    if (FAILS(GetPlatformIDs, 1, &platform, NULL) || FAILS(GetDeviceIDs, platform, 0xFFFFFFFF, 1, &device, NULL))
        return NO_DEVICE;
    begun = 1;
    return 0;
}

int cuDriverGetVersion(int *version) {
    *version = 12020;
    return 0;
}

int cuGetErrorString(int code, const char **words) {
    *words = code == OUT_OF_MEMORY ? "out of memory" : code == LAUNCH_FAILED ? "unspecified launch failure" : NULL;
    return *words ? 0 : INVALID_VALUE;
}

int cuDeviceGetCount(int *count) {
    *count = begun;
    return begun ? 0 : 3;
}

int cuDeviceGet(int *number, int index) {
    *number = 0;
    return index == 0 ? 0 : 101;
}

int cuDeviceGetName(char *name, int size, int number) {
    snprintf(name, (size_t)size, "Stand-in %d", number);
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int number) {
    long unused = 0;
    *value = attribute == 75 ? (has("capability", &unused) ? 6 : 9) : 0;
    return (attribute == 75 || attribute == 76) && number == 0 ? 0 : INVALID_VALUE;
}

int cuDevicePrimaryCtxSetFlags_v2(int number, uint32_t flags) { return number == 0 && flags <= 4 ? 0 : INVALID_VALUE; }

int cuDevicePrimaryCtxRetain(void **made, int number) {
    long unused = 0;
    if (number != 0) return 101;
    if (has("context", &unused)) return 46;
    int code = 0;
    if (!opencl) opencl = (void *)CL(CreateContext, NULL, 1, &device, NULL, NULL, &code);
    if (!queue) queue = (void *)CL(CreateCommandQueue, opencl, device, 0, &code);
    ++retained;
    *made = &context;
    return code == 0 ? 0 : UNKNOWN;
}

int cuDevicePrimaryCtxRelease_v2(int number) {
    if (number != 0 || retained == 0) return INVALID_CONTEXT;
    --retained;
    return 0;
}

int cuCtxSetCurrent(void *made) {
    current = made;
    return is_lost ? LAUNCH_FAILED : made == &context ? 0 : INVALID_CONTEXT;
}

static char stream;

int cuStreamCreate(void **made, uint32_t flags) {
    CHECK;
    *made = &stream;
    return flags == 1 ? 0 : INVALID_VALUE;
}

int cuStreamSynchronize(void *which) {
    CHECK;
    if (which != &stream) return INVALID_HANDLE;
    return FAILS(Finish, queue) ? UNKNOWN : 0;
}

int cuStreamDestroy_v2(void *which) {
    CHECK;
    return which == &stream ? 0 : INVALID_HANDLE;
}

// Memory lies at addresses that are given once, so that what has been freed is never found again.
static struct piece {
    uint64_t begin, bytes;
    void *buffer;
} pieces[1000];
static size_t piece_count;
static uint64_t next = 0x700000000000;

/// The memory that holds `bytes` bytes at an address.
static struct piece *find(uint64_t at, size_t bytes) {
    for (size_t i = 0; i < piece_count; ++i) {
        struct piece *p = &pieces[i];
        if (p->buffer && at >= p->begin && at - p->begin <= p->bytes && bytes <= p->bytes - (at - p->begin)) return p;
    }
    return NULL;
}

int cuMemGetInfo_v2(size_t *free, size_t *all) {
    CHECK;
    *free = *all = (size_t)1 << 34;
    return 0;
}

int cuMemAlloc_v2(uint64_t *memory, size_t bytes) {
    CHECK;
    long most = 0;
    if (bytes == 0) return INVALID_VALUE;
    if ((has("memory ", &most) && (long)bytes > most) || piece_count == 1000) return OUT_OF_MEMORY;
    int code = 0;
    const uint32_t unknown = 0x7FC12345; // Not a number, as memory of others may be.
    struct piece *p = &pieces[piece_count++];
    *p = (struct piece){next, bytes, (void *)CL(CreateBuffer, opencl, 1, bytes, NULL, &code)};
    next += (bytes + 0xFFFFF) / 0x100000 * 0x100000;
    *memory = p->begin;
    if (code != 0 || FAILS(EnqueueFillBuffer, queue, p->buffer, &unknown, 4, 0, bytes / 4 * 4, 0, NULL, NULL))
        return OUT_OF_MEMORY;
    return 0;
}

int cuMemFree_v2(uint64_t memory) {
    CHECK;
    struct piece *p = find(memory, 1);
    if (!p || p->begin != memory) return INVALID_VALUE;
    CL(ReleaseMemObject, p->buffer);
    p->buffer = NULL;
    return 0;
}

// Nothing of these has been done before the stream has been waited for.
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *which) {
    CHECK;
    struct piece *p = find(to, bytes);
    if (!p || which != &stream) return ILLEGAL_ADDRESS;
    return FAILS(EnqueueWriteBuffer, queue, p->buffer, 0, to - p->begin, bytes, from, 0, NULL, NULL) ? UNKNOWN : 0;
}

int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *which) {
    CHECK;
    long number = 0;
    struct piece *p = find(from, bytes);
    if (!p || which != &stream) return ILLEGAL_ADDRESS;
    // Not of a single number, which says whether all are finite.
    const int is_wrong = bytes > 4 && has("bits", &number);
    if (FAILS(EnqueueReadBuffer, queue, p->buffer, is_wrong, from - p->begin, bytes, to, 0, NULL, NULL)) return UNKNOWN;
    if (is_wrong) *(uint32_t *)to ^= 1;
    return 0;
}

int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *which) {
    CHECK;
    struct piece *p = find(from, bytes), *q = find(to, bytes);
    if (!p || !q || which != &stream) return ILLEGAL_ADDRESS;
    return FAILS(EnqueueCopyBuffer, queue, p->buffer, q->buffer, from - p->begin, to - q->begin, bytes, 0, NULL, NULL)
        ? UNKNOWN : 0;
}

int cuMemsetD32Async(uint64_t to, uint32_t value, size_t count, void *which) {
    CHECK;
    struct piece *p = find(to, 4 * count);
    if (!p || which != &stream || to % 4 != 0) return ILLEGAL_ADDRESS;
    return FAILS(EnqueueFillBuffer, queue, p->buffer, &value, 4, to - p->begin, 4 * count, 0, NULL, NULL) ? UNKNOWN : 0;
}

// Kernels, each with the size of the structure that it is given.
static struct function {
    void *kernel;
    size_t size;
} functions[200];
static size_t function_count;
static const char *compiled;

#define STRUCTURE(name) {"ek_" #name, sizeof(struct ek_##name)}
static const struct {
    const char *name;
    size_t size;
} structures[] = {
    STRUCTURE(values), STRUCTURE(planes), STRUCTURE(sizes), STRUCTURE(convolution), STRUCTURE(weight_gradient),
    STRUCTURE(table), STRUCTURE(packing), STRUCTURE(lanes), STRUCTURE(normalisation), STRUCTURE(modulation),
    STRUCTURE(heads), STRUCTURE(dropping), STRUCTURE(optimiser), STRUCTURE(finiteness),
};

int cuModuleLoadDataEx(void **made, const void *text, uint32_t count, int *options, void **values) {
    CHECK;
    long number = 0;
    if (has("old", &number)) return UNSUPPORTED_PTX_VERSION;
    if (!strstr(text, ".target sm_75") || count != 2 || options[0] != 5 || options[1] != 6) return INVALID_VALUE;
    ((char *)values[0])[0] = 0;
    compiled = text;
    int code = 0;
    const char *how = "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt -cl-kernel-arg-info";
    program = (void *)CL(CreateProgramWithSource, opencl, EK_SOURCE_PARTS, ek_opencl_source, NULL, &code);
    *made = &program;
    return code != 0 || FAILS(BuildProgram, program, 1, &device, how, NULL, NULL) ? UNKNOWN : 0;
}

int cuModuleUnload(void *module) {
    CHECK;
    return module == &program ? 0 : INVALID_HANDLE;
}

int cuModuleGetFunction(void **made, void *module, const char *name) {
    CHECK;
    char entry[100], type[100] = "";
    snprintf(entry, sizeof entry, ".entry %s(", name);
    if (module != &program) return INVALID_HANDLE;
    if (!strstr(compiled, entry) || function_count == 200) return NOT_FOUND;
    int code = 0;
    struct function *f = &functions[function_count++];
    f->kernel = (void *)CL(CreateKernel, program, name, &code);
    if (code != 0 || FAILS(GetKernelArgInfo, f->kernel, 1, 0x1198, sizeof type, type, NULL)) return NOT_FOUND;
    const char *last = strrchr(type, ' ');
    for (size_t i = 0; i < sizeof structures / sizeof *structures; ++i)
        if (strcmp(structures[i].name, last ? last + 1 : type) == 0) f->size = structures[i].size;
    *made = f;
    return f->size > 0 ? 0 : NOT_FOUND;
}

/// A kernel with all it is given.
struct node {
    struct function *function;
    uint32_t grid[3], block[3];
    uint64_t memory;
    unsigned char arguments[512];
};

static int fill(struct node *n, void *function, const uint32_t grid[3], const uint32_t block[3], uint32_t shared,
                void **parameters) {
    n->function = function;
    if (n->function < functions || n->function >= functions + function_count) return INVALID_HANDLE;
    for (int i = 0; i < 3; ++i) {
        if (grid[i] == 0 || (i > 0 && grid[i] > 65535) || grid[i] > INT32_MAX || block[i] == 0) return INVALID_VALUE;
        n->grid[i] = grid[i];
        n->block[i] = block[i];
    }
    if ((uint64_t)block[0] * block[1] * block[2] > 1024 || shared != 0) return INVALID_VALUE;
    memcpy(&n->memory, parameters[0], sizeof n->memory);
    memcpy(n->arguments, parameters[1], n->function->size);
    return 0;
}

static int run(const struct node *n) {
    long most = 0;
    if (has("launches ", &most) && kernels_run >= most) {
        is_lost = 1;
        return LAUNCH_FAILED;
    }
    ++kernels_run;
    struct piece *p = find(n->memory, 1);
    if (!p || p->begin != n->memory) return ILLEGAL_ADDRESS;
    size_t items[3], group[3];
    for (int i = 0; i < 3; ++i) {
        group[i] = n->block[i];
        items[i] = (size_t)n->grid[i] * group[i];
    }
    void *kernel = n->function->kernel;
    if (FAILS(SetKernelArg, kernel, 0, sizeof p->buffer, &p->buffer) ||
        FAILS(SetKernelArg, kernel, 1, n->function->size, n->arguments) ||
        FAILS(EnqueueNDRangeKernel, queue, kernel, 3, NULL, items, group, 0, NULL, NULL))
        return UNKNOWN;
    return 0;
}

int cuLaunchKernel(void *function, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                   uint32_t shared, void *which, void **parameters, void **extra) {
    CHECK;
    struct node node;
    if (which != &stream || extra) return INVALID_HANDLE;
    const int code = fill(&node, function, (uint32_t[]){a, b, c}, (uint32_t[]){d, e, f}, shared, parameters);
    return code == 0 ? run(&node) : code;
}

// A graph, of kernels in a row alone, and what is made of it to be run.
struct graph {
    size_t count;
    struct node nodes[1000];
};

struct told {
    void *function;
    uint32_t grid[3], block[3], shared;
    void **parameters, **extra;
};

int cuGraphCreate(void **made, uint32_t flags) {
    CHECK;
    *made = calloc(1, sizeof(struct graph));
    return flags == 0 && *made ? 0 : INVALID_VALUE;
}

int cuGraphAddKernelNode(void **made, struct graph *graph, void *const *before, size_t count, const struct told *told) {
    CHECK;
    const size_t place = graph->count;
    if (place == 1000 || count != (place > 0) || (count && before[0] != &graph->nodes[place - 1])) return INVALID_VALUE;
    *made = &graph->nodes[graph->count++];
    return fill(*made, told->function, told->grid, told->block, told->shared, told->parameters);
}

/// Its nodes are those of the graph that it was made of, by place.
struct runnable {
    const struct graph *of;
    struct graph graph;
};

int cuGraphInstantiateWithFlags(void **made, const struct graph *graph, unsigned long long flags) {
    CHECK;
    long number = 0;
    if (has("graphs", &number)) return OUT_OF_MEMORY;
    struct runnable *r = malloc(sizeof *r);
    if (!r || flags != 0) return INVALID_VALUE;
    *r = (struct runnable){graph, *graph};
    *made = r;
    return 0;
}

int cuGraphExecKernelNodeSetParams(struct runnable *r, struct node *node, const struct told *told) {
    CHECK;
    const size_t place = (size_t)(node - r->of->nodes);
    if (place >= r->graph.count || r->graph.nodes[place].function != told->function) return INVALID_VALUE;
    return fill(&r->graph.nodes[place], told->function, told->grid, told->block, told->shared, told->parameters);
}

int cuGraphLaunch(const struct runnable *r, void *which) {
    CHECK;
    if (which != &stream) return INVALID_HANDLE;
    ++graphs_run;
    int code = 0;
    for (size_t i = 0; code == 0 && i < r->graph.count; ++i) code = run(&r->graph.nodes[i]);
    return code;
}

int cuGraphExecDestroy(void *runnable) {
    CHECK;
    free(runnable);
    return 0;
}

int cuGraphDestroy(void *graph) {
    CHECK;
    free(graph);
    return 0;
}
