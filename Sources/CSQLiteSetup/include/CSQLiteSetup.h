/* Settings of the SQLite library that Swift cannot make, since the functions take variable arguments. */
#ifndef EIGENSWEEP_CSQLITESETUP_H
#define EIGENSWEEP_CSQLITESETUP_H

#include "sealed_pages.h"

/* Stops the library's counting of the memory it uses, which takes a lock at every allocation and which nobody reads. Must
   be called before the first database is opened; later it does nothing. */
void sqlite_count_no_memory(void);

struct sqlite3;

/* Prepares a connection for a file that anybody may have made. Views, triggers, generated columns and indexes of its schema
   can only call functions that have no effects; SQL can neither write the schema directly nor load extensions; and SQLite
   checks the sizes of cells in pages before it reads them. 0, or SQLite's error. */
int sqlite_distrust_schema(struct sqlite3 *db);

#endif
