#include "CSQLiteSetup.h"

#include <stddef.h>

#include <sqlite3.h>

void sqlite_count_no_memory(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static int note(void *pages, sqlite3 *database, const char *name, int count)
{
    (void)database;
    (void)name;
    *(int *)pages = count;
    return SQLITE_OK;
}

void sqlite_note_log(sqlite3 *database, int *pages) { sqlite3_wal_hook(database, note, pages); }

long long sqlite_log_bytes(sqlite3 *database)
{
    sqlite3_file *log = NULL;
    sqlite3_int64 bytes = 0;
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || log == NULL ||
        log->pMethods == NULL)
        return 0;
    return log->pMethods->xFileSize(log, &bytes) == SQLITE_OK ? bytes : 0;
}
