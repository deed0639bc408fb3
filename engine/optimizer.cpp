#include "engine/optimizer.h"

#include <algorithm>
#include <cctype>

#include "engine/error.h"
#include "kernels/optimizer/optimizer.h"

namespace poster {

OptimizerOptions::Kind optimizer_kind(std::string name) {
  using enum OptimizerOptions::Kind;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char ch) { return std::tolower(ch); });
  for (const OptimizerOptions::Kind kind : {adam, adamw, sgd})
    if (name == optimizer_name(kind)) return kind;
  throw Error("--optimizer " + name + ": unknown optimizer; use adam, adamw or sgd");
}

const char* optimizer_name(OptimizerOptions::Kind kind) {
  switch (kind) {
    case OptimizerOptions::Kind::adam:
      return "adam";
    case OptimizerOptions::Kind::adamw:
      return "adamw";
    case OptimizerOptions::Kind::sgd:
      break;
  }
  return "sgd";
}

template <typename T>
Optimizer<T>::Optimizer(Device& device, Parameters<acc_t<T>>& parameters, const OptimizerOptions& options,
                        kernels::StepState* state, std::int64_t growth_interval)
    : device_(device),
      parameters_(parameters),
      options_(options),
      state_(state),
      growth_interval_(growth_interval) {}

namespace {

// The 16-bit copy, where T has one.
template <typename T>
T* rounded_copy(const Parameters<acc_t<T>>& parameters) {
  if constexpr (std::is_same_v<T, Half>)
    return parameters.rounded();
  else
    return nullptr;
}

}  // namespace

template <typename T>
template <typename Queue>
void Optimizer<T>::control(Queue& queue, kernels::StepControl::Action action) {
  kernels::run(queue,
               kernels::StepControl{.state = state_, .action = action, .growth_interval = growth_interval_});
}

template <typename T>
template <typename Queue>
void Optimizer<T>::measure(Queue& queue) {
  kernels::run(queue, kernels::SquaredNorm<acc_t<T>>{.result = &state_->squared_norm,
                                                     .x = parameters_.gradient(),
                                                     .count = parameters_.trained_count()});
  control(queue, kernels::StepControl::Action::check_gradient);
}

template <typename T>
void Optimizer<T>::ascend() {
  device_.run<T>([&](auto& queue) {
    measure(queue);
    kernels::run(queue,
                 kernels::SamAscent<T>{.compute = parameters_.compute() + parameters_.rounded_alone_count(),
                                       .rounded = rounded_copy<T>(parameters_),
                                       .master = parameters_.master(),
                                       .gradient = parameters_.gradient(),
                                       .count = parameters_.trained_count(),
                                       .compute_from = parameters_.rounded_alone_count(),
                                       .rho = options_.rho,
                                       .state = state_});
  });
}

template <typename T>
void Optimizer<T>::update() {
  device_.run<T>([&](auto& queue) {
    measure(queue);
    control(queue, kernels::StepControl::Action::begin_update);
    if (options_.kind == OptimizerOptions::Kind::sgd) {
      kernels::run(queue,
                   kernels::SgdStep<T>{.compute = parameters_.compute() + parameters_.rounded_alone_count(),
                                       .rounded = rounded_copy<T>(parameters_),
                                       .master = parameters_.master(),
                                       .velocity = parameters_.moment1(),
                                       .gradient = parameters_.gradient(),
                                       .count = parameters_.trained_count(),
                                       .compute_from = parameters_.rounded_alone_count(),
                                       .momentum = options_.momentum,
                                       .weight_decay = options_.weight_decay,
                                       .state = state_});
    } else {
      kernels::run(queue,
                   kernels::AdamStep<T>{.compute = parameters_.compute() + parameters_.rounded_alone_count(),
                                        .rounded = rounded_copy<T>(parameters_),
                                        .master = parameters_.master(),
                                        .moment1 = parameters_.moment1(),
                                        .moment2 = parameters_.moment2(),
                                        .gradient = parameters_.gradient(),
                                        .count = parameters_.trained_count(),
                                        .compute_from = parameters_.rounded_alone_count(),
                                        .weight_decay = options_.weight_decay,
                                        .decoupled = options_.kind == OptimizerOptions::Kind::adamw,
                                        .state = state_});
    }
    control(queue, kernels::StepControl::Action::finish_step);
  });
}

template class Optimizer<float>;
template class Optimizer<double>;
template class Optimizer<Half>;

}  // namespace poster
