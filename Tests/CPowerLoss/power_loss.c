#define _GNU_SOURCE
#include "power_loss.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct entry {
    char *name;
    ino_t inode;
} entry;

/* A file or directory as it was last synchronised. */
typedef struct node {
    ino_t inode;
    mode_t mode;
    /* Kept open, so that no other file gets its number. */
    int held;
    unsigned char *bytes;
    size_t size;
    entry *entries;
    size_t count;
} node;

struct watched_directory {
    char path[PATH_MAX];
    ino_t root;
    node *nodes;
    size_t count;
    atomic_int synchronised;
    struct watched_directory *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static watched_directory *all;
static atomic_int watched_count;

static node *find(const watched_directory *watched, ino_t inode) {
    for (size_t i = 0; i < watched->count; ++i) {
        if (watched->nodes[i].inode == inode) return &watched->nodes[i];
    }
    return NULL;
}

/* The node of an open file or directory. A new one is made where there is none: nothing of that is durable yet. */
static node *node_of(watched_directory *watched, int directory, const char *name) {
    struct stat status;
    int held = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (held < 0) return NULL;
    if (fstat(held, &status)) {
        close(held);
        return NULL;
    }
    node *known = find(watched, status.st_ino);
    if (known) {
        close(held);
        known->mode = status.st_mode;
        return known;
    }
    node *nodes = realloc(watched->nodes, (watched->count + 1) * sizeof(node));
    if (!nodes) {
        close(held);
        return NULL;
    }
    watched->nodes = nodes;
    node *made = &nodes[watched->count++];
    *made = (node){.inode = status.st_ino, .mode = status.st_mode, .held = held};
    return made;
}

static void forget_entries(node *n) {
    for (size_t i = 0; i < n->count; ++i) free(n->entries[i].name);
    free(n->entries);
    n->entries = NULL;
    n->count = 0;
}

static void note_directory(watched_directory *watched, ino_t inode, int descriptor) {
    int own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = own < 0 ? NULL : fdopendir(own);
    if (!stream) return;
    entry *entries = NULL;
    size_t count = 0;
    for (struct dirent *found; (found = readdir(stream));) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
        node *below = node_of(watched, own, found->d_name);
        entry *more = below ? realloc(entries, (count + 1) * sizeof(entry)) : NULL;
        if (!more) continue;
        entries = more;
        entries[count++] = (entry){.name = strdup(found->d_name), .inode = below->inode};
    }
    closedir(stream);
    node *n = find(watched, inode);
    forget_entries(n);
    n->entries = entries;
    n->count = count;
}

static void note_file(node *n, int directory, const char *name) {
    int own = openat(directory, name, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (own < 0 || fstat(own, &status)) return;
    unsigned char *bytes = malloc((size_t)status.st_size + 1);
    size_t size = 0;
    for (ssize_t more; bytes && size < (size_t)status.st_size; size += (size_t)more) {
        more = pread(own, bytes + size, (size_t)status.st_size - size, (off_t)size);
        if (more <= 0) break;
    }
    close(own);
    free(n->bytes);
    n->bytes = bytes;
    n->size = size;
}

/* Notes an open file or directory as it is now. */
static void note(watched_directory *watched, int descriptor) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    struct stat status;
    if (fstat(descriptor, &status)) return;
    if (S_ISDIR(status.st_mode)) {
        if (node_of(watched, descriptor, ".")) note_directory(watched, status.st_ino, descriptor);
        return;
    }
    /* The link leads to a file that has no name any more, too. */
    int held = open(link, O_PATH | O_CLOEXEC);
    if (held < 0) return;
    node *n = find(watched, status.st_ino);
    if (!n) {
        node *nodes = realloc(watched->nodes, (watched->count + 1) * sizeof(node));
        if (!nodes) {
            close(held);
            return;
        }
        watched->nodes = nodes;
        n = &nodes[watched->count++];
        *n = (node){.inode = status.st_ino, .held = held};
    } else {
        close(held);
    }
    n->mode = status.st_mode;
    note_file(n, AT_FDCWD, link);
}

static void note_everything(watched_directory *watched, int descriptor) {
    note(watched, descriptor);
    struct stat status;
    if (fstat(descriptor, &status) || !S_ISDIR(status.st_mode)) return;
    node *n = find(watched, status.st_ino);
    for (size_t i = 0; n && i < n->count; ++i) {
        int below = openat(descriptor, n->entries[i].name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (below < 0) continue;
        note_everything(watched, below);
        close(below);
        /* The nodes may lie elsewhere now. */
        n = find(watched, status.st_ino);
    }
}

static void synchronised(int descriptor) {
    if (atomic_load(&watched_count) == 0) return;
    int error = errno;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length > 0) {
        path[length] = 0;
        pthread_mutex_lock(&mutex);
        for (watched_directory *watched = all; watched; watched = watched->next) {
            size_t own = strlen(watched->path);
            if (strncmp(path, watched->path, own) != 0 || (path[own] != '/' && path[own] != 0)) continue;
            atomic_fetch_add(&watched->synchronised, 1);
            note(watched, descriptor);
        }
        pthread_mutex_unlock(&mutex);
    }
    errno = error;
}

/* These functions replace the C library's in the whole process. */

int fsync(int descriptor) {
    int result = (int)syscall(SYS_fsync, descriptor);
    if (result == 0) synchronised(descriptor);
    return result;
}

int fdatasync(int descriptor) {
    int result = (int)syscall(SYS_fdatasync, descriptor);
    if (result == 0) synchronised(descriptor);
    return result;
}

watched_directory *power_loss_watch(const char *directory) {
    watched_directory *watched = calloc(1, sizeof *watched);
    if (!watched) return NULL;
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    if (descriptor < 0 || !realpath(directory, watched->path) || fstat(descriptor, &status)) {
        int error = errno;
        if (descriptor >= 0) close(descriptor);
        free(watched);
        errno = error;
        return NULL;
    }
    watched->root = status.st_ino;
    note_everything(watched, descriptor);
    close(descriptor);
    pthread_mutex_lock(&mutex);
    watched->next = all;
    all = watched;
    pthread_mutex_unlock(&mutex);
    atomic_fetch_add(&watched_count, 1);
    return watched;
}

static int restore(const watched_directory *watched, const node *n, const char *path) {
    if (S_ISDIR(n->mode)) {
        if (mkdir(path, 0700)) return -1;
        for (size_t i = 0; i < n->count; ++i) {
            char below[PATH_MAX];
            if (snprintf(below, sizeof below, "%s/%s", path, n->entries[i].name) >= (int)sizeof below) return -1;
            const node *other = find(watched, n->entries[i].inode);
            if (other && restore(watched, other, below)) return -1;
        }
        return chmod(path, n->mode & 07777);
    }
    if (!S_ISREG(n->mode)) return 0;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, n->mode & 07777);
    if (file < 0) return -1;
    size_t done = 0;
    while (done < n->size) {
        ssize_t more = write(file, n->bytes + done, n->size - done);
        if (more <= 0) break;
        done += (size_t)more;
    }
    close(file);
    return done == n->size ? 0 : -1;
}

int power_loss_restore(watched_directory *watched, const char *into) {
    pthread_mutex_lock(&mutex);
    const node *root = find(watched, watched->root);
    int result = root ? restore(watched, root, into) : -1;
    pthread_mutex_unlock(&mutex);
    return result;
}

int power_loss_synchronised(const watched_directory *watched) { return atomic_load(&watched->synchronised); }

void power_loss_end(watched_directory *watched) {
    atomic_fetch_sub(&watched_count, 1);
    pthread_mutex_lock(&mutex);
    for (watched_directory **place = &all; *place; place = &(*place)->next) {
        if (*place != watched) continue;
        *place = watched->next;
        break;
    }
    pthread_mutex_unlock(&mutex);
    for (size_t i = 0; i < watched->count; ++i) {
        forget_entries(&watched->nodes[i]);
        free(watched->nodes[i].bytes);
        close(watched->nodes[i].held);
    }
    free(watched->nodes);
    free(watched);
}
