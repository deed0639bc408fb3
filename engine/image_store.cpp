#include "engine/image_store.h"

#include <atomic>
#include <cstring>

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

ImageStore::~ImageStore() {
  for (Slot& slot : slots_) try {
      if (slot.copied) slot.copied->wait();
    } catch (const kernels::CudaError&) {  // the device is lost, and its copies with it
    }
}

void ImageStore::put(std::span<const Image> images) {
  if (images.empty()) return;
  const std::size_t one = bytes(1, size_);
  Slot& slot = slots_[turn_++ % slots_.size()];
  if (slot.copied) slot.copied->wait();
  if (slot.memory.size() < images.size() * one) slot.memory = device_.allocate_host(images.size() * one);
  std::byte* staged = slot.memory.data();
  for (const Image& image : images) {
    std::memcpy(staged, image.bytes, one);
    device_.send(images_.data() + static_cast<std::size_t>(image.place) * one, staged, one);
    staged += one;
  }
  if (!slot.copied) slot.copied.emplace();
  slot.copied->record(*device_.cuda());
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
