#include "cuda_graphs.h"

#include <stdlib.h>
#include <string.h>

// Few enough that a device computes while the host asks for the rest of a step.
#define MOST 256
// A graph of fewer saves nothing.
#define FEWEST 8
#define GRAPHS 64
#define MOST_BYTES 256

struct launch {
    // Two that agree in these are the same but for the numbers in their arguments, which a graph can be told anew.
    struct {
        void *function;
        address memory;
        uint32_t grid[3], group;
    } kind;
    size_t size;
    _Alignas(8) unsigned char arguments[MOST_BYTES];
};

/// A list that has been seen, and from the second time on its graph.
struct graph {
    uint64_t hash, used;
    size_t count;
    // As the graph was told last.
    struct launch *launches;
    void **nodes, *graph, *runnable;
    int is_refused;
};

struct launches {
    struct launch list[MOST];
    size_t count;
    struct graph graphs[GRAPHS];
    uint64_t clock;
};

struct launches *cuda_launches(void) { return calloc(1, sizeof(struct launches)); }

static struct kernel_node told(struct launch *launch, void *parameters[2]) {
    parameters[0] = &launch->kind.memory;
    parameters[1] = launch->arguments;
    const uint32_t *grid = launch->kind.grid;
    return (struct kernel_node){
        .function = launch->kind.function, .grid = {grid[0], grid[1], grid[2]},
        .block = {launch->kind.group, 1, 1}, .parameters = parameters,
    };
}

static int launch_one(struct cuda *d, struct launch *launch) {
    void *parameters[2];
    const struct kernel_node node = told(launch, parameters);
    const int code = d->LaunchKernel(
        node.function, node.grid[0], node.grid[1], node.grid[2], node.block[0], 1, 1, 0, d->stream, parameters, NULL);
    if (code == 0) return 0;
    return cuda_fail(d, code, "%s does not run a kernel of %u x %u x %u groups of %u items", d->device.name,
                     node.grid[0], node.grid[1], node.grid[2], node.block[0]);
}

/// Whatever runs of it is waited for.
static void drop(struct cuda *d, struct graph *g) {
    if (g->runnable) {
        d->StreamSynchronize(d->stream);
        d->GraphExecDestroy(g->runnable);
    }
    if (g->graph) d->GraphDestroy(g->graph);
    free(g->launches);
    free(g->nodes);
    *g = (struct graph){0};
}

void cuda_forget_launches(struct cuda *d) {
    if (!d->launches) return;
    for (size_t i = 0; i < GRAPHS; ++i) drop(d, &d->launches->graphs[i]);
    free(d->launches);
    d->launches = NULL;
}

static int is_of(const struct graph *g, const struct launches *all) {
    for (size_t i = 0; i < g->count; ++i)
        if (memcmp(&g->launches[i].kind, &all->list[i].kind, sizeof all->list[i].kind) != 0) return 0;
    return 1;
}

/// The graph of the list in hand, which may have to be made. NULL the first time, when the list takes the place of the one
/// that came last the longest ago.
static struct graph *find(struct cuda *d) {
    struct launches *all = d->launches;
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < all->count; ++i) {
        const unsigned char *bytes = (const unsigned char *)&all->list[i].kind;
        for (size_t k = 0; k < sizeof all->list[i].kind; ++k) hash = (hash ^ bytes[k]) * 0x100000001b3;
    }
    struct graph *oldest = all->graphs;
    for (struct graph *g = all->graphs; g < all->graphs + GRAPHS; ++g) {
        if (g->count == all->count && g->hash == hash) {
            g->used = ++all->clock;
            return g->is_refused || (g->launches && !is_of(g, all)) ? NULL : g;
        }
        if (g->used < oldest->used) oldest = g;
    }
    drop(d, oldest);
    *oldest = (struct graph){.hash = hash, .used = ++all->clock, .count = all->count};
    return NULL;
}

/// One node a kernel, each after the one before.
static int make(struct cuda *d, struct graph *g) {
    g->launches = malloc(g->count * sizeof *g->launches);
    g->nodes = calloc(g->count, sizeof *g->nodes);
    if (!g->launches || !g->nodes) return OUT_OF_MEMORY;
    memcpy(g->launches, d->launches->list, g->count * sizeof *g->launches);
    int code = d->GraphCreate(&g->graph, 0);
    for (size_t i = 0; code == 0 && i < g->count; ++i) {
        void *parameters[2];
        const struct kernel_node node = told(&g->launches[i], parameters);
        code = d->GraphAddKernelNode(&g->nodes[i], g->graph, i > 0 ? &g->nodes[i - 1] : NULL, i > 0, &node);
    }
    return code == 0 ? d->GraphInstantiate(&g->runnable, g->graph, 0) : code;
}

/// Tells it the numbers that have changed: steps of dropout and of the optimiser, places.
static int renew(struct cuda *d, struct graph *g) {
    int code = 0;
    for (size_t i = 0; code == 0 && i < g->count; ++i) {
        struct launch *old = &g->launches[i], *new = &d->launches->list[i];
        if (old->size == new->size && memcmp(old->arguments, new->arguments, new->size) == 0) continue;
        *old = *new;
        void *parameters[2];
        const struct kernel_node node = told(old, parameters);
        code = d->GraphExecSetParams(g->runnable, g->nodes[i], &node);
    }
    return code;
}

int cuda_start_launches(struct cuda *d) {
    struct launches *all = d->launches;
    struct graph *g = d->has_graphs && all->count >= FEWEST ? find(d) : NULL;
    if (g) {
        int code = g->runnable ? renew(d, g) : make(d, g);
        if (code == 0) code = d->GraphLaunch(g->runnable, d->stream);
        if (code == 0) {
            all->count = 0;
            return 0;
        }
        if (code != OUT_OF_MEMORY)
            return cuda_fail(d, code, "%s does not run a graph of %zu kernels", d->device.name, all->count);
        // One by one they need no more memory than they have.
        const struct graph known = *g;
        drop(d, g);
        *g = (struct graph){.hash = known.hash, .used = known.used, .count = known.count, .is_refused = 1};
    }
    for (size_t i = 0; i < all->count; ++i)
        if (launch_one(d, &all->list[i]) != 0) return -1;
    all->count = 0;
    return 0;
}

int cuda_add_launch(
    struct cuda *d, void *function, address memory, const void *arguments, size_t size, const size_t items[3],
    size_t group) {
    struct launches *all = d->launches;
    if (size > MOST_BYTES) return cuda_fail(d, 0, "a kernel's arguments have %zu bytes", size);
    if (all->count == MOST && cuda_start_launches(d) != 0) return -1;
    struct launch *launch = &all->list[all->count++];
    // Bytes between the fields count in the hash.
    memset(&launch->kind, 0, sizeof launch->kind);
    launch->kind.function = function;
    launch->kind.memory = memory;
    launch->kind.grid[0] = (uint32_t)(items[0] / group);
    launch->kind.grid[1] = (uint32_t)items[1];
    launch->kind.grid[2] = (uint32_t)items[2];
    launch->kind.group = (uint32_t)group;
    launch->size = size;
    memcpy(launch->arguments, arguments, size);
    return 0;
}
