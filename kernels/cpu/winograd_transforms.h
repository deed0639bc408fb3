// The transforms of Winograd's minimal filtering F(m x m, 3 x 3), m = 2 and 4 (Lavin & Gray, CVPR 2016,
// sections 4.1 and 4.3): input Bᵀ d B, weights G g Gᵀ, output Aᵀ M A. Each function is one dimension, on
// vectors of channels. To be included by *_cpu.cpp files only.
#pragma once

#include "kernels/cpu/gemm_tile.h"

namespace poster::kernels::POSTER_ISA {

template <int m>
inline void transform_input_line(const Vector<float> (&d)[m + 2], Vector<float> (&v)[m + 2]) {
  if constexpr (m == 2) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
  } else {
    const Vector<float> even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
    const Vector<float> near = d[4] - d[2], far = 2 * (d[3] - d[1]);
    v[0] = 4 * d[0] - 5 * d[2] + d[4];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = near + far;
    v[4] = near - far;
    v[5] = 4 * d[1] - 5 * d[3] + d[5];
  }
}

template <int m>
inline void transform_weight_line(const Vector<float> (&g)[3], Vector<float> (&u)[m + 2]) {
  if constexpr (m == 2) {
    const Vector<float> outer = 0.5f * (g[0] + g[2]), inner = 0.5f * g[1];
    u[0] = g[0];
    u[1] = outer + inner;
    u[2] = outer - inner;
    u[3] = g[2];
  } else {
    const Vector<float> outer = (-1.0f / 6) * (g[0] + g[2]), inner = (1.0f / 6) * g[1];
    const Vector<float> outer2 = (1.0f / 24) * g[0] + (1.0f / 6) * g[2], inner2 = (1.0f / 12) * g[1];
    u[0] = 0.25f * g[0];
    u[1] = outer - inner;
    u[2] = outer + inner;
    u[3] = outer2 + inner2;
    u[4] = outer2 - inner2;
    u[5] = g[2];
  }
}

template <int m>
inline void transform_output_line(const Vector<float> (&s)[m + 2], Vector<float> (&y)[m]) {
  if constexpr (m == 2) {
    y[0] = s[0] + s[1] + s[2];
    y[1] = s[1] - s[2] - s[3];
  } else {
    const Vector<float> sum = s[1] + s[2], difference = s[1] - s[2];
    const Vector<float> sum2 = s[3] + s[4], difference2 = s[3] - s[4];
    y[0] = s[0] + sum + sum2;
    y[1] = difference + 2 * difference2;
    y[2] = sum + 4 * sum2;
    y[3] = difference + 8 * difference2 + s[5];
  }
}

}  // namespace poster::kernels::POSTER_ISA
