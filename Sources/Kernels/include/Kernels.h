#ifndef EIGENSWEEP_KERNELS_H
#define EIGENSWEEP_KERNELS_H

#include "device_arguments.h"
#include "device_source.h"
#include "elementary.h"
#include "lane_kernels.h"
#include "random_numbers.h"

#endif
