// Prepared images (io/data/augmentation.h) kept in memory by sample, up to a limit in bytes. Nothing is
// thrown out: what doesn't fit is prepared anew each time, so a cache never changes a result.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "io/image/image.h"

namespace poster::io {

// Reads and writes from several threads at once.
class ImageCache {
 public:
  ImageCache(std::int64_t samples, std::int64_t limit_bytes)
      : images_(limit_bytes > 0 ? static_cast<std::size_t>(samples) : 0), limit_(limit_bytes) {}
  ~ImageCache() {
    for (auto& image : images_) delete image.load();
  }
  ImageCache(const ImageCache&) = delete;
  ImageCache& operator=(const ImageCache&) = delete;

  // Null when it isn't there. Valid as long as the cache.
  const Image* find(std::int64_t sample) const {
    return images_.empty() ? nullptr
                           : images_[static_cast<std::size_t>(sample)].load(std::memory_order_acquire);
  }

  // Keeps a copy when there is room and no other thread was first.
  void keep(std::int64_t sample, const Image& image) {
    if (images_.empty()) return;
    const auto bytes = static_cast<std::int64_t>(image.rgb.size() + sizeof(Image));
    if (used_.fetch_add(bytes) + bytes > limit_) {
      used_.fetch_sub(bytes);
      return;
    }
    const Image* copy = new Image(image);
    const Image* expected = nullptr;
    if (!images_[static_cast<std::size_t>(sample)].compare_exchange_strong(expected, copy,
                                                                           std::memory_order_acq_rel)) {
      delete copy;
      used_.fetch_sub(bytes);
    }
  }

  std::int64_t used_bytes() const { return used_; }

 private:
  std::vector<std::atomic<const Image*>> images_;
  std::int64_t limit_;
  std::atomic<std::int64_t> used_{0};
};

}  // namespace poster::io
