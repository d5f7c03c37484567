/* System calls and macros that Swift's C importer does not see, and a few that are simpler said in C. */
#ifndef EIGENSWEEP_CPOSIX_H
#define EIGENSWEEP_CPOSIX_H

#include "ProcessArguments.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A program to start. Lists are strings separated by NUL, `argument_count` and `environment_count` of them. */
struct posix_program {
    const char *path;
    const char *arguments;
    size_t argument_count;
    const char *environment;
    size_t environment_count;
    const char *directory; /* NULL: the caller's */
    int input, output, error; /* none of them 0, 1 or 2, unless in its own place */
    int own_session; /* 1: a session of its own; 0: a process group of its own */
};

/* Starts a program with no other descriptor open, default signal dispositions and an empty signal mask.
   0 and the process number, or an errno value. */
int posix_start_program(const struct posix_program *program, pid_t *pid);

/* The same with `count` descriptors more, at most 256, under the numbers from 3 on. */
int posix_start_program_keeping(
    const struct posix_program *program, const int *kept, size_t count, pid_t *pid);

/* A listening Unix socket at `path`, mode 0600, non-blocking, or -1 with errno. */
int posix_listen_local(const char *path);

/* A connection to the Unix socket at `path`, non-blocking, or -1 with errno. */
int posix_connect_local(const char *path);

/* The same without waiting: EAGAIN while as many callers wait there as there is room for. */
int posix_try_connect_local(const char *path);

/* The account of the process at the other end of a Unix socket, or -1 with errno. */
long long posix_peer_user(int descriptor);

/* Gives the space of a part of a file back; what stood there reads as zeros. 0, or -1 with errno. */
int posix_release_range(int descriptor, off_t offset, off_t length);

/* The first place at or behind `offset` that is no hole, or -1 with errno. */
off_t posix_next_data(int descriptor, off_t offset);

/* Blocks SIGCHLD, SIGTERM and SIGUSR1 and returns a non-blocking descriptor that reports them, or -1. */
int posix_watch_signals(void);

/* The next signal of such a descriptor, or 0 when there is none. */
int posix_next_signal(int descriptor);

/* From now on processes below this one whose parents end become its children, where the kernel can do that. */
void posix_adopt_orphans(void);

/* How a waited-for process ended: its exit code, or minus the signal that ended it. */
int posix_exit_of(int status);

/* Processors this process may use. */
int posix_usable_processors(void);

/* A pipe whose ends programs do not inherit; 0, or -1 with errno. */
int posix_make_pipe(int ends[2]);

/* A file in memory with this content, open for reading at its beginning, or -1 with errno. */
int posix_memory_file(const void *content, size_t count);

/* Takes `bytes` of room for a file from the file system; 0, or -1 with errno (EOPNOTSUPP where that cannot be done). */
int posix_reserve(int descriptor, off_t bytes);

/* Empties a file of mode 0600 that has one name and that nobody else may still write to. 0, or -1 where it is none, or
   where that cannot be known. */
int posix_clear_file(const char *path);

/* 1 where somebody has the file open for writing; 0 where nobody has, or where that cannot be known. */
int posix_has_writer(const char *path);

/* Removes the files in a directory of mode 0700. 0, or -1 where it is none, is long, or holds directories: then some
   files may be gone. */
int posix_clear_directory(const char *path);

/* From now on a failed allocation ends the program in words on standard error, with exit status 1. */
void posix_tell_lack_of_memory(const char *program);

/* And with this text, which must stay where it is, on standard output. */
void posix_tell_lack_of_memory_as(const char *event);

/* Nanoseconds by CLOCK_MONOTONIC, which on Linux stands still while the machine sleeps; the same in seconds. */
long long posix_monotonic_nanoseconds(void);
double posix_monotonic_seconds(void);

/* Writes everything, however many calls that takes. Where a descriptor does not block and is full it waits, if `waits`.
   0, or -1 with errno. */
int posix_write_all(int descriptor, const void *bytes, size_t count, int waits);

/* A thread with a stack of `stack` bytes (0: the usual) that calls `body`. It is joined by `thread`, or by nobody where
   that is NULL. 0, or an errno value. */
int posix_start_thread(size_t stack, void *(*body)(void *), void *argument, pthread_t *thread);

/* 1 for a regular file, 0 for anything else. */
int posix_is_regular(mode_t mode);

#endif
