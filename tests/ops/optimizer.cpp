#include "kernels/optimizer/optimizer.h"

#include <cmath>
#include <cstring>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::AdamStep, kernels::SamAscent, kernels::SgdStep, kernels::SquaredNorm, kernels::StepState;

void norm(const SquaredNorm<double>& a) {
  long double sum = 0;
  for (index_t i = 0; i < a.count; ++i) sum += static_cast<long double>(a.x[i]) * a.x[i];
  *a.result = static_cast<double>(sum);
}

template <typename Op>
void set_weight(const Op& a, index_t i, double w) {
  if (i >= a.compute_from) a.compute[i - a.compute_from] = w;
  if (a.rounded) a.rounded[i] = w;
}

void ascent(const SamAscent<double>& a) {
  const StepState& s = *a.state;
  for (index_t i = 0; i < a.count; ++i) {
    const double gradient = a.gradient[i] / s.loss_scale, size = std::sqrt(s.squared_norm) / s.loss_scale;
    set_weight(a, i, a.master[i] + (s.finite ? a.rho * gradient / (size + 1e-12) : 0));
  }
}

// PyTorch's documentation of torch.optim.Adam and AdamW, line by line.
void adam(const AdamStep<double>& a) {
  const StepState& s = *a.state;
  const double lr = s.learning_rate, t = static_cast<double>(s.updates);
  for (index_t i = 0; i < a.count; ++i) {
    double &p = a.master[i], &m = a.moment1[i], &v = a.moment2[i];
    if (s.finite) {
      double g = a.gradient[i] / s.loss_scale;
      if (a.decoupled)
        p = p - lr * a.weight_decay * p;
      else
        g = g + a.weight_decay * p;
      m = a.beta1 * m + (1 - a.beta1) * g;
      v = a.beta2 * v + (1 - a.beta2) * g * g;
      const double m_hat = m / (1 - std::pow(a.beta1, t)), v_hat = v / (1 - std::pow(a.beta2, t));
      p = p - lr * m_hat / (std::sqrt(v_hat) + a.eps);
    }
    set_weight(a, i, p);
  }
}

void sgd(const SgdStep<double>& a) {
  const StepState& s = *a.state;
  for (index_t i = 0; i < a.count; ++i) {
    if (s.finite) {
      a.velocity[i] =
          a.momentum * a.velocity[i] + a.gradient[i] / s.loss_scale + a.weight_decay * a.master[i];
      a.master[i] -= s.learning_rate * a.velocity[i];
    }
    set_weight(a, i, a.master[i]);
  }
}

// Without decay or momentum a number that is multiplied by 0 changes nothing, but a NaN does.
CaseOptions with(const StepState& state, bool decays = true) {
  std::vector<std::byte> bytes(sizeof state);
  std::memcpy(bytes.data(), &state, sizeof state);
  return {.ranges = {{"velocity", {-0.3, 0.3}}, {"moment1", {-0.3, 0.3}}, {"moment2", {0.01, 0.3}}},
          .objects = {{"state", bytes}},
          .saturated = !state.finite || !decays};
}

const bool added = [] {
  auto norms = op_test<SquaredNorm>(
      {.reference = norm, .tolerance = 1e-13, .exact_tolerance = 1e-13, .bits_for_any_alignment = true});
  for (const index_t count : {0, 1, 7, 1001, 16'384, 40'003, 100'003}) norms.add({.count = count});
  norms.add({.count = 999}, {.ranges = {{"x", {200, 201}}}});

  auto ascents = op_test<SamAscent>({.reference = ascent, .bits_for_any_alignment = true});
  auto adams = op_test<AdamStep>({.reference = adam, .bits_for_any_alignment = true});
  auto sgds = op_test<SgdStep>({.reference = sgd, .bits_for_any_alignment = true});
  // The first update, a later one, one late in training (1 - beta^step is 1 to the last bit), and a step that
  // is skipped.
  const StepState first{.learning_rate = 3e-2, .squared_norm = 300, .updates = 1};
  StepState later = first, late = first, skipped = first;
  later.loss_scale = 512, later.updates = 3;
  late.updates = 1'000'000;
  skipped.updates = 3, skipped.finite = 0;
  for (const StepState& state : {first, later, late, skipped})
    for (const index_t count : {1, 4, 7, 1001, 5000, 40'003}) {
      if (count > 5000 && state.updates != 3) continue;
      ascents.add({.count = count, .rho = 0.05}, with(state));
      for (const double decay : {0.0, 0.05}) {
        for (const bool decoupled : {false, true})
          adams.add({.count = count,
                     .beta1 = 0.8,
                     .beta2 = 0.99,
                     .eps = 1e-6,
                     .weight_decay = decay,
                     .decoupled = decoupled},
                    with(state, decay > 0 && !decoupled));
        sgds.add({.count = count, .momentum = decay > 0 ? 0.9 : 0, .weight_decay = decay},
                 with(state, decay > 0));
      }
    }
  // Weights that have no float copy: some, up to the middle of four that are taken at once, and all.
  for (const auto& [count, from] : {std::pair<index_t, index_t>{5000, 4096}, {5001, 4}, {1001, 998}, {7, 7}})
    for (const StepState& state : {later, skipped}) {
      ascents.add({.count = count, .compute_from = from, .rho = 0.05}, with(state));
      adams.add({.count = count, .compute_from = from, .weight_decay = 0.05}, with(state));
      sgds.add({.count = count, .compute_from = from, .momentum = 0.9, .weight_decay = 0.05}, with(state));
    }
  ascents.refuses({.count = 5, .compute_from = 6}, "compute has a negative size");
  adams.refuses({.count = 5, .compute_from = -1}, "compute_from");
  // More than the grid takes at once.
  ascents.add({.count = 1'090'003, .rho = 0.5}, with(first));
  adams.add({.count = 1'090'003}, with(first));
  sgds.add({.count = 1'090'003}, with(first));
  return true;
}();

}  // namespace
}  // namespace poster::test
