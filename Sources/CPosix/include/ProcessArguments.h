#ifndef EIGENSWEEP_PROCESS_ARGUMENTS_H
#define EIGENSWEEP_PROCESS_ARGUMENTS_H

/* The arguments of this process as the C library handed them over, the program's name first; Swift's CommandLine reads
   /proc/self/cmdline instead. NULL beyond the last. */
int posix_argument_count(void);
const char *posix_argument(int index);

#endif
