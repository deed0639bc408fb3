#include "engine/optimizer.h"

#include <algorithm>
#include <cctype>

#include "engine/error.h"
#include "kernels/optimizer.h"

namespace poster {

OptimizerOptions::Kind optimizer_kind(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char ch) { return std::tolower(ch); });
  if (name == "adam") return OptimizerOptions::Kind::adam;
  if (name == "adamw") return OptimizerOptions::Kind::adamw;
  if (name == "sgd") return OptimizerOptions::Kind::sgd;
  throw Error("--optimizer " + name + ": unknown optimizer; use adam, adamw or sgd");
}

std::string optimizer_name(OptimizerOptions::Kind kind) {
  switch (kind) {
    case OptimizerOptions::Kind::adamw:
      return "adamw";
    case OptimizerOptions::Kind::sgd:
      return "sgd";
    default:
      return "adam";
  }
}

template <typename T>
Optimizer<T>::Optimizer(Device& device, Parameters<T>& parameters, const OptimizerOptions& options)
    : device_(device),
      parameters_(parameters),
      options_(options),
      squared_norm_(device.allocate(sizeof(double))) {}

template <typename T>
void Optimizer<T>::climb() {
  auto* norm = reinterpret_cast<double*>(squared_norm_.data());
  device_.run([&](auto& queue) {
    kernels::squared_norm(
        queue, kernels::SquaredNorm<T>{
                   .result = norm, .x = parameters_.gradient(), .count = parameters_.trained_count()});
    kernels::sam_climb(queue, kernels::SamClimb<T>{.compute = parameters_.compute(),
                                                   .master = parameters_.master(),
                                                   .gradient = parameters_.gradient(),
                                                   .count = parameters_.trained_count(),
                                                   .rho = options_.rho,
                                                   .squared_norm = norm});
  });
}

template <typename T>
void Optimizer<T>::update(double lr) {
  ++steps_;
  device_.run([&](auto& queue) {
    if (options_.kind == OptimizerOptions::Kind::sgd) {
      kernels::sgd_step(queue, kernels::SgdStep<T>{.compute = parameters_.compute(),
                                                   .master = parameters_.master(),
                                                   .velocity = parameters_.moment1(),
                                                   .gradient = parameters_.gradient(),
                                                   .count = parameters_.trained_count(),
                                                   .lr = lr,
                                                   .momentum = options_.momentum,
                                                   .weight_decay = options_.weight_decay});
    } else {
      kernels::adam_step(queue,
                         kernels::AdamStep<T>{.compute = parameters_.compute(),
                                              .master = parameters_.master(),
                                              .moment1 = parameters_.moment1(),
                                              .moment2 = parameters_.moment2(),
                                              .gradient = parameters_.gradient(),
                                              .count = parameters_.trained_count(),
                                              .lr = lr,
                                              .weight_decay = options_.weight_decay,
                                              .decoupled = options_.kind == OptimizerOptions::Kind::adamw,
                                              .step = steps_});
    }
  });
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace poster
