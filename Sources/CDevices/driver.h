#ifndef EIGENSWEEP_DRIVER_H
#define EIGENSWEEP_DRIVER_H

#include "cdevices.h"

#include <stdarg.h>

// What stands behind cdevices.h: each driver has these functions, which mean what those of a device there do.

struct driver {
    const char *kind;
    int (*build)(struct device *, const char *const *parts, size_t count);
    void *(*kernel)(struct device *, const char *name);
    void *(*allocate)(struct device *, size_t bytes);
    void (*free)(struct device *, void *memory);
    int (*write)(struct device *, void *memory, size_t offset, const void *from, size_t bytes);
    int (*read)(struct device *, void *memory, size_t offset, void *to, size_t bytes);
    int (*clear)(struct device *, void *memory, size_t bytes);
    int (*copy)(struct device *, void *from, size_t source, void *to, size_t target, size_t bytes);
    int (*launch)(struct device *, void *kernel, void *memory, const void *arguments, size_t size,
                  const size_t items[3], size_t group);
    void (*close)(struct device *);
};

/// What a driver's own structure begins with.
struct device {
    const struct driver *driver;
    uint64_t most;
    char name[300];
    char problem[600];
};

/// Zeros for a driver's structure of `size` bytes, or NULL with the reason in `problem`.
void *device_new(const struct driver *driver, size_t size, char *problem, size_t room);
/// Keeps a problem, and behind it in brackets the driver's `reason`, where there is one.
void device_fail(struct device *device, const char *reason, const char *format, va_list values);
/// Ends a device that could not be opened: its problem goes to `problem`.
void device_give_up(struct device *device, char *problem, size_t room);

#endif
