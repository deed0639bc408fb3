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
  using S = acc_t<T>;
  const index_t batch = cases.batch(), count = batch * rows * channels;
  const std::string shape = by({rows, channels}) + (scaled ? "" : "_plain");
  cases.add(POSTER_OP(residual_forward), shape, [=](Operands& m) {
    return ResidualForward<T>{.y = m.output<T>(count),
                              .x = m.random<T>(count),
                              .f = m.random<T>(count),
                              .gamma = scaled ? m.random<S>(channels) : nullptr,
                              .keep = scaled ? m.positive<S>(batch) : nullptr,
                              .batch = batch,
                              .rows = rows,
                              .channels = channels};
  });
  if (!scaled) return;
  cases.add(POSTER_OP(residual_backward), shape, [=](Operands& m) {
    return ResidualBackward<T>{.df = m.output<T>(count),
                               .dgamma = m.output<S>(channels),
                               .dy = m.random<T>(count),
                               .f = m.random<T>(count),
                               .gamma = m.random<S>(channels),
                               .keep = m.positive<S>(batch),
                               .batch = batch,
                               .rows = rows,
                               .channels = channels};
  });
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
  for (const MapSizes& map : n.sums) {
    const index_t count = batch * map.side * map.side * map.channels;
    cases.add(POSTER_OP(add), by({map.side, map.side, map.channels}), [=](Operands& m) {
      return Add<T>{
          .out = m.output<T>(count), .a = m.random<T>(count), .b = m.random<T>(count), .count = count};
    });
  }
  cases.add(POSTER_OP(cast), "112x112x3", [=](Operands& m) {
    const index_t count = batch * 112 * 112 * 3;
    return Cast<T>{.y = m.output<T>(count), .x = m.random<acc_t<T>>(count), .count = count};
  });
  cases.add(POSTER_OP(drop_path_mask), "0.25", [=](Operands& m) {
    return DropPathMask<acc_t<T>>{.keep = m.output<acc_t<T>>(batch),
                                  .batch = batch,
                                  .rate = 0.25,
                                  .seed = 1,
                                  .layer = 2,
                                  .call = &m.step_state()->forward_pass};
  });
}

template void add_elementwise_cases(CaseList<float>&);
template void add_elementwise_cases(CaseList<Half>&);

}  // namespace poster::bench
