#ifndef SIMULATED_DISK_H
#define SIMULATED_DISK_H

/* A disk in memory below SQLite: it fills up, fails at a chosen call, and forgets or tears what was written and not
   synced when the power goes. Files of one disk have names that begin with its prefix; all other files are SQLite's
   usual ones. One disk is used by one thread at a time; different disks may be used at once. */

#include <stdint.h>

typedef struct simulated_disk simulated_disk;

/* Makes the disk layer SQLite's default for every file; once per process. 0, or SQLite's error. */
int simulated_disk_install(void);

/* A new disk for names that begin with `prefix`; NULL without memory. */
simulated_disk *simulated_disk_new(const char *prefix, uint64_t seed);
/* Frees a disk of which no file is open. */
void simulated_disk_free(simulated_disk *disk);

/* The `calls`th next write, sync, truncation or deletion fails, once or for good. 0: none does. */
void simulated_disk_fail_after(simulated_disk *disk, int calls, int for_good);
/* Writes that need room fail while it is full. */
void simulated_disk_fill(simulated_disk *disk, int is_full);
/* Whether syncs are believed but not done. */
void simulated_disk_lie(simulated_disk *disk, int lies);
/* Keeps or loses each piece of 512 bytes that was written since its file's last sync. Files must be closed. */
void simulated_disk_lose_power(simulated_disk *disk);
/* How many calls have failed. */
int simulated_disk_failures(const simulated_disk *disk);
/* How many unsynced pieces were lost. */
int simulated_disk_lost(const simulated_disk *disk);
/* Copies every file of `from` to `to`, as it reads now, with `to`'s prefix. 0, or -1 without memory. */
int simulated_disk_copy(const simulated_disk *from, simulated_disk *to);

#endif
