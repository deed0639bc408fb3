#include "kernels/softmax/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/vector_math.h"

namespace poster::kernels::POSTER_ISA {

namespace {

// Calls body(row) for all rows, about 8192 elements to a task.
template <typename Body>
void for_each_row(CpuQueue& queue, index_t rows, index_t columns, const Body& body) {
  const index_t per_task = std::max<index_t>(1, 8192 / std::max<index_t>(1, columns));
  queue.parallel_for(ceil_div(rows, per_task), [&](index_t task) {
    const index_t end = std::min(rows, (task + 1) * per_task);
    for (index_t row = task * per_task; row < end; ++row) body(row);
  });
}

}  // namespace

template <typename T>
void compute(Here, CpuQueue& queue, const SoftmaxForward<T>& a) {
  const T scale = static_cast<T>(a.scale);
  for_each_row(queue, a.rows, a.columns, [&](index_t row) {
    const T* const x = a.x + row * a.columns;
    T* const y = a.y + row * a.columns;
    const T* const bias = a.bias ? a.bias + row % a.bias_rows * a.columns : nullptr;
    const std::uint8_t* const mask = a.mask ? a.mask + row * a.columns : nullptr;
    // A NaN may be passed over here: the sum finds it.
    T most = -std::numeric_limits<T>::infinity();
    if (!bias && !mask) {
#pragma omp simd reduction(max : most)
      for (index_t i = 0; i < a.columns; ++i) {
        y[i] = scale * x[i];
        most = y[i] > most ? y[i] : most;
      }
    } else {
      for (index_t i = 0; i < a.columns; ++i) {
        y[i] =
            mask && !mask[i] ? -std::numeric_limits<T>::infinity() : scale * x[i] + (bias ? bias[i] : T(0));
        most = y[i] > most ? y[i] : most;
      }
    }
    if (mask && most == -std::numeric_limits<T>::infinity()) most = std::numeric_limits<T>::quiet_NaN();
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (index_t i = 0; i < a.columns; ++i) {
      const T e = fast_exp(y[i] - most);
      y[i] = e;
      sum += e;
    }
    const T inverse = 1 / sum;
#pragma omp simd
    for (index_t i = 0; i < a.columns; ++i) y[i] *= inverse;
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const SoftmaxBackward<T>& a) {
  const T scale = static_cast<T>(a.scale);
  for_each_row(queue, a.rows, a.columns, [&](index_t row) {
    const T* y = a.y + row * a.columns;
    const T* dy = a.dy + row * a.columns;
    T* dx = a.dx + row * a.columns;
    T mean = 0;
#pragma omp simd reduction(+ : mean)
    for (index_t i = 0; i < a.columns; ++i) mean += y[i] * dy[i];
#pragma omp simd
    for (index_t i = 0; i < a.columns; ++i) dx[i] = scale * y[i] * (dy[i] - mean);
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, SoftmaxForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, SoftmaxForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, SoftmaxBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, SoftmaxBackward<double>>;

}  // namespace poster::kernels
