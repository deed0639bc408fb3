// Copies or adds rows between two strided matrices: out[r] = x[r], or out[r] += x[r]. Takes the class token
// out of the tokens of each image, and brings its gradient back.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct StridedRows {
  T* out;
  const T* x;
  index_t rows, columns;
  index_t out_stride, x_stride;  // elements from one row to the next
  bool accumulate = false;
};

template <typename T>
void strided_rows(CpuQueue&, const StridedRows<T>&);
template <typename T>
void strided_rows(CudaQueue&, const StridedRows<T>&);

}  // namespace poster::kernels
