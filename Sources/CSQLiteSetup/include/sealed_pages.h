/* Seals on a catalogue's pages. The last eight bytes of each page of the file are a digest of the rest and of the page's
   number. The digest is made when the page is written to the file, and compared whenever the page is read from there.
   SQLite leaves these bytes alone, so that any program with SQLite can read the file.

   In `-wal`, which has checksums of its own, pages are bare: their last eight bytes are zero. A page that another program
   brings from there into the file is bare too, which is no sign of damage where a connection allows bare pages. What
   another program writes over a page that was sealed has a seal that does not fit. */
#ifndef EIGENSWEEP_SEALED_PAGES_H
#define EIGENSWEEP_SEALED_PAGES_H

#include <stdint.h>

struct sqlite3;

/* Which pages may be read. */
typedef enum {
    page_demand_unsaid, /* any, but a page of each fault is remembered; the demand until a connection makes another */
    page_demand_sealed, /* those whose seal fits */
    page_demand_sealed_or_bare,
    page_demand_none
} page_demand;

/* What a file's first page says of seals. */
typedef enum {
    page_seals_foreign, /* the file was opened by other means than ours */
    page_seals_none,
    page_seals_unknown, /* there is room of another size than that of seals, which no release writes */
    page_seals_bare,    /* there is room for seals, but the first page bears none: another program made the file */
    page_seals_present
} page_seals;

/* What was wrong with a page that was refused. */
typedef enum { page_fault_changed, page_fault_bare, page_fault_cut } page_fault;

/* Makes sealing SQLite's default way to open files; once per process. 0, or SQLite's error. */
int sealed_pages_install(void);

/* Asks for room for seals in every page. A file without pages gets it at once, another when it is next vacuumed. */
int sealed_pages_reserve(struct sqlite3 *db);

page_seals sealed_pages_of(struct sqlite3 *db, const char *schema);

/* Says which pages the connection may read from now on. SQLite's error when the connection has already read pages that
   `demand` does not allow, while the demand was unsaid. */
int sealed_pages_demand(struct sqlite3 *db, const char *schema, page_demand demand);

/* Seals every page of the main file whose seal does not fit, as the page is; one that `demand` does not allow is an error.
   Nothing may be in `-wal`, and nobody else may write. `renewed` gets the number of pages sealed. */
int sealed_pages_renew(struct sqlite3 *db, page_demand demand, int64_t *renewed);

/* The page of the file at `path` that was last refused in this process; 0 when none was. */
uint32_t sealed_pages_refused(const char *path, page_fault *fault);

/* Makes `sqlite_version()` answer `eigensweep` on this connection, by which triggers tell our writer from others. */
int sealed_pages_sign(struct sqlite3 *db);

#endif
