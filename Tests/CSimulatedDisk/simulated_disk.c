#include "simulated_disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

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

typedef struct {
    sqlite3_file base;
    simulated_disk *disk;
    file *file;
    int deletes_on_close;
    void **regions; /* of shared memory, this connection's own: a disk has one user */
    int region_count;
} handle;

static pthread_mutex_t disks_mutex = PTHREAD_MUTEX_INITIALIZER;
static simulated_disk *disks;
static sqlite3_vfs *usual;

static uint64_t next_random(simulated_disk *disk) {
    uint64_t mixed = disk->random += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

static int reserve(content *c, int64_t count) {
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

static int assign(content *to, const content *from) {
    if (reserve(to, from->count)) return -1;
    if (from->count) memcpy(to->bytes, from->bytes, (size_t)from->count);
    if (to->count > from->count) memset(to->bytes + from->count, 0, (size_t)(to->count - from->count));
    to->count = from->count;
    return 0;
}

/* 0, or the error that this call is to fail with. */
static int due_failure(simulated_disk *disk, int error) {
    if (disk->fail_in <= 0 || --disk->fail_in > 0) return 0;
    if (disk->fails_for_good) disk->fail_in = 1;
    disk->failures++;
    return error;
}

static simulated_disk *disk_of(const char *name) {
    if (!name) return NULL;
    pthread_mutex_lock(&disks_mutex);
    simulated_disk *disk = disks;
    while (disk && strncmp(name, disk->prefix, strlen(disk->prefix)) != 0) disk = disk->next;
    pthread_mutex_unlock(&disks_mutex);
    return disk;
}

static file *find(const simulated_disk *disk, const char *name) {
    file *f = disk->files;
    while (f && strcmp(f->name, name) != 0) f = f->next;
    return f;
}

static file *find_or_make(simulated_disk *disk, const char *name) {
    file *f = find(disk, name);
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

/* ---- files ---- */

static int close_file(sqlite3_file *base) {
    handle *h = (handle *)base;
    for (int i = 0; i < h->region_count; i++) free(h->regions[i]);
    free(h->regions);
    h->regions = NULL;
    h->region_count = 0;
    if (h->deletes_on_close) h->file->exists = 0;
    return SQLITE_OK;
}

static int read_file(sqlite3_file *base, void *into, int count, sqlite3_int64 offset) {
    const content *c = &((handle *)base)->file->now;
    int64_t there = c->count - offset;
    if (there >= count) {
        memcpy(into, c->bytes + offset, (size_t)count);
        return SQLITE_OK;
    }
    memset(into, 0, (size_t)count);
    if (there > 0) memcpy(into, c->bytes + offset, (size_t)there);
    return SQLITE_IOERR_SHORT_READ;
}

static int write_file(sqlite3_file *base, const void *from, int count, sqlite3_int64 offset) {
    handle *h = (handle *)base;
    int error = due_failure(h->disk, SQLITE_IOERR_WRITE);
    if (error) return error;
    content *c = &h->file->now;
    if (h->disk->is_full && offset + count > c->count) {
        h->disk->failures++;
        return SQLITE_FULL;
    }
    if (reserve(c, offset + count)) return SQLITE_NOMEM;
    memcpy(c->bytes + offset, from, (size_t)count);
    if (offset + count > c->count) c->count = offset + count;
    h->file->is_dirty = 1;
    return SQLITE_OK;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 count) {
    handle *h = (handle *)base;
    int error = due_failure(h->disk, SQLITE_IOERR_TRUNCATE);
    if (error) return error;
    content *c = &h->file->now;
    if (count < c->count) {
        memset(c->bytes + count, 0, (size_t)(c->count - count));
        c->count = count;
        h->file->is_dirty = 1;
    }
    return SQLITE_OK;
}

static int sync_file(sqlite3_file *base, int flags) {
    (void)flags;
    handle *h = (handle *)base;
    int error = due_failure(h->disk, SQLITE_IOERR_FSYNC);
    if (error) return error;
    if (h->disk->lies || !h->file->is_dirty) return SQLITE_OK;
    if (assign(&h->file->synced, &h->file->now)) return SQLITE_NOMEM;
    h->file->is_dirty = 0;
    return SQLITE_OK;
}

static int size_of_file(sqlite3_file *base, sqlite3_int64 *size) {
    *size = ((handle *)base)->file->now.count;
    return SQLITE_OK;
}

/* A disk has one user at a time: locks are never in anyone's way. */
static int lock_file(sqlite3_file *base, int level) {
    (void)base, (void)level;
    return SQLITE_OK;
}

static int is_reserved(sqlite3_file *base, int *result) {
    (void)base;
    *result = 0;
    return SQLITE_OK;
}

static int control(sqlite3_file *base, int op, void *argument) {
    (void)base, (void)op, (void)argument;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base) {
    (void)base;
    return SECTOR;
}

static int characteristics(sqlite3_file *base) {
    (void)base;
    return 0;
}

static int map_region(sqlite3_file *base, int region, int size, int extend, void volatile **result) {
    handle *h = (handle *)base;
    *result = NULL;
    if (region >= h->region_count) {
        if (!extend) return SQLITE_OK;
        void **regions = realloc(h->regions, (size_t)(region + 1) * sizeof *regions);
        if (!regions) return SQLITE_NOMEM;
        h->regions = regions;
        while (h->region_count <= region) {
            void *memory = calloc(1, (size_t)size);
            if (!memory) return SQLITE_NOMEM;
            h->regions[h->region_count++] = memory;
        }
    }
    *result = h->regions[region];
    return SQLITE_OK;
}

static int lock_region(sqlite3_file *base, int offset, int count, int flags) {
    (void)base, (void)offset, (void)count, (void)flags;
    return SQLITE_OK;
}

static void order_memory(sqlite3_file *base) { (void)base; }

static int unmap_regions(sqlite3_file *base, int deletes) {
    (void)deletes;
    handle *h = (handle *)base;
    for (int i = 0; i < h->region_count; i++) free(h->regions[i]);
    free(h->regions);
    h->regions = NULL;
    h->region_count = 0;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = lock_file,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_region,
    .xShmLock = lock_region,
    .xShmBarrier = order_memory,
    .xShmUnmap = unmap_regions,
};

/* ---- the file system ---- */

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out) {
    (void)vfs;
    simulated_disk *disk = disk_of(name);
    if (!disk) return usual->xOpen(usual, name, base, flags, out);
    handle *h = (handle *)base;
    memset(h, 0, sizeof *h);
    file *f = (flags & SQLITE_OPEN_CREATE) ? find_or_make(disk, name) : find(disk, name);
    if (!f || (!f->exists && !(flags & SQLITE_OPEN_CREATE))) return SQLITE_CANTOPEN;
    f->exists = 1;
    h->base.pMethods = &methods;
    h->disk = disk;
    h->file = f;
    h->deletes_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    if (out) *out = flags;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int syncs) {
    (void)vfs;
    simulated_disk *disk = disk_of(name);
    if (!disk) return usual->xDelete(usual, name, syncs);
    file *f = find(disk, name);
    if (!f || !f->exists) return SQLITE_IOERR_DELETE_NOENT;
    int error = due_failure(disk, SQLITE_IOERR_DELETE);
    if (error) return error;
    /* Deletions are taken to last at once. */
    f->exists = 0;
    content nothing = {0};
    if (assign(&f->now, &nothing) || assign(&f->synced, &nothing)) return SQLITE_NOMEM;
    f->is_dirty = 0;
    return SQLITE_OK;
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    (void)vfs;
    simulated_disk *disk = disk_of(name);
    if (!disk) return usual->xAccess(usual, name, flags, result);
    file *f = find(disk, name);
    *result = f && f->exists && (flags != SQLITE_ACCESS_EXISTS || f->now.count > 0);
    return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *name, int count, char *out) {
    (void)vfs;
    if (!disk_of(name)) return usual->xFullPathname(usual, name, count, out);
    if ((int)strlen(name) >= count) return SQLITE_CANTOPEN;
    strcpy(out, name);
    return SQLITE_OK;
}

static int randomness(sqlite3_vfs *vfs, int count, char *out) {
    (void)vfs;
    return usual->xRandomness(usual, count, out);
}

static int pause_for(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return usual->xSleep(usual, microseconds);
}

static int time_of_day(sqlite3_vfs *vfs, double *out) {
    (void)vfs;
    return usual->xCurrentTime(usual, out);
}

static int last_error(sqlite3_vfs *vfs, int count, char *out) {
    (void)vfs;
    return usual->xGetLastError(usual, count, out);
}

int simulated_disk_install(void) {
    static sqlite3_vfs vfs;
    usual = sqlite3_vfs_find(NULL);
    if (!usual) return SQLITE_ERROR;
    vfs.iVersion = 1;
    vfs.szOsFile = usual->szOsFile > (int)sizeof(handle) ? usual->szOsFile : (int)sizeof(handle);
    vfs.mxPathname = usual->mxPathname;
    vfs.zName = "simulated-disk";
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_path;
    vfs.xRandomness = randomness;
    vfs.xSleep = pause_for;
    vfs.xCurrentTime = time_of_day;
    vfs.xGetLastError = last_error;
    return sqlite3_vfs_register(&vfs, 1);
}

/* ---- disks ---- */

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
        /* The length is that of before or of after; of the rest, each piece is. */
        int64_t count = next_random(disk) & 1 ? f->now.count : f->synced.count;
        if (reserve(&f->now, count) || reserve(&f->synced, count)) abort();
        for (int64_t at = 0; at < count; at += SECTOR) {
            int64_t size = count - at < SECTOR ? count - at : SECTOR;
            unsigned char *new = f->now.bytes + at, *old = f->synced.bytes + at;
            if (at >= f->now.count || memcmp(new, old, (size_t)size) == 0) continue;
            if (next_random(disk) & 1) {
                memcpy(old, new, (size_t)size);
            } else {
                disk->lost++;
            }
        }
        f->synced.count = count;
        memset(f->synced.bytes + count, 0, (size_t)(f->synced.room - count));
        if (assign(&f->now, &f->synced)) abort();
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
        file *copy = find_or_make(to, name);
        free(name);
        if (!copy || assign(&copy->now, &f->now) || assign(&copy->synced, &f->now)) return -1;
        copy->exists = 1;
    }
    return 0;
}
