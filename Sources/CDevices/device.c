// The functions of cdevices.h, each by the device's driver.

#include "driver.h"

#include <stdio.h>
#include <stdlib.h>

void *device_new(const struct driver *driver, size_t size, char *problem, size_t room) {
    struct device *d = calloc(1, size);
    if (d)
        d->driver = driver;
    else
        snprintf(problem, room, "no memory is left");
    return d;
}

void device_fail(struct device *d, const char *reason, const char *format, va_list values) {
    const int length = vsnprintf(d->problem, sizeof d->problem, format, values);
    if (reason && length > 0 && (size_t)length < sizeof d->problem)
        snprintf(d->problem + length, sizeof d->problem - (size_t)length, " (%s)", reason);
}

void device_give_up(struct device *d, char *problem, size_t room) {
    snprintf(problem, room, "%s", d->problem);
    device_close(d);
}

void device_close(struct device *d) {
    // Libraries stay: drivers have threads of their own, whose code must not go.
    d->driver->close(d);
    free(d);
}

const char *device_kind(const struct device *d) { return d->driver->kind; }
const char *device_name(const struct device *d) { return d->name; }
uint64_t device_memory(const struct device *d) { return d->most; }
const char *device_problem(const struct device *d) { return d->problem; }

int device_build(struct device *d, const char *const *parts, size_t count) { return d->driver->build(d, parts, count); }
void *device_kernel(struct device *d, const char *name) { return d->driver->kernel(d, name); }
void *device_allocate(struct device *d, size_t bytes) { return d->driver->allocate(d, bytes); }
void device_free(struct device *d, void *memory) { d->driver->free(d, memory); }

int device_write(struct device *d, void *memory, size_t offset, const void *from, size_t bytes) {
    return d->driver->write(d, memory, offset, from, bytes);
}

int device_read(struct device *d, void *memory, size_t offset, void *to, size_t bytes) {
    return d->driver->read(d, memory, offset, to, bytes);
}

int device_clear(struct device *d, void *memory, size_t bytes) { return d->driver->clear(d, memory, bytes); }

int device_copy(struct device *d, void *from, size_t source, void *to, size_t target, size_t bytes) {
    return d->driver->copy(d, from, source, to, target, bytes);
}

int device_launch(
    struct device *d, void *kernel, void *memory, const void *arguments, size_t size, const size_t items[3],
    size_t group) {
    return d->driver->launch(d, kernel, memory, arguments, size, items, group);
}
