// Softmax cross-entropy with label smoothing, mean over the batch, and its gradient in the same call.
// Source: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7; PyTorch's
// convention:
//
//   target = (1 - smoothing) onehot(label) + smoothing / classes
//   loss = weight mean over n of -sum over c of target[c] log softmax(x[n])[c]
//   dx = dx_scale weight (softmax(x) - target) / batch
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct CrossEntropy {
  static constexpr const char* name = "cross_entropy";
  acc_t<T>* losses;  // each sample's loss times weight; the mean of these is the loss
  T* dx = nullptr;   // null when not wanted
  const T* x;
  const std::int32_t*
      labels;  // each in [0, classes): on the CPU another is an error, on CUDA its loss is NaN
  index_t batch, classes;
  double smoothing = 0, weight = 1;
  const double* dx_scale = nullptr;  // on the device: multiplies dx, for loss scaling; null for 1

  constexpr void operands(OperandTable& table) const {
    table.out("losses", losses, {batch});
    table.out("dx", dx, {batch, classes}).optional().may_be(x);
    table.in("x", x, {batch, classes});
    table.in("labels", labels, {batch}).below(classes);
    table.in("dx_scale", dx_scale, {1}).optional();
    table.require(batch == 0 || classes > 0, "classes must be at least 1");
  }
};

}  // namespace poster::kernels
