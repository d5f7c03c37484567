#include "disk.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    sqlite3_file base;
    simulated_disk *disk;
    file *file;
    int deletes_on_close;
    void **regions; /* of shared memory, this connection's own: a disk has one user */
    int region_count;
} handle;

static sqlite3_vfs *usual;

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
    int error = disk_due_failure(h->disk, SQLITE_IOERR_WRITE);
    if (error) return error;
    content *c = &h->file->now;
    if (h->disk->is_full && offset + count > c->count) {
        h->disk->failures++;
        return SQLITE_FULL;
    }
    if (disk_reserve(c, offset + count)) return SQLITE_NOMEM;
    memcpy(c->bytes + offset, from, (size_t)count);
    if (offset + count > c->count) c->count = offset + count;
    disk_change(h->file, offset, offset + count);
    return SQLITE_OK;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 count) {
    handle *h = (handle *)base;
    int error = disk_due_failure(h->disk, SQLITE_IOERR_TRUNCATE);
    if (error) return error;
    content *c = &h->file->now;
    if (count < c->count) {
        memset(c->bytes + count, 0, (size_t)(c->count - count));
        disk_change(h->file, count, c->count);
        c->count = count;
    }
    return SQLITE_OK;
}

static int sync_file(sqlite3_file *base, int flags) {
    (void)flags;
    handle *h = (handle *)base;
    int error = disk_due_failure(h->disk, SQLITE_IOERR_FSYNC);
    if (error) return error;
    if (h->disk->lies || !h->file->is_dirty) return SQLITE_OK;
    return disk_sync(h->file) ? SQLITE_NOMEM : SQLITE_OK;
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
    simulated_disk *disk = disk_owning(name);
    if (!disk) return usual->xOpen(usual, name, base, flags, out);
    handle *h = (handle *)base;
    memset(h, 0, sizeof *h);
    file *f = (flags & SQLITE_OPEN_CREATE) ? disk_make_file(disk, name) : disk_find_file(disk, name);
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
    simulated_disk *disk = disk_owning(name);
    if (!disk) return usual->xDelete(usual, name, syncs);
    file *f = disk_find_file(disk, name);
    if (!f || !f->exists) return SQLITE_IOERR_DELETE_NOENT;
    int error = disk_due_failure(disk, SQLITE_IOERR_DELETE);
    if (error) return error;
    /* A deletion counts as durable at once. */
    f->exists = 0;
    content nothing = {0};
    if (disk_assign(&f->now, &nothing) || disk_assign(&f->synced, &nothing)) return SQLITE_NOMEM;
    f->is_dirty = 0;
    return SQLITE_OK;
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    (void)vfs;
    simulated_disk *disk = disk_owning(name);
    if (!disk) return usual->xAccess(usual, name, flags, result);
    file *f = disk_find_file(disk, name);
    *result = f && f->exists && (flags != SQLITE_ACCESS_EXISTS || f->now.count > 0);
    return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *name, int count, char *out) {
    (void)vfs;
    if (!disk_owning(name)) return usual->xFullPathname(usual, name, count, out);
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
