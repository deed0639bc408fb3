// Picking pixels of N H W C maps.
//
// nearest_resize: y[i, j] = x[floor(i height / out_height), floor(j width / out_width)], PyTorch's
// mode="nearest". subsample: every stride-th pixel (a 1x1 max-pool with that stride); backward adds into the
// picked places.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct NearestResize {
  T* y;        // [batch, out_height, out_width, channels]
  const T* x;  // [batch, height, width, channels]
  index_t batch, height, width, channels, out_height, out_width;
};

template <typename T>
struct Subsample {
  T* y;        // [batch, ceil(height / stride), ceil(width / stride), channels]
  const T* x;  // [batch, height, width, channels]
  index_t batch, height, width, channels, stride;
};

template <typename T>
struct SubsampleBackward {
  T* dx;        // [batch, height, width, channels], added to
  const T* dy;  // [batch, ceil(height / stride), ceil(width / stride), channels]
  index_t batch, height, width, channels, stride;
};

template <typename T>
void nearest_resize(CpuQueue&, const NearestResize<T>&);
template <typename T>
void nearest_resize(CudaQueue&, const NearestResize<T>&);
template <typename T>
void subsample(CpuQueue&, const Subsample<T>&);
template <typename T>
void subsample(CudaQueue&, const Subsample<T>&);
template <typename T>
void subsample_backward(CpuQueue&, const SubsampleBackward<T>&);
template <typename T>
void subsample_backward(CudaQueue&, const SubsampleBackward<T>&);

}  // namespace poster::kernels
