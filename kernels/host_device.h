// Functions that both the CPU and the GPU run.
#pragma once

#if defined(__CUDACC__)
#define POSTER_HOST_DEVICE __host__ __device__
#else
#define POSTER_HOST_DEVICE
#endif
