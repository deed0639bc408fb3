#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/layer_norm/layer_norm.h"

namespace poster::bench {
namespace {

using namespace kernels;

template <typename T>
void add_batch_norm(CaseList<T>& cases, const NormSizes& n) {
  using S = acc_t<T>;
  const index_t rows = cases.batch() * n.side * n.side, channels = n.channels, count = rows * channels;
  const std::string shape =
      by({n.side, n.side, channels}) + (n.prelu ? "_prelu" : "") + (n.residual ? "_residual" : "");
  cases.add(POSTER_OP(batch_norm_forward_train), shape, [=](Operands& m) {
    return BatchNormForwardTrain<T>{.y = m.output<T>(count),
                                    .mean = m.output<S>(channels),
                                    .rstd = m.output<S>(channels),
                                    .running_mean = m.updated<S>(channels),
                                    .running_var = m.updated<S>(channels),
                                    .x = m.random<T>(count),
                                    .gamma = m.random<S>(channels),
                                    .beta = m.random<S>(channels),
                                    .slope = n.prelu ? m.random<S>(channels) : nullptr,
                                    .residual = n.residual ? m.random<T>(count) : nullptr,
                                    .rows = rows,
                                    .channels = channels};
  });
  cases.add(POSTER_OP(batch_norm_forward_eval), shape, [=](Operands& m) {
    return BatchNormForwardEval<T>{.y = m.output<T>(count),
                                   .x = m.random<T>(count),
                                   .running_mean = m.random<S>(channels),
                                   .running_var = m.positive<S>(channels),
                                   .gamma = m.random<S>(channels),
                                   .beta = m.random<S>(channels),
                                   .slope = n.prelu ? m.random<S>(channels) : nullptr,
                                   .residual = n.residual ? m.random<T>(count) : nullptr,
                                   .rows = rows,
                                   .channels = channels};
  });
  if (!n.trained) return;
  cases.add(POSTER_OP(batch_norm_backward), shape, [=](Operands& m) {
    return BatchNormBackward<T>{.dx = m.output<T>(count),
                                .dgamma = m.output<S>(channels),
                                .dbeta = m.output<S>(channels),
                                .dslope = n.prelu ? m.output<S>(channels) : nullptr,
                                .dy = m.random<T>(count),
                                .x = m.random<T>(count),
                                .mean = m.random<S>(channels),
                                .rstd = m.positive<S>(channels),
                                .gamma = m.random<S>(channels),
                                .beta = m.random<S>(channels),
                                .slope = n.prelu ? m.random<S>(channels) : nullptr,
                                .rows = rows,
                                .channels = channels};
  });
}

template <typename T>
void add_layer_norm(CaseList<T>& cases, index_t rows_per_image, index_t columns) {
  const index_t rows = cases.batch() * rows_per_image;
  const std::string shape = by({rows_per_image, columns});
  cases.add(shape, LayerNormForward<T>{.rows = rows, .columns = columns}, {.with = {"mean", "rstd"}});
  cases.add(shape, LayerNormBackward<T>{.rows = rows, .columns = columns}, {.with = {"dx_add"}});
}

}  // namespace

template <typename T>
void add_norm_cases(CaseList<T>& cases) {
  const NetworkSizes& n = network_sizes();
  for (const NormSizes& sizes : n.batch_norms) add_batch_norm(cases, sizes);
  for (const LevelSizes& level : n.levels) add_layer_norm(cases, level.tokens(), level.width);
  add_layer_norm(cases, n.tokens, n.width);
  add_layer_norm(cases, 1, n.width);
}

template void add_norm_cases(CaseList<float>&);
template void add_norm_cases(CaseList<Half>&);

}  // namespace poster::bench
