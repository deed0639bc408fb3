#include "engine/layers/conv_batch_norm.h"

#include <cmath>

#include "kernels/batch_norm/batch_norm.h"

namespace poster {

template <typename P>
void fold(Parameters<P>& parameters, const std::vector<FoldedNorm>& norms) {
  const double eps = kernels::BatchNormForwardEval<P>{}.eps;
  for (const FoldedNorm& norm : norms) {
    NamedTensor weight = parameters.export_value(norm.conv_weight);  // [out, in, kernel, kernel]
    NamedTensor bias = parameters.export_value(norm.bias);
    const NamedTensor gamma = parameters.export_value(norm.weight);
    const NamedTensor mean = parameters.export_value(norm.running_mean);
    const NamedTensor variance = parameters.export_value(norm.running_var);
    const std::int64_t out = weight.shape[0], taps = weight.count() / out;
    for (std::int64_t o = 0; o < out; ++o) {
      const double scale = gamma.as<P>()[o] / std::sqrt(static_cast<double>(variance.as<P>()[o]) + eps);
      P* const row = weight.as<P>() + o * taps;
      for (std::int64_t i = 0; i < taps; ++i) row[i] = static_cast<P>(row[i] * scale);
      bias.as<P>()[o] = static_cast<P>(bias.as<P>()[o] - mean.as<P>()[o] * scale);
    }
    parameters.import_value(norm.conv_weight, weight.view());
    parameters.import_value(norm.bias, bias.view());
  }
}

template void fold(Parameters<float>&, const std::vector<FoldedNorm>&);
template void fold(Parameters<double>&, const std::vector<FoldedNorm>&);

}  // namespace poster
