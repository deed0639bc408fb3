// Losses, and the optimizer's passes over flat memory.
#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/optimizer/optimizer.h"
#include "kernels/softmax/softmax.h"

namespace poster::bench {
namespace {

using namespace kernels;

template <typename T>
void add_softmax(CaseList<T>& cases) {
  const NetworkSizes& n = network_sizes();
  const index_t batch = cases.batch(), columns = n.tokens, rows = batch * n.heads * n.tokens;
  const std::string shape = by({n.heads * n.tokens, columns});
  cases.add(shape, SoftmaxForward<T>{.rows = rows, .columns = columns, .scale = 0.1});
  cases.add(shape, SoftmaxBackward<T>{.rows = rows, .columns = columns, .scale = 0.1});
  cases.add(by({n.outputs}), CrossEntropy<T>{.batch = batch, .classes = n.outputs, .smoothing = 0.1},
            {.with = {"dx"}});
}

// With the copy of the weights in T that products read, where T is narrower.
template <typename T>
T* rounded(Operands& m, index_t count) {
  return std::is_same_v<T, Half> ? m.output<T>(count) : nullptr;
}

template <typename T>
void add_optimizer(CaseList<T>& cases) {
  using S = acc_t<T>;
  const index_t count = cases.parameters();
  const std::string shape = by({count});
  cases.add(POSTER_OP(squared_norm), shape, [=](Operands& m) {
    return SquaredNorm<S>{.result = m.output<double>(1), .x = m.random<S>(count), .count = count};
  });
  cases.add(POSTER_OP(sam_climb), shape, [=](Operands& m) {
    return SamClimb<T>{.compute = m.output<S>(count),
                       .rounded = rounded<T>(m, count),
                       .master = m.random<S>(count),
                       .gradient = m.random<S>(count),
                       .count = count,
                       .rho = 0.05,
                       .state = m.step_state()};
  });
  cases.add(POSTER_OP(adam_step), shape, [=](Operands& m) {
    return AdamStep<T>{.compute = m.output<S>(count),
                       .rounded = rounded<T>(m, count),
                       .master = m.updated<S>(count),
                       .moment1 = m.updated<S>(count),
                       .moment2 = m.updated<S>(count),
                       .gradient = m.random<S>(count),
                       .count = count,
                       .state = m.step_state()};
  });
  cases.add(POSTER_OP(sgd_step), shape, [=](Operands& m) {
    return SgdStep<T>{.compute = m.output<S>(count),
                      .rounded = rounded<T>(m, count),
                      .master = m.updated<S>(count),
                      .velocity = m.updated<S>(count),
                      .gradient = m.random<S>(count),
                      .count = count,
                      .momentum = 0.9,
                      .state = m.step_state()};
  });
  cases.add(POSTER_OP(step_control), "finish_step", [=](Operands& m) {
    return StepControl{
        .state = m.step_state(), .action = StepControl::Action::finish_step, .growth_interval = 2000};
  });
}

}  // namespace

template <typename T>
void add_training_cases(CaseList<T>& cases) {
  add_softmax(cases);
  add_optimizer(cases);
}

template void add_training_cases(CaseList<float>&);
template void add_training_cases(CaseList<Half>&);

}  // namespace poster::bench
