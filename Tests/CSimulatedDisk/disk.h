#ifndef DISK_H
#define DISK_H

/* What the disk and SQLite's way to it share. */

#include "simulated_disk.h"

#include <stdint.h>

enum { SECTOR = 512 };

/* Bytes that grow; what is beyond the end reads as zero. */
typedef struct {
    unsigned char *bytes;
    int64_t count, room;
} content;

typedef struct file {
    char *name;
    content now;    /* as programs see it */
    content synced; /* as of the last sync */
    int is_dirty;
    int64_t changed_from, changed_to; /* what may differ from `synced`, if it is dirty */
    int exists;
    struct file *next;
} file;

struct simulated_disk {
    char *prefix;
    uint64_t random;
    file *files;
    int fail_in, fails_for_good, is_full, lies, failures, lost;
    simulated_disk *next;
};

uint64_t disk_next_random(simulated_disk *disk);
int disk_reserve(content *c, int64_t count);
int disk_assign(content *to, const content *from);
/* Notes that bytes of the file were changed. */
void disk_change(file *f, int64_t from, int64_t to);
/* Notes that all changes of the file are on the disk now. 0, or -1 without memory. */
int disk_sync(file *f);
int disk_due_failure(simulated_disk *disk, int error);
simulated_disk *disk_owning(const char *name);
file *disk_find_file(const simulated_disk *disk, const char *name);
file *disk_make_file(simulated_disk *disk, const char *name);

#endif
