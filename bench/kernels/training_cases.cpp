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
template <template <typename> class Op, typename T>
void add_pass(CaseList<T>& cases, Op<T> op) {
  op.count = cases.parameters();
  const std::set<std::string> with =
      kHasRounded<T> ? std::set<std::string>{"rounded"} : std::set<std::string>();
  cases.add(by({op.count}), op,
            {.with = with, .given = [](Operands& m, Op<T>& a) { a.state = m.step_state(); }});
}

template <typename T>
void add_optimizer(CaseList<T>& cases) {
  const index_t count = cases.parameters();
  cases.add(by({count}), SquaredNorm<acc_t<T>>{.count = count});
  add_pass(cases, SamAscent<T>{.rho = 0.05});
  add_pass(cases, AdamStep<T>{});
  add_pass(cases, SgdStep<T>{.momentum = 0.9});
  cases.add("finish_step", StepControl{.action = StepControl::Action::finish_step, .growth_interval = 2000},
            {.given = [](Operands& m, StepControl& a) { a.state = m.step_state(); }});
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
