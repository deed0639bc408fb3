// Gradients of layers and networks against central differences, in double: of every input and of every
// trained parameter.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/planning_scope.h"
#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"

namespace poster::test {

// Has the memory ready that `pass` needs.
template <typename T, typename F>
void plan(Context<T>& c, const F& pass) {
  PlanningScope scope(c.resources.device, c.resources.arena);
  pass();
  c.resources.arena.reserve(c.resources.device, scope.finish().activations);
}

// Everything a layer needs, filled with random values.
class LayerBench {
 public:
  using Tensors = std::vector<Tensor<double>>;
  using Forward = std::function<Tensor<double>(Context<double>&, const Tensors&)>;
  // Returns the gradients of the inputs; an empty tensor where nobody wants one.
  using Backward = std::function<Tensors(Context<double>&, const Tensor<double>&)>;

  ParameterTable table;  // to be filled by the layer's constructor, before start()

  void start(std::uint64_t seed = 1) {
    parameters_ = std::make_unique<Parameters<double>>(device_, table);
    for (std::size_t id = 0; id < table.specs().size(); ++id) {
      const ParameterSpec& spec = table.specs()[id];
      if (spec.role == Role::counter || spec.role == Role::constant || spec.role == Role::dead) continue;
      // Around 1 for what multiplies or divides, around 0 for the rest.
      const bool positive = spec.shape.size() == 1 && spec.initialiser.kind == Initialiser::Kind::constant &&
                            spec.initialiser.value != 0;
      double* value = parameters_->value(static_cast<ParameterId>(id));
      const auto random = random_values<double>(spec.count(), seed + id, -0.5, 0.5);
      for (std::size_t i = 0; i < random.size(); ++i) value[i] = (positive ? 1.0 : 0.0) + random[i];
    }
    parameters_->prepare_training();
    resources_.emplace(
        Resources<double>{.device = device_, .arena = arena_, .parameters = *parameters_, .state = &state_});
    context_.emplace(Context<double>{.resources = *resources_, .pass = {.training = true}, .hooks = hooks_});
  }

  Context<double>& context() { return *context_; }
  Hooks<double>& hooks() { return hooks_; }
  Parameters<double>& parameters() { return *parameters_; }

  void check(const std::vector<Shape>& input_shapes, const Forward& forward, const Backward& backward,
             double tolerance = 1e-6, std::size_t elements_per_tensor = 24, double eps = 1e-5) {
    std::vector<std::vector<double>> inputs;
    for (std::size_t i = 0; i < input_shapes.size(); ++i)
      inputs.push_back(random_values<double>(input_shapes[i].count(), 100 + i));
    plan(inputs, input_shapes, forward, backward);

    std::vector<double> weights;
    std::vector<std::vector<double>> input_gradients;
    const auto loss = [&](bool keep_gradients) {
      const Tensors x = upload(inputs, input_shapes);
      const Tensor<double> y = forward(*context_, x);
      const std::vector<double> output(y.data(), y.data() + y.count());
      if (weights.empty()) weights = random_values<double>(y.count(), 7);
      Tensor<double> dy = context_->tensor(y.shape());
      std::copy(weights.begin(), weights.end(), dy.data());
      // Backward runs each time: it gives back what forward has kept.
      const Tensors dx = backward(*context_, dy);
      if (keep_gradients)
        for (const auto& d : dx)
          input_gradients.push_back(d ? std::vector<double>(d.data(), d.data() + d.count())
                                      : std::vector<double>());
      return dot(weights, output);
    };
    const std::size_t gradient_count = static_cast<std::size_t>(parameters_->trained_count());
    std::fill_n(parameters_->gradient(), gradient_count, std::numeric_limits<double>::quiet_NaN());
    loss(true);
    const std::vector<double> gradients(parameters_->gradient(), parameters_->gradient() + gradient_count);

    const std::function<double()> value = [&] { return loss(false); };
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (input_gradients[i].empty()) continue;
      compare("input " + std::to_string(i), inputs[i].data(), input_gradients[i].data(), inputs[i].size(),
              value, tolerance, elements_per_tensor, eps);
    }
    for (std::size_t id = 0; id < table.specs().size(); ++id) {
      if (table.specs()[id].role != Role::trained) continue;
      double* x = parameters_->value(static_cast<ParameterId>(id));
      const std::ptrdiff_t offset = x - parameters_->compute();
      compare(table.specs()[id].name, x, gradients.data() + offset,
              static_cast<std::size_t>(table.specs()[id].count()), value, tolerance, elements_per_tensor,
              eps);
    }
  }

 private:
  Tensors upload(const std::vector<std::vector<double>>& inputs, const std::vector<Shape>& shapes) {
    Tensors tensors;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      tensors.push_back(context_->tensor(shapes[i]));
      if (!arena_.planning()) std::copy(inputs[i].begin(), inputs[i].end(), tensors[i].data());
    }
    return tensors;
  }

  void plan(const std::vector<std::vector<double>>& inputs, const std::vector<Shape>& shapes,
            const Forward& forward, const Backward& backward) {
    test::plan(*context_, [&] {
      const Tensors x = upload(inputs, shapes);
      const Tensor<double> y = forward(*context_, x);
      const Tensor<double> dy = context_->tensor(y.shape());
      backward(*context_, dy);
    });
  }

  // Some elements of one tensor, spread over it.
  void compare(const std::string& name, double* x, const double* analytic, std::size_t count,
               const std::function<double()>& loss, double tolerance, std::size_t at_most, double eps) {
    std::vector<double> numeric, chosen;
    const std::size_t n = std::min(count, at_most);
    double largest = 0;
    for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(analytic[i]));
    for (std::size_t k = 0; k < n; ++k) {
      double& element = x[k * count / n];
      const double original = element;
      element = original + eps;
      const double above = loss();
      element = original - eps;
      const double below = loss();
      element = original;
      numeric.push_back((above - below) / (2 * eps));
      chosen.push_back(analytic[k * count / n]);
    }
    // The floor: what rounding leaves of a gradient that is zero in exact arithmetic.
    EXPECT_LE(relative_error(chosen, numeric, std::max(largest, 1e-3)), tolerance) << "gradient of " << name;
  }

  Device device_ = Device::open("cpu", 2);
  Arena arena_;
  std::unique_ptr<Parameters<double>> parameters_;
  kernels::StepState state_;
  std::optional<Resources<double>> resources_;
  Hooks<double> hooks_;
  std::optional<Context<double>> context_;
};

}  // namespace poster::test
