// Decoded images of a data set as bytes on a CUDA device, and how each level is normalised: from them a
// batch of network input is made there (kernels/augment/augment.h).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/device.h"
#include "engine/tensor.h"
#include "kernels/augment/augment.h"

namespace poster {

class ImageStore {
 public:
  // Room for `capacity` images of size x size x 3 bytes. levels: [3][256], the normalised value of each
  // level of each channel. Throws Error when the device has no such memory, or is not a CUDA device.
  ImageStore(Device& device, std::int64_t capacity, int size, const float* levels);

  // What `capacity` images take.
  static std::size_t bytes(std::int64_t capacity, int size);

  // No other store has, or had, the same number; never 0.
  std::uint64_t id() const { return id_; }
  int size() const { return size_; }
  std::int64_t capacity() const { return capacity_; }
  // Copies [size][size][3] into place i; image is free again on return.
  void put(std::int64_t i, const std::uint8_t* image);

  // y [batch, size / step, size / step, 3]; augmentations: [batch] on the device.
  template <typename T>
  void gather(const Tensor<T>& y, const kernels::ImageAugmentation* augmentations, int step) const;

 private:
  Device& device_;
  std::uint64_t id_;
  std::int64_t capacity_;
  int size_;
  DeviceBuffer images_, levels_;
};

}  // namespace poster
