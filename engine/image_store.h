// Decoded images of a data set as bytes on a CUDA device, and how each level is normalised: from them a
// batch of network input is made there (kernels/augment/augment.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/device.h"
#include "engine/tensor.h"
#include "kernels/augment/augment.h"
#include "kernels/cuda_device.h"

namespace poster {

class ImageStore {
 public:
  // Room for `capacity` images of size x size x 3 bytes. levels: [3][256], the normalised value of each
  // level of each channel. Throws Error when the device has no such memory, or is not a CUDA device.
  ImageStore(Device& device, std::int64_t capacity, int size, const float* levels);
  ~ImageStore();
  ImageStore(const ImageStore&) = delete;
  ImageStore& operator=(const ImageStore&) = delete;

  // What `capacity` images take.
  static std::size_t bytes(std::int64_t capacity, int size);

  // No other store has, or had, the same number; never 0.
  std::uint64_t id() const { return id_; }
  int size() const { return size_; }
  std::int64_t capacity() const { return capacity_; }
  // An image [size][size][3] of the host, and its place.
  struct Image {
    std::int64_t place;
    const std::uint8_t* bytes;
  };
  // Copies images to their places, in the queue's order: batches that were submitted before may still
  // compute. The images' memory is free again on return.
  void put(std::span<const Image> images);

  // y [batch, size / step, size / step, 3]; augmentations: [batch] on the device.
  template <typename T>
  void gather(const Tensor<T>& y, const kernels::ImageAugmentation* augmentations, int step) const;

 private:
  Device& device_;
  std::uint64_t id_;
  std::int64_t capacity_;
  int size_;
  DeviceBuffer images_, levels_;
  // Pinned memory that images go through, in turns: one may be on its way while the other is filled.
  struct Slot {
    DeviceBuffer memory;
    std::optional<kernels::CudaEvent> copied;
  };
  std::array<Slot, 2> slots_;
  std::size_t turn_ = 0;
};

}  // namespace poster
