#include "CPosix.h"

#include <errno.h>

long long posix_monotonic_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

double posix_monotonic_seconds(void) { return (double)posix_monotonic_nanoseconds() / 1e9; }

double posix_wall_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int posix_write_all(int descriptor, const void *bytes, size_t count, int waits) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(descriptor, rest, count);
        if (written >= 0) {
            rest += written;
            count -= (size_t)written;
        } else if (errno == EAGAIN && waits) {
            struct pollfd waiting = {.fd = descriptor, .events = POLLOUT};
            poll(&waiting, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

int posix_start_thread(size_t stack, void *(*body)(void *), void *argument, pthread_t *thread) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (stack > 0) pthread_attr_setstacksize(&attributes, stack);
    if (!thread) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t started;
    int code = pthread_create(thread ? thread : &started, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    return code;
}
