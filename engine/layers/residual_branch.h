// The end of a residual branch: y = x + drop_path(gamma ⊙ f), gamma and drop path optional; see
// kernels/residual/residual.h.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/layer_norm.h"

namespace poster {

template <typename T>
struct SumAndNorm {
  Tensor<T> sum, normed;
};

template <typename T>
class ResidualBranch {
 public:
  struct Options {
    std::string gamma;      // name of the layer scale's tensor [channels]; empty for none
    std::string drop_path;  // name of the drop path module, under which its masks can be given
    double drop_rate = 0;   // of drop path, per sample
    int call = 0;           // which of the module's calls in a forward pass this is
  };
  ResidualBranch(ParameterTable& table, index_t channels, Options options);

  // x and f are [batch, ...rows, channels].
  Tensor<T> forward(Context<T>& context, Tensor<T> x, Tensor<T> f);
  // With the norm that comes next, in one pass.
  SumAndNorm<T> forward(Context<T>& context, Tensor<T> x, Tensor<T> f, LayerNorm<T>& norm);
  // Writes gamma's gradient; returns the gradient of f. The gradient of x is dy.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

 private:
  Tensor<acc_t<T>> keep_factors(Context<T>& context, index_t batch) const;
  // Keeps what backward needs.
  void keep(Context<T>& context, Tensor<T> f, Tensor<acc_t<T>> factors);

  index_t channels_;
  Options options_;
  ParameterId gamma_;
  Tensor<T> f_;
  Tensor<acc_t<T>> keep_;
};

}  // namespace poster
