#define _GNU_SOURCE
#include "CPosix.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

/* Whether nobody else has the file open. A write lease, where the file system has leases, is given only then. */
static int is_unshared(int descriptor) {
    /* Another process that opens the file breaks the lease, which raises a signal here: SIGURG, which is ignored by default,
       in place of SIGIO, which ends programs. */
    if (fcntl(descriptor, F_SETSIG, SIGURG) < 0 || fcntl(descriptor, F_SETLEASE, F_WRLCK) < 0) return 0;
    return fcntl(descriptor, F_SETLEASE, F_UNLCK) == 0;
}

int posix_has_writer(const char *path) {
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return 0;
    /* SIGURG as in is_unshared. A read lease is refused with EAGAIN while somebody has the file open for writing. */
    int written = fcntl(descriptor, F_SETSIG, SIGURG) == 0 && fcntl(descriptor, F_SETLEASE, F_RDLCK) < 0
        && errno == EAGAIN;
    if (!written) fcntl(descriptor, F_SETLEASE, F_UNLCK);
    close(descriptor);
    return written;
}

int posix_clear_file(const char *path) {
    struct stat status;
    int descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int cleared = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1
        && (status.st_mode & 07777) == 0600 && is_unshared(descriptor)
        && (status.st_size == 0 || ftruncate(descriptor, 0) == 0);
    close(descriptor);
    return cleared ? 0 : -1;
}

int posix_clear_directory(const char *path) {
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) return -1;
    /* On file systems where directories do not shrink, one that was long stays long: it is not worth keeping. */
    int cleared = fstat(descriptor, &status) == 0 && (status.st_mode & 07777) == 0700 && status.st_size <= 1 << 16;
    DIR *stream = cleared ? fdopendir(descriptor) : NULL;
    if (!stream) {
        close(descriptor);
        return -1;
    }
    for (struct dirent *entry; cleared && (errno = 0, entry = readdir(stream));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        cleared = unlinkat(descriptor, entry->d_name, 0) == 0;
    }
    if (errno != 0) cleared = 0;
    closedir(stream);
    return cleared ? 0 : -1;
}
