#include "disk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t disks_mutex = PTHREAD_MUTEX_INITIALIZER;
static simulated_disk *disks;

uint64_t disk_next_random(simulated_disk *disk) {
    uint64_t mixed = disk->random += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

int disk_reserve(content *c, int64_t count) {
    if (count <= c->room) return 0;
    int64_t room = c->room ? c->room : 4096;
    while (room < count) room *= 2;
    unsigned char *bytes = realloc(c->bytes, (size_t)room);
    if (!bytes) return -1;
    memset(bytes + c->room, 0, (size_t)(room - c->room));
    c->bytes = bytes;
    c->room = room;
    return 0;
}

int disk_assign(content *to, const content *from) {
    if (disk_reserve(to, from->count)) return -1;
    if (from->count) memcpy(to->bytes, from->bytes, (size_t)from->count);
    if (to->count > from->count) memset(to->bytes + from->count, 0, (size_t)(to->count - from->count));
    to->count = from->count;
    return 0;
}

void disk_change(file *f, int64_t from, int64_t to) {
    if (!f->is_dirty || from < f->changed_from) f->changed_from = from;
    if (!f->is_dirty || to > f->changed_to) f->changed_to = to;
    f->is_dirty = 1;
}

int disk_sync(file *f) {
    if (disk_reserve(&f->synced, f->now.room)) return -1;
    memcpy(f->synced.bytes + f->changed_from, f->now.bytes + f->changed_from, (size_t)(f->changed_to - f->changed_from));
    f->synced.count = f->now.count;
    f->is_dirty = 0;
    return 0;
}

/* 0, or the error that this call is to fail with. */
int disk_due_failure(simulated_disk *disk, int error) {
    if (disk->fail_in <= 0 || --disk->fail_in > 0) return 0;
    if (disk->fails_for_good) disk->fail_in = 1;
    disk->failures++;
    return error;
}

simulated_disk *disk_owning(const char *name) {
    if (!name) return NULL;
    pthread_mutex_lock(&disks_mutex);
    simulated_disk *disk = disks;
    while (disk && strncmp(name, disk->prefix, strlen(disk->prefix)) != 0) disk = disk->next;
    pthread_mutex_unlock(&disks_mutex);
    return disk;
}

file *disk_find_file(const simulated_disk *disk, const char *name) {
    file *f = disk->files;
    while (f && strcmp(f->name, name) != 0) f = f->next;
    return f;
}

file *disk_make_file(simulated_disk *disk, const char *name) {
    file *f = disk_find_file(disk, name);
    if (f) return f;
    f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->name = strdup(name);
    if (!f->name) {
        free(f);
        return NULL;
    }
    f->next = disk->files;
    disk->files = f;
    return f;
}

simulated_disk *simulated_disk_new(const char *prefix, uint64_t seed) {
    simulated_disk *disk = calloc(1, sizeof *disk);
    if (!disk) return NULL;
    disk->prefix = strdup(prefix);
    disk->random = seed;
    if (!disk->prefix) {
        free(disk);
        return NULL;
    }
    pthread_mutex_lock(&disks_mutex);
    disk->next = disks;
    disks = disk;
    pthread_mutex_unlock(&disks_mutex);
    return disk;
}

void simulated_disk_free(simulated_disk *disk) {
    pthread_mutex_lock(&disks_mutex);
    simulated_disk **place = &disks;
    while (*place && *place != disk) place = &(*place)->next;
    if (*place) *place = disk->next;
    pthread_mutex_unlock(&disks_mutex);
    while (disk->files) {
        file *f = disk->files;
        disk->files = f->next;
        free(f->now.bytes);
        free(f->synced.bytes);
        free(f->name);
        free(f);
    }
    free(disk->prefix);
    free(disk);
}

void simulated_disk_fail_after(simulated_disk *disk, int calls, int for_good) {
    disk->fail_in = calls;
    disk->fails_for_good = for_good;
}

void simulated_disk_fill(simulated_disk *disk, int is_full) { disk->is_full = is_full; }

void simulated_disk_lie(simulated_disk *disk, int lies) { disk->lies = lies; }

int simulated_disk_failures(const simulated_disk *disk) { return disk->failures; }

int simulated_disk_lost(const simulated_disk *disk) { return disk->lost; }

void simulated_disk_lose_power(simulated_disk *disk) {
    for (file *f = disk->files; f; f = f->next) {
        if (!f->is_dirty) continue;
        /* The length is that of before or of after, and so is each piece of the rest. */
        int64_t count = disk_next_random(disk) & 1 ? f->now.count : f->synced.count;
        if (disk_reserve(&f->now, count) || disk_reserve(&f->synced, count)) abort();
        for (int64_t at = 0; at < count; at += SECTOR) {
            int64_t size = count - at < SECTOR ? count - at : SECTOR;
            unsigned char *new = f->now.bytes + at, *old = f->synced.bytes + at;
            if (at >= f->now.count || memcmp(new, old, (size_t)size) == 0) continue;
            if (disk_next_random(disk) & 1) {
                memcpy(old, new, (size_t)size);
            } else {
                disk->lost++;
            }
        }
        f->synced.count = count;
        memset(f->synced.bytes + count, 0, (size_t)(f->synced.room - count));
        if (disk_assign(&f->now, &f->synced)) abort();
        f->is_dirty = 0;
    }
}

int simulated_disk_copy(const simulated_disk *from, simulated_disk *to) {
    for (const file *f = from->files; f; f = f->next) {
        if (!f->exists) continue;
        char *name = malloc(strlen(to->prefix) + strlen(f->name) + 1);
        if (!name) return -1;
        strcpy(name, to->prefix);
        strcat(name, f->name + strlen(from->prefix));
        file *copy = disk_make_file(to, name);
        free(name);
        if (!copy || disk_assign(&copy->now, &f->now) || disk_assign(&copy->synced, &f->now)) return -1;
        copy->exists = 1;
    }
    return 0;
}
