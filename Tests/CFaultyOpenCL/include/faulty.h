#ifndef EIGENSWEEP_FAULTY_OPENCL_H
#define EIGENSWEEP_FAULTY_OPENCL_H

// Nothing is called from here: tests give the library to programs in place of the system's libOpenCL.so.1.

#endif
