#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/cast/cast.h"
#include "kernels/gelu/gelu.h"
#include "kernels/prelu/prelu.h"
#include "kernels/residual/residual.h"
#include "kernels/sigmoid_gate/sigmoid_gate.h"

namespace poster::bench {
namespace {

using namespace kernels;

template <typename T>
void add_gelu(CaseList<T>& cases, index_t rows, index_t columns) {
  const index_t count = cases.batch() * rows * columns;
  const std::string shape = by({rows, columns});
  cases.add(shape, GeluForward<T>{.count = count, .columns = columns}, {.with = {"bias"}});
  cases.add(shape, GeluBackward<T>{.count = count, .columns = columns}, {.with = {"bias"}});
}

template <typename T>
void add_prelu(CaseList<T>& cases, const MapSizes& map) {
  const index_t rows = cases.batch() * map.side * map.side, channels = map.channels;
  const std::string shape = by({map.side, map.side, channels});
  cases.add(shape, PReluForward<T>{.rows = rows, .channels = channels}, {.with = {"slope"}});
  cases.add(shape, PReluBackward<T>{.rows = rows, .channels = channels}, {.with = {"slope", "dslope"}});
}

// With layer scale and drop path in the levels, without either in the transformer.
template <typename T>
void add_residual(CaseList<T>& cases, index_t rows, index_t channels, bool scaled) {
  const index_t batch = cases.batch();
  const std::string shape = by({rows, channels}) + (scaled ? "" : "_plain");
  cases.add(shape, ResidualForward<T>{.batch = batch, .rows = rows, .channels = channels},
            {.with = scaled ? std::set<std::string>{"gamma", "keep"} : std::set<std::string>{}});
  if (!scaled) return;
  cases.add(shape, ResidualBackward<T>{.batch = batch, .rows = rows, .channels = channels},
            {.with = {"dgamma", "f", "gamma", "keep"}});
}

template <typename T>
void add_gate(CaseList<T>& cases, index_t width) {
  const index_t count = cases.batch() * width;
  cases.add(by({width}), SigmoidGateForward<T>{.count = count});
  cases.add(by({width}), SigmoidGateBackward<T>{.count = count});
}

}  // namespace

template <typename T>
void add_elementwise_cases(CaseList<T>& cases) {
  const NetworkSizes& n = network_sizes();
  const index_t batch = cases.batch();
  for (const LevelSizes& level : n.levels) add_gelu(cases, level.tokens(), level.hidden);
  add_gelu(cases, n.tokens, n.hidden);
  for (const MapSizes& map : n.prelus) add_prelu(cases, map);
  for (const LevelSizes& level : n.levels) add_residual(cases, level.tokens(), level.width, true);
  add_residual(cases, n.tokens, n.width, false);
  add_gate(cases, n.width);
  for (const MapSizes& map : n.sums)
    cases.add(by({map.side, map.side, map.channels}),
              Add<T>{.count = batch * map.side * map.side * map.channels});
  cases.add("112x112x3", Cast<T>{.count = batch * 112 * 112 * 3});
  using Mask = DropPathMask<acc_t<T>>;
  cases.add("0.25", Mask{.batch = batch, .rate = 0.25, .seed = 1, .layer = 2},
            {.given = [](Operands& m, Mask& a) { a.call = &m.step_state()->forward_pass; }});
}

template void add_elementwise_cases(CaseList<float>&);
template void add_elementwise_cases(CaseList<Half>&);

}  // namespace poster::bench
