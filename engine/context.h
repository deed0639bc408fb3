// What a layer is called with: what it runs on, how the pass is meant, and what tests want to see or set.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/arena.h"
#include "engine/device.h"
#include "engine/lanes.h"
#include "engine/parameters.h"
#include "engine/tensor.h"
#include "kernels/attention/attention.h"
#include "kernels/nvtx_range.h"
#include "kernels/op.h"
#include "kernels/step_state/step_state.h"

namespace poster {

// What a network runs on.
template <typename T>
struct Resources {
  Device& device;
  Arena& arena;
  Parameters<acc_t<T>>& parameters;
  // On the device: the number of this forward pass keys drop path.
  kernels::StepState* state = nullptr;
  Lanes* lanes = nullptr;  // none: everything in one order
};

// How a pass is meant.
struct Pass {
  // Train mode: batch norm takes the statistics of the batch, drop path drops, and layers keep what backward
  // needs.
  bool training = false;
  // A key of drop path: the seed of the run.
  std::uint64_t seed = 0;
  // How often running statistics move towards those of this batch in train mode.
  int statistics_updates = 1;
  // Batch norms lie in the convolutions before them (engine/layers/conv_batch_norm.h); not in train mode.
  bool folded = false;
};

// A convolution's weight and the parameters of the batch norm behind it.
struct FoldedNorm {
  ParameterId conv_weight, weight, bias, running_mean, running_var;
};

// What is called or asked in a pass, where it is set.
template <typename T>
struct Hooks {
  // Each stage's output as forward computes it: for comparing stage by stage.
  std::function<void(std::string_view stage, const Tensor<T>&)> probe = {};
  // Drop path factors in place of drawn ones: for one call of a module with this rate, one factor a sample
  // (0 drops), or nothing to keep every sample as it is.
  std::function<std::vector<acc_t<T>>(std::string_view module, int call, double rate)> drop_path_factors = {};
  // Queries and keys (on the device) of a self-attention in which the class token alone asks.
  std::function<void(const T* q, const T* k, const kernels::AttentionShape&)> class_attention = {};
  // In a dry run, each pair that can be folded.
  std::function<void(const FoldedNorm&)> foldable = {};

  // A graph would call none of these; and whoever looks sees the main queue alone.
  bool want_computing() const { return probe || drop_path_factors || class_attention; }
};

template <typename T>
struct Context {
  static inline const Hooks<T> kNoHooks = {};

  const Resources<T>& resources;
  Pass pass = {};
  const Hooks<T>& hooks = kNoHooks;

  Tensor<T> tensor(Shape shape) const { return poisoned(Tensor<T>(resources.arena, shape)); }
  // For statistics and other sums.
  Tensor<acc_t<T>> sums(Shape shape) const { return poisoned(Tensor<acc_t<T>>(resources.arena, shape)); }
  // Memory for a result of x's shape: x's own when nobody else needs it.
  Tensor<T> reuse(Tensor<T>& x) const { return !pass.training && x.unique() ? x : tensor(x.shape()); }

  acc_t<T>* value(ParameterId id) const { return resources.parameters.value(id); }
  // As an operand of a product or convolution.
  T* weight(ParameterId id) const {
    if constexpr (std::is_same_v<T, acc_t<T>>)
      return resources.parameters.value(id);
    else
      return resources.parameters.rounded_value(id);
  }
  acc_t<T>* gradient(ParameterId id) const { return resources.parameters.gradient(id); }

  // In a dry run (engine/planning_scope.h) tensors have no memory behind them.
  bool planning() const { return resources.arena.planning(); }
  // Runs an op on the device's queue; or calls f with the queue. In a dry run nothing computes: a CUDA queue
  // plans, and the CPU has nothing to plan. Operands are checked in a dry run, too: shapes that an op doesn't
  // take are refused before a step has changed anything.
  template <kernels::OpWithOperands Op>
  void run(const Op& op) const {
    if (planning() && !resources.device.cuda())
      return kernels::check_operands(op, kernels::OperandMemory::planned);
    run([&](auto& queue) {
      if (planning()) return kernels::run(queue, op);
      // Ops that go through a library launch nothing that would name them.
      const kernels::NvtxRange range(Op::name);
      kernels::run(queue, op);
    });
  }
  template <typename F>
  void run(F&& f) const requires(!kernels::OpWithOperands<std::remove_cvref_t<F>>) {
    if (!planning() || resources.device.cuda()) resources.device.template run<T>(f);
  }
  void show(std::string_view stage, const Tensor<T>& tensor) const {
    if (hooks.probe && !planning()) hooks.probe(stage, tensor);
  }

  // Runs f, and with it the ops that it runs, beside what follows where the device can; engine/lanes.h says
  // what f may capture how. Not where somebody looks inside.
  template <typename F>
  Lanes::Ticket beside(Lane lane, F&& f) const {
    if (resources.lanes && resources.lanes->enabled() && !hooks.want_computing())
      return resources.lanes->beside(lane, std::forward<F>(f));
    f();
    return {};
  }
  // What follows sees the work of the ticket, of the lane, of all lanes.
  template <typename... Which>
  void join(const Which&... which) const {
    if (resources.lanes) resources.lanes->join(which...);
  }

 private:
  template <typename V>
  Tensor<V> poisoned(Tensor<V> tensor) const {
    resources.device.poison(tensor.data(), static_cast<std::size_t>(tensor.count()) * sizeof(V));
    return tensor;
  }
};

}  // namespace poster
