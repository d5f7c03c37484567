#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static char **list_of(const char *text, size_t count) {
    char **list = calloc(count + 1, sizeof *list);
    if (!list) return NULL;
    for (size_t i = 0; i < count; i++) {
        list[i] = (char *)text;
        text += strlen(text) + 1;
    }
    return list;
}

int posix_start_program(const struct posix_program *program, pid_t *pid) {
    char **arguments = list_of(program->arguments, program->argument_count);
    char **environment = list_of(program->environment, program->environment_count);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (!arguments || !environment) {
        free(arguments);
        free(environment);
        return ENOMEM;
    }
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc) goto lists;
    rc = posix_spawnattr_init(&attributes);
    if (rc) goto actions;

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    flags |= program->own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    rc = posix_spawnattr_setflags(&attributes, flags);
    if (!rc) rc = posix_spawnattr_setsigmask(&attributes, &none);
    if (!rc) rc = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!rc && !program->own_session) rc = posix_spawnattr_setpgroup(&attributes, 0);

    if (!rc) rc = posix_spawn_file_actions_adddup2(&actions, program->input, 0);
    if (!rc) rc = posix_spawn_file_actions_adddup2(&actions, program->output, 1);
    if (!rc) rc = posix_spawn_file_actions_adddup2(&actions, program->error, 2);
    if (!rc) rc = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!rc && program->directory) rc = posix_spawn_file_actions_addchdir_np(&actions, program->directory);
    if (!rc) rc = posix_spawn(pid, program->path, &actions, &attributes, arguments, environment);

    posix_spawnattr_destroy(&attributes);
actions:
    posix_spawn_file_actions_destroy(&actions);
lists:
    free(arguments);
    free(environment);
    return rc;
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

int posix_connect_local(const char *path) {
    struct sockaddr_un address;
    if (local_address(path, &address)) return -1;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

long long posix_peer_user(int descriptor) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -1;
    return (long long)peer.uid;
}

int posix_release_range(int descriptor, off_t offset, off_t length) {
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

off_t posix_next_data(int descriptor, off_t offset) { return lseek(descriptor, offset, SEEK_DATA); }

int posix_watch_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int posix_next_signal(int descriptor) {
    struct signalfd_siginfo information;
    if (read(descriptor, &information, sizeof information) != sizeof information) return 0;
    return (int)information.ssi_signo;
}

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
