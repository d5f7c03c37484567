#ifndef EIGENSWEEP_STAND_IN_H
#define EIGENSWEEP_STAND_IN_H

// Nothing is called from here: tests give the library to programs as libcuda.so.1.

#endif
