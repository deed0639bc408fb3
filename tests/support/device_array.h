// Memory of the CUDA device for tests of kernels. Outputs start as NaN; guard zones on both sides, NaN too,
// show writes out of bounds, and reads where AddressSanitizer watches. Only upload and download touch the
// memory, so the same test runs on a GPU.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/cuda_device.h"
#include "kernels/half.h"
#include "tests/support/device_backend.h"
#include "tests/support/to_double.h"

namespace poster::test {

// Rounded to T, for inputs of the kernel and (by to_double) of the reference alike.
template <typename T>
std::vector<T> rounded_to(const std::vector<double>& values) {
  std::vector<T> result;
  result.reserve(values.size());
  for (const double value : values) result.push_back(static_cast<T>(value));
  return result;
}

template <typename T>
class DeviceArray {
 public:
  // `count` NaNs: an output. The first element lies `misalign` elements after a multiple of 256 bytes.
  explicit DeviceArray(kernels::index_t count, kernels::index_t misalign = 0)
      : count_(count),
        front_(kGuard + misalign * sizeof(T)),
        bytes_(front_ + count * sizeof(T) + kGuard),
        memory_(static_cast<char*>(kernels::cuda_allocate(bytes_))) {
    const std::vector<unsigned char> poison(bytes_, kPoison);
    kernels::CudaQueue queue;
    kernels::cuda_copy_to_device(queue, memory_, poison.data(), bytes_);
    kernels::cuda_synchronize(queue);
    fence(memory_, front_);
    fence(memory_ + bytes_ - kGuard, kGuard);
  }
  // An input, or an output that is added to.
  explicit DeviceArray(const std::vector<T>& values, kernels::index_t misalign = 0)
      : DeviceArray(static_cast<kernels::index_t>(values.size()), misalign) {
    upload(values);
  }
  ~DeviceArray() {
    unfence(memory_, bytes_);
    std::vector<unsigned char> all(bytes_);
    kernels::CudaQueue queue;
    kernels::cuda_copy_to_host(queue, all.data(), memory_, bytes_);
    kernels::cuda_synchronize(queue);
    const auto poisoned = [](unsigned char byte) { return byte == kPoison; };
    EXPECT_TRUE(std::all_of(all.begin(), all.begin() + front_, poisoned)) << "a kernel wrote before an array";
    EXPECT_TRUE(std::all_of(all.end() - kGuard, all.end(), poisoned)) << "a kernel wrote after an array";
    kernels::cuda_free(memory_);
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() { return reinterpret_cast<T*>(memory_ + front_); }
  const T* data() const { return reinterpret_cast<const T*>(memory_ + front_); }
  kernels::index_t size() const { return count_; }

  void upload(const std::vector<T>& values) {
    ASSERT_EQ(static_cast<kernels::index_t>(values.size()), count_);
    kernels::CudaQueue queue;
    kernels::cuda_copy_to_device(queue, data(), values.data(), values.size() * sizeof(T));
    kernels::cuda_synchronize(queue);
  }
  // What the kernels put on `queue` until now have left here.
  std::vector<T> download(kernels::CudaQueue& queue) const {
    std::vector<T> values(count_);
    kernels::cuda_copy_to_host(queue, values.data(), data(), values.size() * sizeof(T));
    kernels::cuda_synchronize(queue);
    return values;
  }
  std::vector<double> values(kernels::CudaQueue& queue) const { return to_double(download(queue)); }

 private:
  static constexpr std::size_t kGuard = 1024;
  static constexpr unsigned char kPoison = 0xFF;

  kernels::index_t count_;
  std::size_t front_, bytes_;
  char* memory_;
};

}  // namespace poster::test
