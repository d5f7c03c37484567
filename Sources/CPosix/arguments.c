#include "ProcessArguments.h"

#include <stddef.h>

static int argument_count;
static char **argument_values;

/* glibc calls constructors with the arguments of main. */
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    argument_values = values;
}

int posix_argument_count(void) { return argument_count; }

const char *posix_argument(int index) {
    return index >= 0 && index < argument_count ? argument_values[index] : NULL;
}
