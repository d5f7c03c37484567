// What CUDA's compiler made of the kernels' source, where scripts/lib/cuda-programs had it at hand before the build. Its first
// line tells of which source: kernels of another one would compute something else.

#include "device_source.h"

#include <stdio.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wc23-extensions" // #embed

uint64_t ek_cuda_source_hash(void) {
    uint64_t hash = 0xcbf29ce484222325;
    for (int part = 0; part < EK_SOURCE_PARTS; ++part)
        for (const char *byte = ek_cuda_source[part]; *byte; ++byte)
            hash = (hash ^ (unsigned char)*byte) * 0x100000001b3;
    return hash;
}

#if __has_embed("cuda/kernels.ptx") == 1
static const char program[] = {
#embed "cuda/kernels.ptx"
    , 0};
#else
static const char program[] = "";
#endif

const char *ek_cuda_program(void) {
    char line[40];
    const int length = snprintf(line, sizeof line, EK_CUDA_PROGRAM_LINE, (unsigned long long)ek_cuda_source_hash());
    return strncmp(program, line, (size_t)length) == 0 ? program : NULL;
}
