// A class token that is the mean of an image's tokens, in front of them, plus the position embedding where
// there is one:
//
//   y[b, 0] = mean over t of x[b, t] + position[0],  y[b, 1 + t] = x[b, t] + position[1 + t]
//   dx[b, t] = dy[b, 1 + t] + dy[b, 0] / tokens
//
// The position's gradient is the sum of dy over the batch (column_sum). Deterministic. Source: Zheng et al.,
// "POSTER: A Pyramid Cross-Fusion Transformer Network for Facial Expression Recognition", 2022.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct MeanTokenForward {
  T* y;                                // [batch, 1 + tokens, channels]
  const T* x;                          // [batch, tokens, channels]
  const acc_t<T>* position = nullptr;  // [1 + tokens, channels]; null for none
  index_t batch, tokens, channels;
};

template <typename T>
struct MeanTokenBackward {
  T* dx;        // [batch, tokens, channels], overwritten
  const T* dy;  // [batch, 1 + tokens, channels]
  index_t batch, tokens, channels;
};

template <typename T>
void mean_token_forward(CpuQueue&, const MeanTokenForward<T>&);
template <typename T>
void mean_token_forward(CudaQueue&, const MeanTokenForward<T>&);
template <typename T>
void mean_token_backward(CpuQueue&, const MeanTokenBackward<T>&);
template <typename T>
void mean_token_backward(CudaQueue&, const MeanTokenBackward<T>&);

}  // namespace poster::kernels
