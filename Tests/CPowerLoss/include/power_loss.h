#ifndef POWER_LOSS_H
#define POWER_LOSS_H

/* What a loss of power leaves of files and directories: the content of a file as it was last synchronised, empty if it
   never was, and the names in a directory as they stood when the directory was. A name is durable by its directory's
   synchronisation alone, and so by those of all above it.

   Every fsync and fdatasync of this process passes here, the libraries' too; nothing is watched but what lies below a
   directory that is. */

typedef struct watched_directory watched_directory;

/* Watches an existing directory; what lies below it counts as durable. NULL, with errno, where that cannot be. */
watched_directory *power_loss_watch(const char *directory);
/* Makes `into`, and writes to it what a loss of power would leave now. 0, or -1 with errno. */
int power_loss_restore(watched_directory *watched, const char *into);
/* How often something below it was synchronised. */
int power_loss_synchronised(const watched_directory *watched);
void power_loss_end(watched_directory *watched);

#endif
