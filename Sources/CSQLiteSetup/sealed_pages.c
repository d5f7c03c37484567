#include "sealed_pages.h"

#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "page_seal.h"

enum { application_id = 0x45537770 };

/* A database's main file. The file of SQLite's usual file system follows it in memory. */
typedef struct {
    sqlite3_file base;
    const char *name; /* SQLite keeps it as long as the file is open */
    int page_size;
    page_seals seals;
    page_demand demand;
    uint32_t seen[page_fault_cut + 1]; /* a page of each kind that was read while the demand was unsaid */
} sealed_file;

static sqlite3_vfs *usual;
static sqlite3_vfs sealing;

static sqlite3_file *below(sqlite3_file *base) { return (sqlite3_file *)((sealed_file *)base + 1); }

/* ---- refused pages ---- */

enum { remembered = 32 };

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
/* The last page refused of each of the files that were refused last. */
static struct {
    char path[PATH_MAX];
    uint32_t page;
    page_fault fault;
} refused[remembered];
static int oldest;

/* The place in `refused` of the file at `path`; -1 when it is not there. */
static int find_refused(const char *path) {
    for (int i = 0; i < remembered; i++)
        if (refused[i].page && strcmp(refused[i].path, path) == 0) return i;
    return -1;
}

static int refuse(sealed_file *file, uint32_t page, page_fault fault) {
    const char *path = file->name ? file->name : "";
    pthread_mutex_lock(&guard);
    int place = find_refused(path);
    if (place < 0) {
        place = oldest;
        oldest = (oldest + 1) % remembered;
    }
    strncpy(refused[place].path, path, sizeof refused[place].path - 1);
    refused[place].page = page;
    refused[place].fault = fault;
    pthread_mutex_unlock(&guard);
    return SQLITE_CORRUPT;
}

uint32_t sealed_pages_refused(const char *path, page_fault *fault) {
    char whole[PATH_MAX];
    if (!realpath(path, whole)) return 0;
    pthread_mutex_lock(&guard);
    int place = find_refused(whole);
    uint32_t page = place < 0 ? 0 : refused[place].page;
    if (place >= 0) *fault = refused[place].fault;
    pthread_mutex_unlock(&guard);
    return page;
}

/* ---- pages ---- */

static int allows(page_demand demand, page_fault fault) {
    return demand == page_demand_unsaid || demand == page_demand_none
        || (demand == page_demand_sealed_or_bare && fault == page_fault_bare);
}

static int judge(sealed_file *file, uint32_t page, page_fault fault) {
    if (file->demand == page_demand_unsaid) {
        if (!file->seen[fault]) file->seen[fault] = page;
        /* The page is remembered as refused, to be named if SQLite fails at it before the demand is said. */
        (void)refuse(file, page, fault);
        return SQLITE_OK;
    }
    return allows(file->demand, fault) ? SQLITE_OK : refuse(file, page, fault);
}

static uint32_t number_at(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void read_header(sealed_file *file, const uint8_t *header) {
    if (memcmp(header, "SQLite format 3", 16) != 0 || number_at(header + 68) != application_id) {
        file->seals = page_seals_none;
        return;
    }
    int size = header[16] << 8 | header[17];
    file->page_size = size == 1 ? 65536 : size;
    switch (header[20]) {
    case 0: file->seals = page_seals_none; break;
    case seal_bytes: file->seals = page_seals_present; break;
    default: file->seals = page_seals_unknown;
    }
}

/* Whether these bytes, to be read or written, are a page that may bear a seal. */
static int is_page(const sealed_file *file, int count, sqlite3_int64 offset) {
    return file->seals >= page_seals_bare && count == file->page_size && offset % count == 0;
}

static int read_file(sqlite3_file *base, void *into, int count, sqlite3_int64 offset) {
    sealed_file *file = (sealed_file *)base;
    int code = below(base)->pMethods->xRead(below(base), into, count, offset);
    if (code == SQLITE_OK && offset == 0 && count >= 100) read_header(file, into);
    if (!is_page(file, count, offset)) return code;
    uint32_t number = (uint32_t)(offset / count) + 1;
    if (code == SQLITE_IOERR_SHORT_READ) {
        sqlite3_int64 size = 0;
        below(base)->pMethods->xFileSize(below(base), &size);
        int error = size > offset ? judge(file, number, page_fault_cut) : SQLITE_OK;
        return error ? error : code;
    }
    if (code != SQLITE_OK) return code;
    uint64_t seal = seal_on(into, count);
    if (number == 1) file->seals = seal ? page_seals_present : page_seals_bare;
    if (seal != seal_of(into, count, number)) code = judge(file, number, seal ? page_fault_changed : page_fault_bare);
    /* Pages are bare in memory, so that changed ones are bare in `-wal`. */
    set_seal(into, count, 0);
    return code;
}

static int write_file(sqlite3_file *base, const void *from, int count, sqlite3_int64 offset) {
    sealed_file *file = (sealed_file *)base;
    if (offset == 0 && count >= 100) read_header(file, from);
    if (!is_page(file, count, offset)) return below(base)->pMethods->xWrite(below(base), from, count, offset);
    /* This is SQLite's own memory, and is put back below; a copy would cost as much as the digest. */
    uint8_t *page = (uint8_t *)from;
    uint64_t before = seal_on(page, count);
    set_seal(page, count, seal_of(page, count, (uint32_t)(offset / count) + 1));
    int code = below(base)->pMethods->xWrite(below(base), page, count, offset);
    set_seal(page, count, before);
    return code;
}

/* ---- calls handed on to the usual file system ---- */

static int close_file(sqlite3_file *b) { return below(b)->pMethods->xClose(below(b)); }
static int truncate_file(sqlite3_file *b, sqlite3_int64 n) { return below(b)->pMethods->xTruncate(below(b), n); }
static int sync_file(sqlite3_file *b, int flags) { return below(b)->pMethods->xSync(below(b), flags); }
static int size_of_file(sqlite3_file *b, sqlite3_int64 *n) { return below(b)->pMethods->xFileSize(below(b), n); }
static int lock_file(sqlite3_file *b, int level) { return below(b)->pMethods->xLock(below(b), level); }
static int unlock_file(sqlite3_file *b, int level) { return below(b)->pMethods->xUnlock(below(b), level); }
static int is_reserved(sqlite3_file *b, int *is) { return below(b)->pMethods->xCheckReservedLock(below(b), is); }
static int control(sqlite3_file *b, int op, void *arg) { return below(b)->pMethods->xFileControl(below(b), op, arg); }
static int sector_size(sqlite3_file *b) { return below(b)->pMethods->xSectorSize(below(b)); }
static int characteristics(sqlite3_file *b) { return below(b)->pMethods->xDeviceCharacteristics(below(b)); }
static int map_region(sqlite3_file *b, int region, int size, int extend, void volatile **out) {
    return below(b)->pMethods->xShmMap(below(b), region, size, extend, out);
}
static int lock_region(sqlite3_file *b, int offset, int n, int flags) {
    return below(b)->pMethods->xShmLock(below(b), offset, n, flags);
}
static void order_memory(sqlite3_file *b) { below(b)->pMethods->xShmBarrier(below(b)); }
static int unmap_regions(sqlite3_file *b, int deletes) { return below(b)->pMethods->xShmUnmap(below(b), deletes); }

/* With methods of version 2, SQLite maps no pages into memory, where nobody would compare their seals. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_region,
    .xShmLock = lock_region,
    .xShmBarrier = order_memory,
    .xShmUnmap = unmap_regions,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out) {
    (void)vfs;
    if (!(flags & SQLITE_OPEN_MAIN_DB)) return usual->xOpen(usual, name, base, flags, out);
    sealed_file *file = (sealed_file *)base;
    memset(file, 0, sizeof *file);
    file->seals = page_seals_none;
    file->name = name;
    int code = usual->xOpen(usual, name, below(base), flags, out);
    if (below(base)->pMethods) base->pMethods = &methods;
    return code;
}

int sealed_pages_install(void) {
    usual = sqlite3_vfs_find(NULL);
    if (!usual) return SQLITE_ERROR;
    sealing = *usual;
    sealing.pNext = NULL;
    sealing.zName = "sealed-pages";
    sealing.szOsFile = usual->szOsFile + (int)sizeof(sealed_file);
    sealing.xOpen = open_file;
    return sqlite3_vfs_register(&sealing, 1);
}

/* ---- connections ---- */

static sealed_file *file_of(sqlite3 *db, const char *schema) {
    sqlite3_file *base = NULL;
    sqlite3_file_control(db, schema, SQLITE_FCNTL_FILE_POINTER, &base);
    return base && base->pMethods == &methods ? (sealed_file *)base : NULL;
}

int sealed_pages_reserve(sqlite3 *db) {
    int count = seal_bytes;
    if (!file_of(db, "main")) return SQLITE_OK;
    return sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &count);
}

page_seals sealed_pages_of(sqlite3 *db, const char *schema) {
    sealed_file *file = file_of(db, schema);
    return file ? file->seals : page_seals_foreign;
}

int sealed_pages_demand(sqlite3 *db, const char *schema, page_demand demand) {
    sealed_file *file = file_of(db, schema);
    if (!file) return SQLITE_OK;
    if (demand == page_demand_unsaid && file->demand != demand) memset(file->seen, 0, sizeof file->seen);
    file->demand = demand;
    for (int fault = 0; fault <= page_fault_cut; fault++)
        if (file->seen[fault] && !allows(demand, (page_fault)fault))
            return refuse(file, file->seen[fault], (page_fault)fault);
    return SQLITE_OK;
}

static int renew_page(sealed_file *file, uint8_t *page, uint32_t number, page_demand demand, int64_t *renewed) {
    sqlite3_file *usual_file = below(&file->base);
    sqlite3_int64 offset = (sqlite3_int64)(number - 1) * file->page_size;
    int code = usual_file->pMethods->xRead(usual_file, page, file->page_size, offset);
    if (code == SQLITE_IOERR_SHORT_READ) return refuse(file, number, page_fault_cut);
    if (code) return code;
    uint64_t there = seal_on(page, file->page_size), due = seal_of(page, file->page_size, number);
    if (there == due) return SQLITE_OK;
    page_fault fault = there ? page_fault_changed : page_fault_bare;
    if (!allows(demand, fault)) return refuse(file, number, fault);
    ++*renewed;
    return usual_file->pMethods->xWrite(usual_file, &due, seal_bytes, offset + file->page_size - seal_bytes);
}

int sealed_pages_renew(sqlite3 *db, page_demand demand, int64_t *renewed) {
    *renewed = 0;
    sealed_file *file = file_of(db, "main");
    if (!file || file->seals < page_seals_bare) return SQLITE_OK;
    sqlite3_int64 size = 0;
    int code = size_of_file(&file->base, &size);
    if (code) return code;
    uint8_t *page = sqlite3_malloc(file->page_size);
    if (!page) return SQLITE_NOMEM;
    sqlite3_int64 pages = size / file->page_size;
    for (sqlite3_int64 number = 1; !code && number <= pages; number++)
        code = renew_page(file, page, (uint32_t)number, demand, renewed);
    sqlite3_free(page);
    if (!code && *renewed) code = sync_file(&file->base, SQLITE_SYNC_NORMAL);
    if (!code) file->seals = page_seals_present;
    return code;
}

static void sign(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count, (void)values;
    sqlite3_result_text(context, "eigensweep", -1, SQLITE_STATIC);
}

int sealed_pages_sign(sqlite3 *db) {
    return sqlite3_create_function(
        db, "sqlite_version", 0, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, sign, NULL, NULL);
}
