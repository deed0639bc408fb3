// What the files of the dense convolution share. To be included by *cpu.cpp files only.
#pragma once

#include "kernels/column_sum/column_sum.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/cpu/isa.h"
#include "kernels/matmul/matmul.h"
#include "kernels/prelu/prelu.h"
#include "kernels/residual/residual.h"

namespace poster::kernels {

extern template struct CpuKernel<POSTER_ISA::Here, ColumnSum<float>>;
extern template struct CpuKernel<POSTER_ISA::Here, ColumnSum<double>>;
extern template struct CpuKernel<POSTER_ISA::Here, PReluForward<float>>;
extern template struct CpuKernel<POSTER_ISA::Here, PReluForward<double>>;
extern template struct CpuKernel<POSTER_ISA::Here, Add<float>>;
extern template struct CpuKernel<POSTER_ISA::Here, Add<double>>;
extern template struct CpuKernel<POSTER_ISA::Here, Matmul<float>>;
extern template struct CpuKernel<POSTER_ISA::Here, Matmul<double>>;

}  // namespace poster::kernels

namespace poster::kernels::POSTER_ISA {

// A 3x3 convolution of stride 1 and padding 1 as the backward pass sees it too.
struct Winograd3x3 {
  float* y;        // [batch, height, width, c_out]
  const float* x;  // [batch, height, width, c_in]
  const float* w;  // weight (o, r, s, c) at w[o stride_out + (3 r + s) stride_tap + c stride_in]
  index_t stride_out, stride_in, stride_tap;
  const float* bias;  // [c_out] or null
  index_t batch, height, width, c_in, c_out;
};

// Side of the tile that is fastest within the accuracy, 0 for plain sums. In multiplications for one pair of
// channels: a transformed tile needs (m + 2)², and handling the transformed weights costs as much as 32 tiles
// (measured; so a few small images are better off with smaller tiles, or none).
inline int best_winograd_tile(index_t batch, index_t height, index_t width, Conv2dAccuracy accuracy) {
  if (accuracy == Conv2dAccuracy::exact) return 0;
  constexpr index_t kWeightTiles = 32;
  const auto cost = [&](index_t m) {
    const index_t tiles = batch * ceil_div(height, m) * ceil_div(width, m);
    return (m + 2) * (m + 2) * (tiles + kWeightTiles);
  };
  const index_t plain = 9 * batch * height * width;
  if (accuracy == Conv2dAccuracy::fast && cost(4) < cost(2) && cost(4) < plain) return 4;
  return cost(2) < plain ? 2 : 0;
}

// Runs the convolution by minimal filtering, or returns false where plain sums are better. Defined in
// winograd_cpu.cpp.
bool winograd_3x3(CpuQueue&, const Winograd3x3&, Conv2dAccuracy);

// The gradient of the weights, [c_out, 3, 3, c_in], by the transposed transforms. False when left undone.
// Defined in winograd_weights_cpu.cpp.
bool winograd_3x3_weights(CpuQueue&, const Conv2dBackwardWeights<float>&);

inline bool is_winograd_shape(const Conv2dShape& s) {
  return s.kernel == 3 && s.stride == 1 && s.padding == 1;
}
inline bool is_pointwise(const Conv2dShape& s) { return s.kernel == 1 && s.stride == 1 && s.padding == 0; }

}  // namespace poster::kernels::POSTER_ISA
