#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

static char words[512];
static const char *last_event;

/* A failed allocation traps or aborts, and errno is ENOMEM then. */
static void tell(int signal_number) {
    if (errno == ENOMEM) {
        if (write(2, words, strlen(words)) < 0) {}
        if (last_event && write(1, last_event, strlen(last_event)) < 0) {}
        _exit(1);
    }
    /* The handler was reset by SA_RESETHAND: the signal raised again ends the program as without it. */
    raise(signal_number);
}

void posix_tell_lack_of_memory(const char *program) {
    struct rlimit limit;
    const int is_limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    if (is_limited) {
        snprintf(words, sizeof words,
                 "%s: there is no memory left: this process may have %llu MiB of address space (ulimit -v)\n", program,
                 (unsigned long long)limit.rlim_cur >> 20);
    } else {
        snprintf(words, sizeof words, "%s: there is no memory left: the system gives this process no more\n", program);
    }
    static char stack[1 << 16];
    const stack_t place = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&place, NULL);
    struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESETHAND | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    static const int signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        /* A handler that was set before, for a backtrace perhaps, stays. */
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) < 0 || before.sa_handler != SIG_DFL) continue;
        sigaction(signals[i], &action, NULL);
    }
    errno = 0;
}

void posix_tell_lack_of_memory_as(const char *event) { last_event = event; }
