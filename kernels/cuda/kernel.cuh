// What an op's cuda.cu needs; kernels/cuda/kernel.h says what it has.
#pragma once

#include "kernels/cuda/kernel.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/shared.cuh"
#include "kernels/cuda_queue.h"
