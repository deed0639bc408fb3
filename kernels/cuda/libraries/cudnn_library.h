// What a queue keeps of cuDNN: the handle, and a plan for each problem that came along.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>

#include "kernels/cuda/libraries/cudnn_conv2d.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

// Bytes that all pointers are multiples of, up to 16.
std::int64_t common_alignment(std::initializer_list<const void*> pointers);

// Which plan is taken depends on the problem, the version of cuDNN and the kind of device alone. Unless
// POSTER_CUDNN_TUNE=1 stands in the environment: then the first run of each problem times some plans and
// keeps the fastest, and two runs of a program need not give the same bits.
class CudnnLibrary {
 public:
  static CudnnLibrary& of(CudaQueue& queue);

  explicit CudnnLibrary(CudaQueue& queue);
  ~CudnnLibrary();
  CudnnLibrary(const CudnnLibrary&) = delete;
  CudnnLibrary& operator=(const CudnnLibrary&) = delete;

  // Found when they are first asked for. Throws CudaError naming problem and device.
  const Conv2dPlans& plans(const Conv2dProblem& problem);

  // In the queue's order; not at all while it is planning. workspace: of plans(problem).workspace() bytes.
  void run(const Conv2dProblem& problem, std::span<const CudnnOperand> operands, void* workspace);

 private:
  void keep_the_fastest(Conv2dPlans& plans, std::span<const CudnnOperand> operands, void* workspace);

  CudaQueue& queue_;
  bool tune_;
  cudnnHandle_t handle_ = nullptr;
  std::map<Conv2dProblem, Conv2dPlans> plans_;
};

}  // namespace poster::kernels
