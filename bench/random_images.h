// Random images for benchmarks: as numbers on the host, and on a CUDA device also as bytes that lie there,
// 224x224, of which the network is given every second pixel, as in training.
#pragma once

#include <optional>
#include <vector>

#include "engine/image_store.h"
#include "engine/random.h"
#include "model/trainer_base.h"

namespace poster::bench {

class RandomImages {
 public:
  RandomImages(Device& device, index_t count) {
    RandomStream random(1, RandomPurpose::test);
    for (index_t i = 0; i < count * kImage; ++i) images_.push_back(static_cast<float>(random.uniform(-2, 2)));
    for (index_t i = 0; i < count; ++i) labels_.push_back(static_cast<std::int32_t>(random.below(7)));
    if (device.cuda()) keep_on_device(device, count, random);
  }

  index_t side() const { return kSide; }
  // Images first, first + 1, … as a batch.
  HostBatch on_host(index_t first, index_t count) const {
    return {images_.data() + first * kImage, labels_.data() + first, count, kSide, kSide};
  }
  HostBatch on_device(index_t first, index_t count) const {
    return {.images = StoredImages{&*store_, augmentations_.data() + first},
            .labels = labels_.data() + first,
            .count = count,
            .height = kSide,
            .width = kSide};
  }

 private:
  static constexpr int kSide = 112, kStoredSide = 2 * kSide;
  static constexpr index_t kImage = kSide * kSide * 3;

  void keep_on_device(Device& device, index_t count, RandomStream& random) {
    std::vector<float> levels;
    for (int i = 0; i < 3 * 256; ++i) levels.push_back((static_cast<float>(i % 256) - 128) / 64);
    store_.emplace(device, count, kStoredSide, levels.data());
    std::vector<std::uint8_t> image(kStoredSide * kStoredSide * 3);
    for (index_t i = 0; i < count; ++i) {
      for (auto& level : image) level = static_cast<std::uint8_t>(random.bits());
      const ImageStore::Image one{i, image.data()};
      store_->put({&one, 1});
      kernels::ImageAugmentation augmentation{};
      augmentation.image = i;
      augmentation.jitters = 3;
      for (int kind = 0; kind < 3; ++kind) {
        augmentation.kind[kind] = kind;
        augmentation.factor[kind] = 0.9f + 0.1f * static_cast<float>(kind);
      }
      augmentation.flip = static_cast<std::uint8_t>(i % 2);
      augmentations_.push_back(augmentation);
    }
  }

  std::vector<float> images_;
  std::vector<std::int32_t> labels_;
  std::optional<ImageStore> store_;
  std::vector<kernels::ImageAugmentation> augmentations_;
};

}  // namespace poster::bench
