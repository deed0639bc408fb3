// What the stand-ins for cuBLASLt and cuDNN share: the CPU's ops in float do the work, in the stream's order,
// and what is 16 bits wide is widened before and rounded after.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <vector>

#include "kernels/cpu_queue.h"
#include "kernels/cuda/launch_check.h"
#include "kernels/cuda_queue.h"
#include "tests/cuda_simulator/stream.h"

namespace cuda_simulator {

using poster::kernels::index_t;

inline poster::kernels::CpuQueue& cpu_queue() {
  static poster::kernels::CpuQueue queue(1);
  return queue;
}

// A dense matrix of floats from one whose rows lie `stride` apart; empty from null.
template <typename T>
std::vector<float> widened(const T* x, index_t rows, index_t columns, index_t stride) {
  std::vector<float> dense;
  if (!x) return dense;
  dense.reserve(static_cast<std::size_t>(rows * columns));
  for (index_t r = 0; r < rows; ++r)
    for (index_t c = 0; c < columns; ++c) dense.push_back(static_cast<float>(x[r * stride + c]));
  return dense;
}
template <typename T>
std::vector<float> widened(const T* x, index_t count) {
  return widened(x, 1, count, count);
}

// And back.
template <typename T>
void round_to(T* y, index_t rows, index_t columns, index_t stride, const std::vector<float>& dense) {
  for (index_t r = 0; r < rows; ++r)
    for (index_t c = 0; c < columns; ++c)
      y[r * stride + c] = static_cast<T>(dense[static_cast<std::size_t>(r * columns + c)]);
}
template <typename T>
void round_to(T* y, const std::vector<float>& dense) {
  const auto count = static_cast<index_t>(dense.size());
  round_to(y, 1, count, count, dense);
}

inline const float* data_or_null(const std::vector<float>& values) {
  return values.empty() ? nullptr : values.data();
}

// As the libraries do: asks for scratch, in planning too, leaves nothing of value there, and works in the
// stream's order.
inline void run_with_scratch(poster::kernels::CudaQueue& queue, const char* library, index_t scratch_bytes,
                             std::function<void()> work) {
  auto* const scratch = queue.scratch<std::byte>(scratch_bytes);
  if (queue.planning()) return poster::kernels::note_library_call(queue, library);
  submit(queue.stream(), [=, work = std::move(work)] {
    work();
    std::memset(scratch, 0xFF, static_cast<std::size_t>(scratch_bytes));
  });
}

}  // namespace cuda_simulator
