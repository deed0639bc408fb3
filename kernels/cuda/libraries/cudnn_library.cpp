#include "kernels/cuda/libraries/cudnn_library.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "kernels/cuda/launch_check.h"
#include "kernels/cuda/libraries.h"
#include "kernels/cuda_device.h"
#include "kernels/environment.h"

namespace poster::kernels {
namespace {

constexpr int kTimedPlans = 8;

bool tuning_wanted() { return environment_flag(Variable::cudnn_tune); }

std::string describe(const Conv2dProblem& p, int device) {
  constexpr const char* kPasses[] = {"conv2d_forward", "conv2d_backward_data", "conv2d_backward_weights"};
  const Conv2dShape& s = p.shape;
  const auto text = [](index_t value) { return std::to_string(value); };
  return std::string(kPasses[static_cast<int>(p.pass)]) + " of [" + text(s.batch) + ", " + text(s.height) +
         ", " + text(s.width) + ", " + text(s.c_in) + "] to " + text(s.c_out) + " channels, kernel " +
         text(s.kernel) + ", stride " + text(s.stride) + ", padding " + text(s.padding) +
         (p.half   ? ", 16 bits"
          : p.tf32 ? ", TF32"
                   : ", float") +
         ", pointers multiples of " + text(p.alignment) + ", device " + text(device);
}

}  // namespace

std::int64_t common_alignment(std::initializer_list<const void*> pointers) {
  std::uintptr_t bits = 16;
  for (const void* pointer : pointers) bits |= reinterpret_cast<std::uintptr_t>(pointer);
  return static_cast<std::int64_t>(bits & (~bits + 1));
}

CudnnLibrary& CudnnLibrary::of(CudaQueue& queue) {
  auto& state = queue.libraries().cudnn;
  if (!state) state = std::make_shared<CudnnLibrary>(queue);
  return *static_cast<CudnnLibrary*>(state.get());
}

CudnnLibrary::CudnnLibrary(CudaQueue& queue) : queue_(queue), tune_(tuning_wanted()) {
  POSTER_CUDNN_CHECK(cudnn().cudnnCreate(&handle_));
  POSTER_CUDNN_CHECK(cudnn().cudnnSetStream(handle_, queue.stream()));
}

CudnnLibrary::~CudnnLibrary() {
  plans_.clear();
  cudnn().cudnnDestroy(handle_);
}

const Conv2dPlans& CudnnLibrary::plans(const Conv2dProblem& problem) {
  const auto known = plans_.find(problem);
  if (known != plans_.end()) return known->second;
  try {
    return plans_[problem] = make_conv2d_plans({.handle = handle_}, problem, tune_ ? kTimedPlans : 1);
  } catch (const CudaError& error) {
    throw CudaError(describe(problem, queue_.device()) + ": " + error.what());
  }
}

void CudnnLibrary::run(const Conv2dProblem& problem, std::span<const CudnnOperand> operands,
                       void* workspace) {
  if (queue_.planning()) return;
  Conv2dPlans& plans = plans_.at(problem);
  try {
    if (plans.plans.size() > 1 && !capturing(queue_)) keep_the_fastest(plans, operands, workspace);
    plans.plans.front().run(handle_, operands, workspace);
    check_library_call(queue_, "cuDNN");
  } catch (const CudaError& error) {
    throw CudaError(describe(problem, queue_.device()) + ": " + error.what());
  }
}

// Running a plan twice does no harm: results are overwritten.
void CudnnLibrary::keep_the_fastest(Conv2dPlans& plans, std::span<const CudnnOperand> operands,
                                    void* workspace) {
  constexpr int kRuns = 5;
  CudaEvent start, end;
  float best_time = std::numeric_limits<float>::infinity();
  std::size_t best = 0;
  for (std::size_t i = 0; i < plans.plans.size(); ++i) {
    plans.plans[i].run(handle_, operands, workspace);
    start.record(queue_);
    for (int r = 0; r < kRuns; ++r) plans.plans[i].run(handle_, operands, workspace);
    end.record(queue_);
    end.wait();
    const float time = end.milliseconds_since(start);
    if (time < best_time) best = i, best_time = time;
  }
  std::swap(plans.plans[0], plans.plans[best]);
  plans.plans.erase(plans.plans.begin() + 1, plans.plans.end());
}

}  // namespace poster::kernels
