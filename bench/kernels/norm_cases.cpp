#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/layer_norm/layer_norm.h"

namespace poster::bench {
namespace {

using namespace kernels;

template <typename T>
void add_batch_norm(CaseList<T>& cases, const NormSizes& n) {
  const index_t rows = cases.batch() * n.side * n.side, channels = n.channels;
  const std::string shape =
      by({n.side, n.side, channels}) + (n.prelu ? "_prelu" : "") + (n.residual ? "_residual" : "");
  std::set<std::string> with, with_gradients = {"dx"};
  if (n.prelu) with = {"slope"}, with_gradients = {"dx", "slope", "dslope"};
  if (n.residual) with.insert("residual");
  cases.add(shape, BatchNormForwardEval<T>{.rows = rows, .channels = channels}, {.with = with});
  // A norm follows on IR50's stem and units, which take their input's moments from there.
  const bool begins_a_unit = n.trained && !n.prelu && !n.residual;
  if (begins_a_unit) {
    cases.add(shape, BatchNormForwardMoments<T>{.rows = rows, .channels = channels});
    with_gradients.insert("dx_add");
  } else if (n.trained) {
    with.merge(std::set<std::string>{"y_mean", "y_squares"});
  }
  cases.add(shape, BatchNormForwardTrain<T>{.rows = rows, .channels = channels}, {.with = with});
  if (n.trained)
    cases.add(shape, BatchNormBackward<T>{.rows = rows, .channels = channels}, {.with = with_gradients});
}

template <typename T>
void add_layer_norm(CaseList<T>& cases, index_t rows_per_image, index_t columns) {
  const index_t rows = cases.batch() * rows_per_image;
  const std::string shape = by({rows_per_image, columns});
  cases.add(shape, LayerNormForward<T>{.rows = rows, .columns = columns}, {.with = {"mean", "rstd"}});
  cases.add(shape,
            LayerNormForwardOfSum<T>{.batch = cases.batch(), .rows = rows_per_image, .columns = columns},
            {.with = {"mean", "rstd"}});
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
