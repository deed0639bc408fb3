// Softmax cross-entropy with label smoothing, mean over the batch, and its gradient in the same call.
// Source: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7; PyTorch's
// convention:
//
//   target = (1 - smoothing) onehot(label) + smoothing / classes
//   loss = weight mean over n of -sum over c of target[c] log softmax(x[n])[c]
//   dx = dx_scale weight (softmax(x) - target) / batch
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct CrossEntropy {
  acc_t<T>* losses;            // [batch], each sample's loss times weight; the mean of these is the loss
  T* dx = nullptr;             // [batch, classes], overwritten; null when not wanted; may be x
  const T* x;                  // [batch, classes]
  const std::int32_t* labels;  // [batch], each in [0, classes)
  index_t batch, classes;
  double smoothing = 0, weight = 1;
  const double* dx_scale = nullptr;  // on the device: multiplies dx, for loss scaling; null for 1
};

template <typename T>
void cross_entropy(CpuQueue&, const CrossEntropy<T>&);
template <typename T>
void cross_entropy(CudaQueue&, const CrossEntropy<T>&);

}  // namespace poster::kernels
