/* Settings of the SQLite library that Swift cannot call, for they take variable arguments. */
#ifndef EIGENSWEEP_CSQLITESETUP_H
#define EIGENSWEEP_CSQLITESETUP_H

#include "sealed_pages.h"

/* Ends the library's count of the memory it uses, which takes a lock at every allocation and which nobody asks for. To
   be called before the first database is opened; later it does nothing. */
void sqlite_count_no_memory(void);

struct sqlite3;

/* A connection to a file that anybody may have made: what stands in its schema, of views, triggers, generated columns and
   indexes, calls only functions that have no effects, nothing can change the schema by hand, and cells of pages are compared
   with their sizes before they are read. 0, or SQLite's error. */
int sqlite_distrust_schema(struct sqlite3 *db);

#endif
