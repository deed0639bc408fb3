#include "kernels/cuda/libraries/cudnn_library.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "kernels/cuda/launch_check.h"
#include "kernels/cuda/libraries.h"
#include "kernels/cuda/libraries/plan_text.h"
#include "kernels/cuda_device.h"
#include "kernels/environment.h"

namespace poster::kernels {
namespace {

constexpr int kTimedPlans = 8;

std::string describe(const Conv2dProblem& problem, int device) {
  return text_of(problem) + ", device " + std::to_string(device);
}

Conv2dChoice choice_of(const Conv2dPlan& plan) {
  return {.fusion = plan.fusion, .choice = plan.plan.choice()};
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

CudnnLibrary::CudnnLibrary(CudaQueue& queue) : queue_(queue) {
  POSTER_CUDNN_CHECK(cudnn().cudnnCreate(&handle_));
  POSTER_CUDNN_CHECK(cudnn().cudnnSetStream(handle_, queue.stream()));
  if (environment_flag(Variable::cudnn_tune)) queue.libraries().conv_plans.measure = true;
}

CudnnLibrary::~CudnnLibrary() {
  plans_.clear();
  cudnn().cudnnDestroy(handle_);
}

const std::vector<Conv2dPlan>& CudnnLibrary::plans(const Conv2dProblem& problem) {
  const auto known = plans_.find(problem);
  if (known != plans_.end()) return known->second;
  try {
    std::vector<Conv2dPlan> found = find_plans(problem);
    if (found.size() == 1) note(problem, found.front());
    return plans_.emplace(problem, std::move(found)).first->second;
  } catch (const CudaError& error) {
    throw CudaError(describe(problem, queue_.device()) + ": " + error.what());
  }
}

std::vector<Conv2dPlan> CudnnLibrary::find_plans(const Conv2dProblem& problem) {
  const CudnnTarget target{.handle = handle_};
  const auto& [table, measure] = queue_.libraries().conv_plans;
  std::vector<Conv2dPlan> plans;
  if (const auto entry = table.find(text_of(problem)); entry != table.end()) {
    const Conv2dChoice choice = conv2d_choice(entry->second);
    const auto graph = make_conv2d_graph(target, problem, choice.fusion);
    auto plan = graph ? make_cudnn_plan(target, graph, conv2d_rules(problem), choice.choice) : std::nullopt;
    if (!plan)
      throw CudaError(
          "cuDNN has no plan \"" + entry->second +
          "\", which the table of plans has for it, or it breaks the rules; measure the table anew");
    plans.push_back({std::move(*plan), choice.fusion});
  } else if (measure) {
    plans = make_conv2d_plans(target, problem, kTimedPlans);
  } else {
    plans.push_back(make_conv2d_plan(target, problem));
  }
  return plans;
}

std::int64_t CudnnLibrary::workspace(const Conv2dProblem& problem) {
  std::int64_t bytes = 0;
  for (const Conv2dPlan& plan : plans(problem)) bytes = std::max(bytes, plan.plan.workspace());
  return bytes;
}

void CudnnLibrary::run(const Conv2dProblem& problem, std::span<const CudnnOperand> operands, void* workspace,
                       const Rest& rest) {
  std::vector<Conv2dPlan>& plans = plans_.at(problem);
  if (queue_.planning()) {
    note_library_call(queue_, "cuDNN");
    return rest(plans.front().fusion);
  }
  try {
    if (plans.size() > 1 && !capturing(queue_)) {
      keep_the_fastest(plans, operands, workspace, rest);
      note(problem, plans.front());
      queue_.libraries().conv_plans.table[text_of(problem)] = text_of(choice_of(plans.front()));
    }
    plans.front().plan.run(handle_, operands, workspace);
    check_library_call(queue_, "cuDNN");
    LibraryUse::Epilogue& bias = queue_.libraries().use.convolution_bias;
    bias.wanted += problem.bias;
    bias.taken += problem.bias && plans.front().fusion != Conv2dFusion::none;
  } catch (const CudaError& error) {
    throw CudaError(describe(problem, queue_.device()) + ": " + error.what());
  }
  rest(plans.front().fusion);
}

void CudnnLibrary::note(const Conv2dProblem& problem, const Conv2dPlan& plan) {
  queue_.libraries().use.convolutions.push_back(
      text_of(problem) + ": " + text_of(choice_of(plan)) +
      (plan.plan.has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE) ? ", tensor cores" : "") + ", workspace of " +
      std::to_string(plan.plan.workspace()) + " bytes");
}

// With what each leaves to do. Running a plan twice does no harm: results are overwritten.
void CudnnLibrary::keep_the_fastest(std::vector<Conv2dPlan>& plans, std::span<const CudnnOperand> operands,
                                    void* workspace, const Rest& rest) {
  constexpr int kRounds = 3, kRuns = 5;  // the best round counts: others may have been disturbed
  CudaEvent start, end;
  float best_time = std::numeric_limits<float>::infinity();
  std::size_t best = 0;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const auto run_once = [&] {
      plans[i].plan.run(handle_, operands, workspace);
      rest(plans[i].fusion);
    };
    run_once();  // loads it
    for (int round = 0; round < kRounds; ++round) {
      start.record(queue_);
      for (int r = 0; r < kRuns; ++r) run_once();
      end.record(queue_);
      end.wait();
      const float time = end.milliseconds_since(start);
      if (time < best_time) best = i, best_time = time;
    }
  }
  std::swap(plans[0], plans[best]);
  plans.erase(plans.begin() + 1, plans.end());
}

}  // namespace poster::kernels
