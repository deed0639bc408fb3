#include "engine/image_store.h"

#include <atomic>

#include "engine/error.h"

namespace poster {
namespace {

std::atomic<std::uint64_t> stores_made{0};
constexpr std::size_t kLevels = std::size_t{3} * 256;  // of all channels

}  // namespace

std::size_t ImageStore::bytes(std::int64_t capacity, int size) {
  return static_cast<std::size_t>(capacity) * static_cast<std::size_t>(size) *
         static_cast<std::size_t>(size) * 3;
}

ImageStore::ImageStore(Device& device, std::int64_t capacity, int size, const float* levels)
    : device_(device), id_(++stores_made), capacity_(capacity), size_(size) {
  if (!device.cuda()) throw Error("images can be kept on a CUDA device alone");
  images_ = device.allocate(bytes(capacity, size));
  levels_ = device.allocate(kLevels * sizeof(float));
  device.copy_from_host(levels_.data(), levels, kLevels * sizeof(float));
}

void ImageStore::put(std::int64_t i, const std::uint8_t* image) {
  const std::size_t one = bytes(1, size_);
  device_.copy_from_host(images_.data() + static_cast<std::size_t>(i) * one, image, one);
}

template <typename T>
void ImageStore::gather(const Tensor<T>& y, const kernels::ImageAugmentation* augmentations, int step) const {
  kernels::run(*device_.cuda(), kernels::AugmentImages<T>{.y = y.data(),
                                                          .images = images_.as<std::uint8_t>(),
                                                          .augmentations = augmentations,
                                                          .levels = levels_.as<float>(),
                                                          .batch = y.shape()[0],
                                                          .image_count = capacity_,
                                                          .size = size_,
                                                          .step = step});
}

template void ImageStore::gather(const Tensor<float>&, const kernels::ImageAugmentation*, int) const;
template void ImageStore::gather(const Tensor<Half>&, const kernels::ImageAugmentation*, int) const;

}  // namespace poster
