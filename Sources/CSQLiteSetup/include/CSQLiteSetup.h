/* Settings of the SQLite library that Swift cannot call, or not as simply. */
#ifndef EIGENSWEEP_CSQLITESETUP_H
#define EIGENSWEEP_CSQLITESETUP_H

/* Ends the library's count of the memory it uses, which takes a lock at every allocation and which nobody asks for. To
   be called before the first database is opened; later it does nothing. */
void sqlite_count_no_memory(void);

struct sqlite3;
/* From now on every commit leaves in `pages`, which lives as long as the connection, how many pages the write-ahead log
   has; no commit brings them into the database by itself any more. */
void sqlite_note_log(struct sqlite3 *database, int *pages);

/* Bytes in the write-ahead log of a database that was read from; 0 where it has none. */
long long sqlite_log_bytes(struct sqlite3 *database);

#endif
