// Batches of network input from a data set, made ahead of time by worker threads.
//
// The batches of an epoch depend on (data set, recipe, seed, epoch) alone: not on the number of workers, the
// cache, or where the epoch was taken up. Each sample draws from RandomStream(seed, augment, epoch, position
// in the epoch).
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "io/data/dataset.h"
#include "io/data/image_cache.h"
#include "io/recipe/recipe.h"
#include "kernels/augment/augment.h"

namespace poster::io {

struct Batch {
  std::int64_t number = 0;            // within the epoch
  std::int64_t end = 0;               // positions of the epoch that are done with this batch
  int size = 0;                       // n
  int side = 0;                       // of the images handed over
  std::vector<float> images;          // [n][side][side][3]
  std::vector<std::int32_t> labels;   // [n]
  std::vector<std::int64_t> samples;  // [n] indices into the data set
  // For a device that holds the images, in place of images: what is to be done to each, `image` being the
  // sample's index, and the prepared images (recipe.size square) that no batch has brought before.
  std::vector<kernels::ImageAugmentation> augmentations;  // [n]
  std::vector<std::pair<std::int64_t, Image>> fresh;      // by sample
};

struct LoaderOptions {
  bool train = true;              // augmented, in the recipe's order; else sequential and without chance
  int out_size = 0;               // side of the images handed over; 0: the recipe's size
  bool drop_last_if_one = false;  // leave out a last batch of a single image (training alone)
  std::int64_t cache_bytes = 0;   // for prepared images, size * size * 3 bytes each; 0: no cache
  bool for_device = false;        // augmentations and fresh images in place of images
  int prefetch = 3;               // batches in the making or ready, at least 1
  // How many different images may be unreadable. In training the next readable sample of the data set takes
  // such a one's place; in evaluation it is left out and the batch is shorter. One more is an error.
  std::int64_t skip_bad = 0;
  // Told once of each unreadable image that is skipped, in the order of the epoch, from next().
  std::function<void(const std::string& message)> on_bad = {};
};

// One consumer: start_epoch and next are called from one thread.
class BatchLoader {
 public:
  // `dataset` must outlive the loader. workers = 0 loads within next(). Throws poster::Error for senseless
  // arguments and an empty data set.
  BatchLoader(const Dataset& dataset, const Recipe& recipe, int batch_size, std::uint64_t seed, int workers,
              LoaderOptions options = {});
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // Of the epoch that was begun, with those before it was taken up; before the first, of a whole one.
  std::int64_t batches_per_epoch() const { return first_number_ + batches_; }

  // Begins an epoch behind the first `done` images of its order, whatever batches they came in: each of the
  // others comes once. The first batch gets the number `first_number`. What was left of another epoch is
  // dropped. Throws poster::Error where an epoch has fewer images.
  void start_epoch(std::uint64_t epoch, std::int64_t done = 0, std::int64_t first_number = 0);

  // The next batch; its buffers are reused, so hand in the same object again. False at the end of the epoch.
  // Throws poster::Error with the path for an image that cannot be read (or too many of them); the epoch is
  // then over.
  bool next(Batch& batch);

  std::int64_t cached_bytes() const { return cache_.used_bytes(); }

 private:
  struct Row {
    std::vector<std::pair<std::int64_t, std::string>> bad;  // samples that could not be read, and why
    std::exception_ptr error;
    std::optional<Image> fresh;
    bool filled = false;
  };
  struct Slot {
    Batch batch;
    std::vector<Row> rows;
    std::int64_t open = 0;  // rows that aren't finished
  };

  void work();
  void open_slot(std::int64_t batch);
  void load_row(Slot& slot, std::int64_t row, std::int64_t position);
  void fill(Slot& slot, std::int64_t row, std::int64_t position, std::int64_t sample);
  void fill_for_device(Slot& slot, std::int64_t row, std::int64_t position, std::int64_t sample);
  void stop_epoch();
  void set_range(std::int64_t first);
  void join_workers();
  void settle(Slot& slot);
  std::int64_t begin_of(std::int64_t batch) const { return first_position_ + batch * batch_size_; }
  std::int64_t end_of(std::int64_t batch) const { return std::min(begin_of(batch + 1), positions_); }
  Slot& slot_of(std::int64_t batch) { return slots_[static_cast<std::size_t>(batch % std::ssize(slots_))]; }

  const Dataset& dataset_;
  const Recipe recipe_;
  const std::int64_t batch_size_;
  const std::uint64_t seed_;
  LoaderOptions options_;
  int side_ = 0;
  // Of an epoch: where it was taken up, where it ends, and how many batches lie between, numbered from 0
  // here.
  std::int64_t first_position_ = 0, positions_ = 0, batches_ = 0, first_number_ = 0;
  ImageCache cache_;
  std::set<std::int64_t> known_bad_;  // the consumer's
  // Samples whose image was handed over; the consumer sets them, and until then several workers may decode
  // the same one.
  std::vector<std::atomic<bool>> handed_over_;

  std::mutex mutex_;
  std::condition_variable work_waits_, consumer_waits_;
  // Guarded by the mutex, except that a row of a slot belongs to the worker that took its position until it
  // is counted off, and a finished slot to the consumer.
  std::uint64_t epoch_ = 0;
  std::vector<std::int64_t> order_;
  std::vector<Slot> slots_;
  std::int64_t next_position_ = 0, last_position_ = 0;  // to be taken by workers
  std::int64_t next_batch_ = 0;                         // to be handed over
  int busy_ = 0;                                        // workers with a row in hand
  bool running_ = false, quit_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace poster::io
