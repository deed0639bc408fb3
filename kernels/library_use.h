// What a queue has had of cuBLASLt and cuDNN: whether they do beside a product or convolution what would
// otherwise be a kernel of its own, and which plans convolutions have. For the report of a device's first run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct LibraryUse {
  // Calls, planned ones left out; a graph's are counted when it is captured.
  struct Epilogue {
    std::int64_t wanted = 0, taken = 0;
  };
  Epilogue bias;      // of products, added by cuBLASLt
  Epilogue row_sums;  // the bias gradient, summed by cuBLASLt beside the gradient of the weights
  Epilogue convolution_bias;
  // One line a problem, with what cuDNN fuses, the engine and its knobs (kernels/conv_plans.h): "conv2d_forward
  // 64x56x56x64 …: bias 62 27=2, tensor cores, workspace of 0 bytes".
  std::vector<std::string> convolutions;
};

LibraryUse library_use(CudaQueue& queue);

}  // namespace poster::kernels
