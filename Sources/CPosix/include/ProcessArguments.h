#ifndef EIGENSWEEP_PROCESS_ARGUMENTS_H
#define EIGENSWEEP_PROCESS_ARGUMENTS_H

/* The arguments of this process, the program's name first. Swift's CommandLine.arguments is empty in fully static
   executables. NULL beyond the last. */
int posix_argument_count(void);
const char *posix_argument(int index);

#endif
