// What the queue keeps for the files that call cuBLASLt and cuDNN. Each creates its state on first use, of a
// type that no one else knows, and the queue destroys it before its stream.
#pragma once

#include <memory>
#include <string>

#include "kernels/conv_plans.h"
#include "kernels/cuda_queue.h"
#include "kernels/library_use.h"

namespace poster::kernels {

struct CudaQueue::Libraries {
  struct Plans {
    ConvPlanTable table;
    bool measure = false;
  };
  struct Shared {
    LibraryUse use;
    Plans conv_plans;
  };

  std::shared_ptr<void> cublas, cudnn;
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();  // with the queues beside it
  LibraryUse& use = shared->use;
  Plans& conv_plans = shared->conv_plans;
};

// Which of cuBLASLt and cuDNN does not load here, and what to do about it; empty when both do.
std::string libraries_unavailable();

// "9.19.0"
std::string cudnn_version();

}  // namespace poster::kernels
