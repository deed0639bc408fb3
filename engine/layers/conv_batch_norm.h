// A convolution with the batch norm behind it: one after the other, or, for inference, folded into one.
//
// In eval mode z = gamma (w x - mean) rstd + beta is linear in w: with weights gamma rstd w and the bias
// beta - gamma rstd mean the convolution gives z by itself. (A batch norm in front of a convolution that pads
// with zeros cannot be folded so: its bias would have to be missing at the border.)
#pragma once

#include <utility>
#include <vector>

#include "engine/layers/batch_norm.h"
#include "engine/layers/conv2d.h"

namespace poster {

// `conv` has no bias of its own. In a dry run, tells Hooks::foldable of the pair.
template <typename T>
Tensor<T> conv_batch_norm(Context<T>& c, Conv2d<T>& conv, BatchNorm<T>& norm, Tensor<T> x,
                          const Tensor<T>& residual = {}, Moments* of_y = nullptr) {
  if (c.planning() && c.hooks.foldable) c.hooks.foldable(norm.folded_into(conv.weight()));
  if (c.pass.folded && !c.pass.training)
    return conv.forward_eval(c, x, {norm.folded_bias(c), norm.slope(c), residual});
  return norm.forward(c, conv.forward(c, std::move(x)), residual, of_y);
}

// Puts each of the batch norms into its convolution's weight, and what is left of it into its bias. Only
// once, and only for contexts that are `folded` from then on: for another the parameters are no longer the
// network's.
template <typename P>
void fold(Parameters<P>& parameters, const std::vector<FoldedNorm>& norms);

}  // namespace poster
