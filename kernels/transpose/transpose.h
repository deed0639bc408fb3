// Transposes a matrix for each image, between strided matrices:
//
//   out[b][c][r] = x[b][r][c], and zeros for r in [rows, rows + padding)
//
// Strides let halves of the tokens of an image lie apart on one side and side by side on the other, and pick
// single columns. No sums: exact.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct Transpose {
  T* out;      // element (b, c, r) at out + b out_batch + c out_stride + r, overwritten
  const T* x;  // element (b, r, c) at x + b x_batch + r x_stride + c
  index_t batch, rows, columns;
  index_t out_batch, x_batch;    // elements from one matrix to the next
  index_t out_stride, x_stride;  // elements from one row of a matrix to the next
  index_t padding = 0;           // zeros behind each row of out
};

template <typename T>
void transpose(CpuQueue&, const Transpose<T>&);
template <typename T>
void transpose(CudaQueue&, const Transpose<T>&);

}  // namespace poster::kernels
