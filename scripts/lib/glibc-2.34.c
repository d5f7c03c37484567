/* What glibc has since 2.34 of that Swift's and C++'s libraries call, for a coordinator that starts on 2.34 too. The linker
   gives every call of these functions to those here (--wrap). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

/* The later ones differ in how they report overflow alone. */
double earlier_hypot(double x, double y);
float earlier_hypotf(float x, float y);
__asm__(".symver earlier_hypot, hypot@GLIBC_2.2.5");
__asm__(".symver earlier_hypotf, hypotf@GLIBC_2.2.5");

double __wrap_hypot(double x, double y) { return earlier_hypot(x, y); }
float __wrap_hypotf(float x, float y) { return earlier_hypotf(x, y); }

uint32_t __wrap_arc4random(void) {
    uint32_t value;
    if (getrandom(&value, sizeof value, 0) != sizeof value) abort();
    return value;
}

struct object_search {
    uintptr_t address;
    struct dl_find_object *found;
};

static int look(struct dl_phdr_info *object, size_t size, void *context) {
    struct object_search *search = context;
    uintptr_t start = 0, end = 0, frames = 0;
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const uintptr_t begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
        const uintptr_t over = begin + object->dlpi_phdr[i].p_memsz;
        if (object->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME) frames = begin;
        if (object->dlpi_phdr[i].p_type != PT_LOAD || search->address < begin || search->address >= over) continue;
        start = begin;
        end = over;
    }
    if (end == 0 || frames == 0) return 0;
    search->found->dlfo_flags = 0;
    search->found->dlfo_map_start = (void *)start;
    search->found->dlfo_map_end = (void *)end;
    search->found->dlfo_link_map = NULL;
    search->found->dlfo_eh_frame = (void *)frames;
    return 1;
}

/* How unwinding finds the frames of an address: as it did before, by asking for every object. */
int __wrap__dl_find_object(void *address, struct dl_find_object *found) {
    struct object_search search = {(uintptr_t)address, found};
    return dl_iterate_phdr(look, &search) == 1 ? 0 : -1;
}
