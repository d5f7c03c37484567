/* Settings of the SQLite library that Swift cannot call, for they take variable arguments. */
#ifndef EIGENSWEEP_CSQLITESETUP_H
#define EIGENSWEEP_CSQLITESETUP_H

#include "sealed_pages.h"

/* Ends the library's count of the memory it uses, which takes a lock at every allocation and which nobody asks for. To
   be called before the first database is opened; later it does nothing. */
void sqlite_count_no_memory(void);

#endif
