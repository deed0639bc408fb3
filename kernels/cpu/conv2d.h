// What the files of the dense convolution share. To be included by *_cpu.cpp files only.
#pragma once

#include "kernels/conv2d.h"
#include "kernels/matmul.h"

namespace poster::kernels::POSTER_ISA {

// Defined in matmul_cpu.cpp for this instruction set.
template <typename T>
void matmul(CpuQueue&, const Matmul<T>&);
template <typename T>
void column_sum(CpuQueue&, const ColumnSum<T>&);

// A 3x3 convolution of stride 1 and padding 1 as the backward pass sees it too.
struct Winograd3x3 {
  float* y;        // [batch, height, width, c_out]
  const float* x;  // [batch, height, width, c_in]
  const float* w;  // weight (o, r, s, c) at w[o stride_out + (3 r + s) stride_tap + c stride_in]
  index_t stride_out, stride_in, stride_tap;
  const float* bias;  // [c_out] or null
  index_t batch, height, width, c_in, c_out;
};

// Whether F(4x4, 3x3) (when allowed) or F(2x2, 3x3) is measured to beat plain sums at this shape; then it has
// been done. Defined in winograd_cpu.cpp.
bool winograd_3x3(CpuQueue&, const Winograd3x3&, Conv2dAccuracy);

// The gradient of the weights, [c_out, 3, 3, c_in], by the transposed transforms. False when left undone.
// Defined in winograd_weights_cpu.cpp.
bool winograd_3x3_weights(CpuQueue&, const Conv2dBackwardWeights<float>&);

inline bool is_winograd_shape(const Conv2dShape& s) {
  return s.kernel == 3 && s.stride == 1 && s.padding == 1;
}
inline bool is_pointwise(const Conv2dShape& s) { return s.kernel == 1 && s.stride == 1 && s.padding == 0; }

}  // namespace poster::kernels::POSTER_ISA
