// The CUDA runtime. Tests without a GPU put tests/host_cuda first on the include path: its cuda_runtime.h
// stands in.
#pragma once

#include <cuda_runtime.h>
