#include <stdlib.h>
#include <sys/mman.h>

#include "MeasureKernels.h"

bool mk_cpu_runs_blas(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

/* The size of one buffer of OpenBLAS, with what it adds for alignment. OpenBLAS keeps the first buffer and uses it again. */
static const size_t blas_buffer = ((size_t)32 << 22) + ((size_t)2 << 20);

bool mk_memory_runs_blas(void) {
    void *place = mmap(NULL, blas_buffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) return false;
    munmap(place, blas_buffer);
    return true;
}

bool mk_cpu_has_avx512(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

/* OpenBLAS chooses kernels by CPU and environment, and each rounds differently. A constructor this early runs before
   the choice in a static executable, so that eigenvectors are the same bits on every host. */
__attribute__((constructor(101))) static void pin_blas(void) {
    static const char *const meddling[] = {
        "OPENBLAS_L2_SIZE",     "OPENBLAS_BLOCK_FACTOR", "OPENBLAS_MAIN_FREE", "OPENBLAS_THREAD_TIMEOUT",
        "OPENBLAS_VERBOSE",     "GOTO_NUM_THREADS",      "OMP_NUM_THREADS",    "OPENBLAS_DEFAULT_NUM_THREADS",
        "GOTOBLAS_MAIN_FREE",
    };
    for (size_t i = 0; i < sizeof meddling / sizeof *meddling; i++) unsetenv(meddling[i]);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    if (mk_cpu_runs_blas()) setenv("OPENBLAS_CORETYPE", "Haswell", 1);
}
