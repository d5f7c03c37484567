// Usage: nvrtc LIBRARY FILE
// Compiles the kernels' source of CUDA by NVRTC, whose library is LIBRARY, and writes what comes to FILE.

#include "device_source.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void end(const char *what, const char *why) {
    fprintf(stderr, "nvrtc: %s: %s\n", what, why);
    exit(1);
}

static void *find(void *library, const char *name) {
    void *function = dlsym(library, name);
    if (!function) end(name, "the library has no such function");
    return function;
}

/// A text of the program: its size is asked for by one function, and the text by another.
static char *text(void *library, void *program, const char *of_size, const char *of_text) {
    size_t size = 0;
    ((int (*)(void *, size_t *))find(library, of_size))(program, &size);
    char *found = calloc(1, size + 1);
    if (!found || ((int (*)(void *, char *))find(library, of_text))(program, found) != 0) end(of_text, "fails");
    return found;
}

int main(int count, char **words) {
    if (count != 3) end("usage", "nvrtc LIBRARY FILE");
    void *library = dlopen(words[1], RTLD_NOW);
    if (!library) end(words[1], dlerror());
    size_t length = 1;
    for (int part = 0; part < EK_SOURCE_PARTS; ++part) length += strlen(ek_cuda_source[part]);
    char *source = calloc(1, length);
    if (!source) end(words[2], "no memory is left");
    for (int part = 0; part < EK_SOURCE_PARTS; ++part) strcat(source, ek_cuda_source[part]);

    void *program = NULL;
    int (*create)(void **, const char *, const char *, int, void *, void *) = find(library, "nvrtcCreateProgram");
    int (*compile)(void *, int, const char *const *) = find(library, "nvrtcCompileProgram");
    if (create(&program, source, "kernels.cu", 0, NULL, NULL) != 0) end(words[1], "makes no program");
    // As DeviceSourceTests has them: the CPU's bits depend on each.
    const char *options[] = {
        "--gpu-architecture=compute_75", "--prec-div=true", "--prec-sqrt=true", "--ftz=false", "--fmad=false"};
    if (compile(program, sizeof options / sizeof *options, options) != 0)
        end("the kernels", text(library, program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog"));
    FILE *file = fopen(words[2], "w");
    if (!file) end(words[2], "cannot be written");
    fprintf(file, EK_CUDA_PROGRAM_LINE, (unsigned long long)ek_cuda_source_hash());
    fputs(text(library, program, "nvrtcGetPTXSize", "nvrtcGetPTX"), file);
    if (fclose(file) != 0) end(words[2], "cannot be written");
    return 0;
}
