#include "io/run/device_images.h"

#include "io/image/geometry.h"
#include "model/network.h"

namespace poster {
namespace {

// Left to others: contexts of libraries, graphs, fragmentation.
constexpr std::size_t kReserve = std::size_t{512} << 20;

}  // namespace

int input_side(const Settings& settings) {
  return io::handed_over_side(settings.recipe, static_cast<int>(model_info(settings.model).input_side));
}

std::unique_ptr<ImageStore> make_image_store(TrainerBase& trainer, const Settings& settings,
                                             std::int64_t images) {
  const auto free = trainer.device().free_memory();
  if (!free) return nullptr;
  const int side = input_side(settings);
  const MemoryNeeds needs = trainer.memory_needs(Use::training, settings.recipe.batch_size, side, side);
  const std::size_t wanted = ImageStore::bytes(images, settings.recipe.size) + needs.activations +
                             needs.scratch + 2 * needs.batches + kReserve;
  if (wanted > *free) return nullptr;
  return std::make_unique<ImageStore>(trainer.device(), images, settings.recipe.size,
                                      io::normalisation_table()[0].data());
}

HostBatch host_batch(const io::Batch& batch, ImageStore* store) {
  HostBatch host{.images = batch.images.data(),
                 .labels = batch.labels.data(),
                 .count = batch.size,
                 .height = batch.side,
                 .width = batch.side};
  if (store) {
    std::vector<ImageStore::Image> fresh;
    fresh.reserve(batch.fresh.size());
    for (const auto& [sample, image] : batch.fresh) fresh.push_back({sample, image.rgb.data()});
    store->put(fresh);
    host.images = StoredImages{store, batch.augmentations.data()};
  }
  return host;
}

}  // namespace poster
