// What the queue keeps for the files that call cuBLASLt and cuDNN. Each creates its state on first use, of a
// type that no one else knows, and the queue destroys it before its stream.
#pragma once

#include <memory>
#include <string>

#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct CudaQueue::Libraries {
  std::shared_ptr<void> cublas, cudnn;
};

// Which of cuBLASLt and cuDNN does not load here, and what to do about it; empty when both do.
std::string libraries_unavailable();

}  // namespace poster::kernels
