// Tokens of three levels in a row behind the class token, plus the position embedding:
//
//   y[b] = concat(cls, levels[0][b], levels[1][b], levels[2][b]) + position
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct TokenAssembly {
  T* y;                      // [batch, 1 + 3 tokens, channels]
  const T* levels[3];        // each [batch, tokens, channels]
  const acc_t<T>* cls;       // [channels]
  const acc_t<T>* position;  // [1 + 3 tokens, channels]
  index_t batch, tokens, channels;
};

template <typename T>
struct TokenAssemblyBackward {
  T* dlevels[3];        // each [batch, tokens, channels], overwritten
  acc_t<T>* dcls;       // [channels], overwritten
  acc_t<T>* dposition;  // [1 + 3 tokens, channels], overwritten
  const T* dy;          // [batch, 1 + 3 tokens, channels]
  index_t batch, tokens, channels;
};

template <typename T>
void token_assembly(CpuQueue&, const TokenAssembly<T>&);
template <typename T>
void token_assembly(CudaQueue&, const TokenAssembly<T>&);
template <typename T>
void token_assembly_backward(CpuQueue&, const TokenAssemblyBackward<T>&);
template <typename T>
void token_assembly_backward(CudaQueue&, const TokenAssemblyBackward<T>&);

}  // namespace poster::kernels
