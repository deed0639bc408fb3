// What a layer needs to run: the device, the arena, the parameters, and how the pass is meant.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/arena.h"
#include "engine/device.h"
#include "engine/parameters.h"
#include "engine/tensor.h"
#include "kernels/attention/attention.h"
#include "kernels/op.h"
#include "kernels/step_state/step_state.h"

namespace poster {

// A convolution's weight and the parameters of the batch norm behind it.
struct FoldedNorm {
  ParameterId conv_weight, weight, bias, running_mean, running_var;
};

template <typename T>
struct Context {
  Device& device;
  Arena& arena;
  Parameters<acc_t<T>>& parameters;
  // On the device: the number of this forward pass keys drop path.
  kernels::StepState* state = nullptr;

  // Train mode: batch norm takes the statistics of the batch, drop path drops, and layers keep what backward
  // needs.
  bool training = false;
  // A key of drop path: the seed of the run.
  std::uint64_t seed = 0;

  // Called with each stage's output as forward computes it, when set: for comparing stage by stage.
  std::function<void(std::string_view stage, const Tensor<T>&)> probe;
  // Drop path factors to use instead of drawn ones, when set: for one call of a module with this rate, one
  // factor a sample (0 drops), or nothing to keep every sample as it is.
  std::function<std::vector<acc_t<T>>(std::string_view module, int call, double rate)> drop_path_factors;

  // Batch norms lie in the convolutions before them (engine/layers/conv_batch_norm.h); not in train mode.
  bool folded = false;
  // In a dry run: where the pairs that can be folded are noted, when set.
  std::vector<FoldedNorm>* foldable = nullptr;
  // Told the queries and keys (on the device) of a self-attention in which the class token alone asks, when
  // set.
  std::function<void(const T* q, const T* k, const kernels::AttentionShape&)> class_attention = {};

  Tensor<T> tensor(Shape shape) const { return Tensor<T>(arena, shape); }
  // For statistics and other sums.
  Tensor<acc_t<T>> sums(Shape shape) const { return Tensor<acc_t<T>>(arena, shape); }
  // Memory for a result of x's shape: x's own when nobody else needs it.
  Tensor<T> reuse(Tensor<T>& x) const { return !training && x.unique() ? x : tensor(x.shape()); }

  acc_t<T>* value(ParameterId id) const { return parameters.value(id); }
  // As an operand of a product or convolution.
  T* weight(ParameterId id) const {
    if constexpr (std::is_same_v<T, acc_t<T>>)
      return parameters.value(id);
    else
      return parameters.rounded_value(id);
  }
  acc_t<T>* gradient(ParameterId id) const { return parameters.gradient(id); }

  // Runs an op on the device's queue; or calls f with the queue. In a dry run (engine/planning_scope.h)
  // nothing computes: a CUDA queue plans, and the CPU has nothing to plan.
  template <kernels::OpWithOperands Op>
  void run(const Op& op) const {
    run([&](auto& queue) { kernels::run(queue, op); });
  }
  template <typename F>
  void run(F&& f) const requires(!kernels::OpWithOperands<std::remove_cvref_t<F>>) {
    if (!arena.planning() || device.cuda()) device.run<T>(f);
  }
  void show(std::string_view stage, const Tensor<T>& tensor) const {
    if (probe && !arena.planning()) probe(stage, tensor);
  }
};

}  // namespace poster
