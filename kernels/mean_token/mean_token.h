// A class token that is the mean of an image's tokens, in front of them, plus the position embedding where
// there is one:
//
//   y[b, 0] = mean over t of x[b, t] + position[0],  y[b, 1 + t] = x[b, t] + position[1 + t]
//   dx[b, t] = dy[b, 1 + t] + dy[b, 0] / tokens
//
// The position's gradient is the sum of dy over the batch (column_sum). Deterministic. Source: Zheng et al.,
// "POSTER: A Pyramid Cross-Fusion Transformer Network for Facial Expression Recognition", 2022.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct MeanTokenForward {
  static constexpr const char* name = "mean_token_forward";
  T* y;
  const T* x;
  const acc_t<T>* position = nullptr;  // null for none
  index_t batch, tokens, channels;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {batch, 1 + tokens, channels});
    table.in("x", x, {batch, tokens, channels});
    table.in("position", position, {1 + tokens, channels}).optional();
    table.require(tokens > 0 || batch == 0, "there must be a token");
  }
};

template <typename T>
struct MeanTokenBackward {
  static constexpr const char* name = "mean_token_backward";
  T* dx;
  const T* dy;
  index_t batch, tokens, channels;

  constexpr void operands(OperandTable& table) const {
    table.out("dx", dx, {batch, tokens, channels});
    table.in("dy", dy, {batch, 1 + tokens, channels});
    table.require(tokens > 0 || batch == 0, "there must be a token");
  }
};

}  // namespace poster::kernels
