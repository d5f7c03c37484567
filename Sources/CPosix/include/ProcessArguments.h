#ifndef EIGENSWEEP_PROCESS_ARGUMENTS_H
#define EIGENSWEEP_PROCESS_ARGUMENTS_H

/* The arguments of this process as the C library handed them to it, the program's name first, and NULL beyond the last.
   Swift's CommandLine reads /proc/self/cmdline instead. */
int posix_argument_count(void);
const char *posix_argument(int index);

#endif
