#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

static char **list_of(const char *text, size_t count) {
    char **list = calloc(count + 1, sizeof *list);
    if (!list) return NULL;
    for (size_t i = 0; i < count; i++) {
        list[i] = (char *)text;
        text += strlen(text) + 1;
    }
    return list;
}

/* The signals that this process ignores, by its own will or by its parent's. */
static int is_ignored[NSIG];

static void note_ignored(void) {
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;
        is_ignored[signal] = sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
    /* This process may ignore SIGPIPE at any later time. */
    is_ignored[SIGPIPE] = 1;
}

enum { MOST_KEPT = 256 };

/* Makes the child of a vfork, which has its parent's memory but its own signals and descriptors, the program. Returns
   only when that fails, with an errno value. */
static int become(
    const struct posix_program *program, const int *kept, size_t count, char **arguments, char **environment) {
    if (program->own_session ? setsid() < 0 : setpgid(0, 0) < 0) return errno;
    if (program->directory && chdir(program->directory) < 0) return errno;
    const int streams[] = {program->input, program->output, program->error};
    for (int place = 0; place < 3; place++) {
        if (streams[place] == place ? fcntl(place, F_SETFD, 0) < 0 : dup2(streams[place], place) < 0) return errno;
    }
    /* All kept descriptors are first moved out of the way: one may stand where another is to go. */
    const int end = 3 + (int)count;
    int aside[MOST_KEPT];
    for (size_t i = 0; i < count; i++) {
        if ((aside[i] = fcntl(kept[i], F_DUPFD, end)) < 0) return errno;
    }
    for (size_t i = 0; i < count; i++) {
        if (dup2(aside[i], 3 + (int)i) < 0) return errno;
    }
    if (close_range((unsigned)end, ~0U, 0) < 0) {
        /* Linux before 5.9 has no close_range. */
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return errno;
        for (rlim_t descriptor = (rlim_t)end; descriptor < limit.rlim_cur; descriptor++) close((int)descriptor);
    }
    /* execve takes handlers away, but ignored signals stay ignored. */
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++) {
        if (is_ignored[signal]) sigaction(signal, &usual, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(program->path, arguments, environment);
    return errno;
}

static long long raise_descriptor_limit(void) {
    const rlim_t most = 1 << 20;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return most;
    const rlim_t before = limit.rlim_cur;
    const rlim_t wanted = limit.rlim_max < most ? limit.rlim_max : most;
    if (wanted <= before) return (long long)before;
    limit.rlim_cur = wanted;
    return (long long)(setrlimit(RLIMIT_NOFILE, &limit) < 0 ? before : wanted);
}

long long posix_raise_descriptor_limit(void) {
    const long long limit = raise_descriptor_limit();
    /* Whoever started this had a higher limit; no other program can be started beside such descriptors. */
    close_range((unsigned)limit, ~0U, 0);
    return limit;
}

int posix_start_program(const struct posix_program *program, pid_t *pid) {
    return posix_start_program_keeping(program, NULL, 0, pid);
}

int posix_start_program_keeping(
    const struct posix_program *program, const int *kept, size_t count, pid_t *pid) {
    if (count > MOST_KEPT) return EMFILE;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, note_ignored);
    char **arguments = list_of(program->arguments, program->argument_count);
    char **environment = list_of(program->environment, program->environment_count);
    volatile int failure = arguments && environment ? 0 : ENOMEM;
    if (!failure) {
        /* The child has this process's memory, so that no handler may run in it. */
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        const pid_t child = vfork();
        if (child == 0) {
            failure = become(program, kept, count, arguments, environment);
            _exit(127);
        }
        if (child < 0) failure = errno;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (child > 0 && failure) {
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        }
        *pid = child;
    }
    free(arguments);
    free(environment);
    return failure;
}

static int local_address(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address->sun_path, path);
    return 0;
}

int posix_listen_local(const char *path) {
    struct sockaddr_un address;
    if (local_address(path, &address)) return -1;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    mode_t mask = umask(0177);
    int rc = bind(descriptor, (struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (rc == 0) rc = listen(descriptor, 8);
    if (rc < 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

static int connect_local(const char *path, int flags) {
    struct sockaddr_un address;
    if (local_address(path, &address)) return -1;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (descriptor < 0) return -1;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return descriptor;
}

int posix_connect_local(const char *path) { return connect_local(path, 0); }

int posix_try_connect_local(const char *path) { return connect_local(path, SOCK_NONBLOCK); }

long long posix_peer_user(int descriptor) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -1;
    return (long long)peer.uid;
}

int posix_release_range(int descriptor, off_t offset, off_t length) {
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int posix_clone_content(int from, int to) { return ioctl(to, FICLONE, from); }

off_t posix_next_data(int descriptor, off_t offset) { return lseek(descriptor, offset, SEEK_DATA); }

int posix_watch_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int posix_next_signal(int descriptor) {
    struct signalfd_siginfo information;
    if (read(descriptor, &information, sizeof information) != sizeof information) return 0;
    return (int)information.ssi_signo;
}

void posix_adopt_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int posix_exit_of(int status) { return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status); }

int posix_usable_processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

int posix_is_regular(mode_t mode) { return S_ISREG(mode) ? 1 : 0; }

int posix_make_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int posix_memory_file(const void *content, size_t count) {
    int descriptor = memfd_create("job", MFD_CLOEXEC);
    if (descriptor < 0) return -1;
    size_t done = 0;
    while (done < count) {
        ssize_t written = pwrite(descriptor, (const char *)content + done, count - done, (off_t)done);
        if (written < 0) {
            if (errno == EINTR) continue;
            int error = errno;
            close(descriptor);
            errno = error;
            return -1;
        }
        done += (size_t)written;
    }
    return descriptor;
}

int posix_reserve(int descriptor, off_t bytes) { return fallocate(descriptor, 0, 0, bytes); }
