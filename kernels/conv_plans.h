// Which of cuDNN's plans a queue's convolutions take. By default those that cuDNN recommends; what was
// measured on a device can be kept as texts, one a problem, and given to later queues: they take the same
// plans, and give the same bits.
#pragma once

#include <map>
#include <string>

#include "kernels/cuda_queue.h"

namespace poster::kernels {

// A problem ("conv2d_forward 64x56x56x64 …") to its plan ("bias 62 14=3 27=2"): both are for the same kind of
// device and version of cuDNN alone.
using ConvPlanTable = std::map<std::string, std::string>;

// "NVIDIA H200, cuDNN 9.19.0": what a table is for. Throws CudaError.
std::string conv_plans_are_for(CudaQueue& queue);

// Before the first convolution. A plan that cuDNN doesn't have, or that breaks the rules (one that adds in any
// order, say), is a CudaError of the convolution that it is for. For problems that the table lacks, cuDNN's
// recommendations hold.
void use_conv_plans(CudaQueue& queue, ConvPlanTable table);

// From now on the first run of each problem that the table lacks, outside of a graph, times several plans and
// takes the fastest. POSTER_CUDNN_TUNE=1 in the environment does so from the start.
void measure_conv_plans(CudaQueue& queue);

// The table in use, with what has been measured.
const ConvPlanTable& conv_plans(CudaQueue& queue);

}  // namespace poster::kernels
