// What the epilogues of the libraries leave to us: adding a bias to the rows of a matrix, or writing it
// there.
#pragma once

#include "kernels/cuda_queue.h"

namespace poster::kernels {

// y[r, c] = (add ? y[r, c] : 0) + (bias ? bias[c] : 0)
template <typename T, typename B>
struct BiasRows {
  T* y;           // [rows, columns], rows y_stride apart
  const B* bias;  // [columns] or null
  index_t rows, columns, y_stride;
  bool add = true;
};

// For <float, float>, <Half, Half> and <float, Half>.
template <typename T, typename B>
void bias_rows(CudaQueue& queue, const BiasRows<T, B>& a);

}  // namespace poster::kernels
