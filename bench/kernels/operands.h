// The device memory of one benchmark case. What an op reads is random, what it writes starts as NaN, and the
// bytes it must at least move are counted on the way: each operand once.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/device.h"
#include "kernels/half.h"
#include "kernels/index.h"
#include "kernels/operands.h"
#include "kernels/step_state/step_state.h"

namespace poster::bench {

using kernels::index_t;

class Operands {
 public:
  explicit Operands(Device& device) : device_(device) {}

  Device& device() const { return device_; }

  // Read: uniform in [-1, 1), or in [0.5, 1.5) for variances and the like.
  template <typename T>
  T* random(index_t count) {
    return fill<T>(count, -1, 1, 1);
  }
  template <typename T>
  T* positive(index_t count) {
    return fill<T>(count, 0.5, 1.5, 1);
  }
  // Read and written.
  template <typename T>
  T* updated(index_t count) {
    return fill<T>(count, 0.5, 1.5, 2);
  }
  // Overwritten.
  template <typename T>
  T* output(index_t count);
  // In [0, end).
  std::int32_t* labels(index_t count, std::int32_t end);
  std::uint8_t* images(index_t bytes);
  kernels::StepState* step_state();
  // Any other input.
  template <typename T>
  T* copy_of(const std::vector<T>& values) {
    return reinterpret_cast<T*>(copy(values.data(), values.size() * sizeof(T)));
  }

  // Memory for the operands of an op whose pointers are null still: random or NaN as the table says, and of
  // the optional ones for those of `with` alone. Counts the bytes of all.
  void bind(const kernels::OperandTable& table, const std::set<std::string>& with);

  double bytes() const { return bytes_; }
  // Of the op's products, two for a multiply-add; 0 where memory alone decides.
  void count_flops(double flops) { flops_ = flops; }
  double flops() const { return flops_; }
  // What the op is called with (kernels/operands.h), to find it in another list.
  void keep_signature(std::string signature) { signature_ = std::move(signature); }
  const std::string& signature() const { return signature_; }

  // How many numbers of the outputs are NaN: what an op has not written.
  index_t unwritten() const;

 private:
  struct Output {
    const std::byte* data;
    index_t count, element;
  };
  void* memory_for(const kernels::Operand& operand);
  template <typename T>
  T* fill(index_t count, double low, double high, int times);
  std::byte* allocate(std::size_t bytes);
  std::byte* copy(const void* data, std::size_t bytes);
  // Repeats the pattern over the memory.
  void repeat(std::byte* to, std::size_t bytes, const void* pattern, std::size_t pattern_bytes);

  Device& device_;
  std::vector<DeviceBuffer> buffers_;
  std::vector<Output> outputs_;
  double bytes_ = 0, flops_ = 0;
  std::string signature_;
};

}  // namespace poster::bench
