#include "CSQLiteSetup.h"

#include <sqlite3.h>
#include <stddef.h>

int sqlite_distrust_schema(sqlite3 *db) {
    int code = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (!code) code = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!code) code = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    if (!code) code = sqlite3_exec(db, "PRAGMA cell_size_check = 1", NULL, NULL, NULL);
    return code;
}

void sqlite_count_no_memory(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
