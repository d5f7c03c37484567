/* System calls and macros that Swift's C importer does not see, and a few functions that are simpler in C. */
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
    int input, output, error; /* none is 0, 1 or 2 unless it is that stream itself */
    int own_session; /* 1: a session of its own; 0: a process group of its own */
};

/* Starts a program with no descriptors open but its three streams, default signal dispositions and an empty signal mask.
   Returns 0 and gives the process number, or returns an errno value. */
int posix_start_program(const struct posix_program *program, pid_t *pid);

/* Starts a program that also gets the `count` descriptors `kept`, at most 256, under the numbers from 3 on. */
int posix_start_program_keeping(
    const struct posix_program *program, const int *kept, size_t count, pid_t *pid);

/* A listening Unix socket at `path`, mode 0600, non-blocking, or -1 with errno. */
int posix_listen_local(const char *path);

/* A connection to the Unix socket at `path`, non-blocking, or -1 with errno. */
int posix_connect_local(const char *path);

/* Connects without waiting: fails with EAGAIN while the socket's queue of callers is full. */
int posix_try_connect_local(const char *path);

/* The account of the process at the other end of a Unix socket, or -1 with errno. */
long long posix_peer_user(int descriptor);

/* Gives the space of a part of a file back to the file system; the part then reads as zeros. 0, or -1 with errno. */
int posix_release_range(int descriptor, off_t offset, off_t length);

/* Has an empty file share the content of another, as copies of one do on some file systems. 0, or -1 with errno. */
int posix_clone_content(int from, int to);

/* The first place at or behind `offset` that is no hole, or -1 with errno. */
off_t posix_next_data(int descriptor, off_t offset);

/* Blocks SIGCHLD, SIGTERM and SIGUSR1 and returns a non-blocking descriptor that reports them, or -1. */
int posix_watch_signals(void);

/* The next signal that a descriptor of posix_watch_signals reports, or 0 when there is none. */
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

/* Reserves `bytes` of space for a file; 0, or -1 with errno (EOPNOTSUPP where the file system cannot do that). */
int posix_reserve(int descriptor, off_t bytes);

/* Empties a regular file of mode 0600 that has one name and that nobody else has open. 0, or -1 where the file is not like
   that, or where it cannot be known. */
int posix_clear_file(const char *path);

/* 1 where somebody has the file open for writing; 0 where nobody has, or where that cannot be known. */
int posix_has_writer(const char *path);

/* Removes the files in a directory of mode 0700. 0, or -1 where it is no such directory, takes more than 64 KiB, or holds
   directories, in which case some files may be gone. */
int posix_clear_directory(const char *path);

/* From now on a failed allocation ends the program with a message on standard error and exit status 1. */
void posix_tell_lack_of_memory(const char *program);

/* A failed allocation then also writes `event` to standard output. The text must stay where it is. */
void posix_tell_lack_of_memory_as(const char *event);

/* The time by CLOCK_MONOTONIC, which on Linux stands still while the machine sleeps, in nanoseconds and in seconds. */
long long posix_monotonic_nanoseconds(void);
double posix_monotonic_seconds(void);

/* Seconds since 1970 by the machine's clock, which people and NTP set. */
double posix_wall_seconds(void);

/* Writes all `count` bytes, in as many calls as that takes. With `waits` it waits where a non-blocking descriptor is full.
   0, or -1 with errno. */
int posix_write_all(int descriptor, const void *bytes, size_t count, int waits);

/* Lets this process, and programs that it starts, have as many descriptors as they may, up to 2^20, and returns how many
   that are. Descriptors beyond, which were handed down, are closed. */
long long posix_raise_descriptor_limit(void);

/* Starts a thread with a stack of `stack` bytes (0: the usual size) that calls `body`. Where `thread` is NULL it is
   detached, otherwise it must be joined. 0, or an errno value. */
int posix_start_thread(size_t stack, void *(*body)(void *), void *argument, pthread_t *thread);

/* 1 for a regular file, 0 for anything else. */
int posix_is_regular(mode_t mode);

#endif
