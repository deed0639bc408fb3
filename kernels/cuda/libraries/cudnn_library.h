// What a queue keeps of cuDNN: the handle, and a plan for each problem that came along.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <span>
#include <vector>

#include "kernels/cuda/libraries/cudnn_conv2d.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

// Bytes that all pointers are multiples of, up to 16.
std::int64_t common_alignment(std::initializer_list<const void*> pointers);

// Which plan is taken depends on the problem, the version of cuDNN, the kind of device and the queue's table
// (kernels/conv_plans.h) alone. Unless plans are being measured: then the first run of each problem that the
// table lacks times some and keeps the fastest, and two runs of a program take the same only with that table.
class CudnnLibrary {
 public:
  static CudnnLibrary& of(CudaQueue& queue);

  explicit CudnnLibrary(CudaQueue& queue);
  ~CudnnLibrary();
  CudnnLibrary(const CudnnLibrary&) = delete;
  CudnnLibrary& operator=(const CudnnLibrary&) = delete;

  // The one to take first, or those to measure. Found when they are first asked for. Throws CudaError naming
  // problem and device.
  const std::vector<Conv2dPlan>& plans(const Conv2dProblem& problem);
  // Bytes that any of them may use.
  std::int64_t workspace(const Conv2dProblem& problem);

  // In the queue's order; while it is planning cuDNN does nothing. Of the operands a plan uses those that it
  // knows. `rest` puts on the queue what the plan, which fuses as much as it is told, leaves to the caller.
  // workspace: of workspace(problem) bytes.
  using Rest = std::function<void(Conv2dFusion)>;
  void run(const Conv2dProblem& problem, std::span<const CudnnOperand> operands, void* workspace,
           const Rest& rest);

 private:
  std::vector<Conv2dPlan> find_plans(const Conv2dProblem& problem);
  // For library_use().
  void note(const Conv2dProblem& problem, const Conv2dPlan& plan);
  void keep_the_fastest(std::vector<Conv2dPlan>& plans, std::span<const CudnnOperand> operands,
                        void* workspace, const Rest& rest);

  CudaQueue& queue_;
  cudnnHandle_t handle_ = nullptr;
  std::map<Conv2dProblem, std::vector<Conv2dPlan>> plans_;
};

}  // namespace poster::kernels
