// The CUDA runtime. Tests without a GPU put tests/cuda_simulator first on the include path: its cuda_runtime.h
// stands in.
#pragma once

#include <cuda_runtime.h>
