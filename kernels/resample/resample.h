// Picking pixels of N H W C maps.
//
// nearest_resize: y[i, j] = x[floor(i height / out_height), floor(j width / out_width)], PyTorch's
// mode="nearest". subsample: every stride-th pixel (a 1x1 max-pool with that stride); backward adds into the
// picked places.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

// A side of a map of which every stride-th pixel is picked.
[[gnu::always_inline]] constexpr index_t subsampled(index_t size, index_t stride) {
  return stride < 1 ? 0 : ceil_div(size, stride);
}

template <typename T>
struct NearestResize {
  static constexpr const char* name = "nearest_resize";
  T* y;
  const T* x;
  index_t batch, height, width, channels, out_height, out_width;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {batch, out_height, out_width, channels});
    table.in("x", x, {batch, height, width, channels}).touching(batch * out_height * out_width * channels);
    table.require(height >= 1 && width >= 1 && channels >= 1 && out_height >= 1 && out_width >= 1,
                  "sizes of maps must be at least 1");
  }
};

template <typename T>
struct Subsample {
  static constexpr const char* name = "subsample";
  T* y;
  const T* x;
  index_t batch, height, width, channels, stride = 1;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {batch, subsampled(height, stride), subsampled(width, stride), channels});
    table.in("x", x, {batch, height, width, channels})
        .touching(batch * subsampled(height, stride) * subsampled(width, stride) * channels);
    table.require(height >= 1 && width >= 1 && channels >= 1 && stride >= 1,
                  "sizes of maps and the stride must be at least 1");
  }
};

template <typename T>
struct SubsampleBackward {
  static constexpr const char* name = "subsample_backward";
  T* dx;
  const T* dy;
  index_t batch, height, width, channels, stride = 1;

  constexpr void operands(OperandTable& table) const {
    table.update("dx", dx, {batch, height, width, channels})
        .touching(batch * subsampled(height, stride) * subsampled(width, stride) * channels);
    table.in("dy", dy, {batch, subsampled(height, stride), subsampled(width, stride), channels});
    table.require(height >= 1 && width >= 1 && channels >= 1 && stride >= 1,
                  "sizes of maps and the stride must be at least 1");
  }
};

}  // namespace poster::kernels
