#include "io/data/loader.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "engine/error.h"
#include "engine/random.h"
#include "io/data/augmentation.h"
#include "io/data/device_augmentation.h"
#include "io/data/sampler.h"

namespace poster::io {
namespace {

constexpr int kMaxWorkers = 256;

std::vector<std::int64_t> epoch_order(const Dataset& dataset, const Recipe& recipe, bool train,
                                      std::uint64_t seed, std::uint64_t epoch) {
  if (!train) return sequential_order(dataset.size());
  if (recipe.balanced_sampler) return balanced_order(dataset.labels(), seed, epoch);
  return shuffled_order(dataset.size(), seed, epoch);
}

}  // namespace

BatchLoader::BatchLoader(const Dataset& dataset, const Recipe& recipe, int batch_size, std::uint64_t seed,
                         int workers, LoaderOptions options)
    : dataset_(dataset),
      recipe_(recipe),
      batch_size_(batch_size),
      seed_(seed),
      options_(std::move(options)),
      side_(options_.out_size == 0 ? recipe.size : options_.out_size),
      cache_(dataset.size(), options_.cache_bytes),
      handed_over_(options_.for_device ? static_cast<std::size_t>(dataset.size()) : 0) {
  check_recipe(recipe, "loader");
  if (batch_size < 1) throw Error("batch size " + std::to_string(batch_size) + "; it must be at least 1");
  if (workers < 0 || workers > kMaxWorkers)
    throw Error("loader workers " + std::to_string(workers) + "; choose 0 to " + std::to_string(kMaxWorkers));
  if (side_ != recipe.size && side_ * 2 != recipe.size)
    throw Error("loader output size " + std::to_string(side_) + "; choose the recipe's size " +
                std::to_string(recipe.size) + " or half of it");
  if (options_.skip_bad < 0)
    throw Error("skip-bad " + std::to_string(options_.skip_bad) + "; it must be 0 or more");
  if (options_.prefetch < 1)
    throw Error("prefetch " + std::to_string(options_.prefetch) + "; it must be 1 or more");
  if (options_.for_device && options_.train && needs_unprepared(recipe))
    throw Error("recipe '" + recipe.name +
                "' changes images before they are resized; hand over numbers, not images on the device");
  if (dataset.size() == 0) throw Error("the data set is empty; add images to it");
  set_range(0);
  slots_.resize(
      static_cast<std::size_t>(std::min<std::int64_t>(workers == 0 ? 1 : options_.prefetch, batches_)));
  try {
    for (int i = 0; i < workers; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    join_workers();  // those that there are
    throw Error("cannot start " + std::to_string(workers) + " loader threads; ask for fewer workers");
  } catch (...) {
    join_workers();
    throw;
  }
}

BatchLoader::~BatchLoader() { join_workers(); }

void BatchLoader::join_workers() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
  }
  work_waits_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

// The positions of an epoch from `first` on.
void BatchLoader::set_range(std::int64_t first) {
  first_position_ = first;
  positions_ = dataset_.size();
  if (options_.train && options_.drop_last_if_one && positions_ > 1 && batch_size_ > 1 &&
      (positions_ - first) % batch_size_ == 1)
    --positions_;
  batches_ = (positions_ - first + batch_size_ - 1) / batch_size_;
}

void BatchLoader::start_epoch(std::uint64_t epoch, std::int64_t done, std::int64_t first_number) {
  if (done < 0 || done > dataset_.size())
    throw Error("cannot take up an epoch behind image " + std::to_string(done) + " of " +
                std::to_string(dataset_.size()) + "; was it saved with another data set?");
  stop_epoch();
  std::vector<std::int64_t> order = epoch_order(dataset_, recipe_, options_.train, seed_, epoch);
  {
    const std::lock_guard lock(mutex_);
    set_range(std::min(done, positions_));
    first_number_ = first_number;
    epoch_ = epoch;
    order_ = std::move(order);
    next_batch_ = 0;
    next_position_ = last_position_ = first_position_;
    for (std::int64_t i = 0; i < std::ssize(slots_) && i < batches_; ++i) open_slot(i);
    running_ = true;
  }
  work_waits_.notify_all();
}

// Leaves no worker with a row in hand.
void BatchLoader::stop_epoch() {
  std::unique_lock lock(mutex_);
  running_ = false;
  consumer_waits_.wait(lock, [this] { return busy_ == 0; });
}

// Makes room for a batch and lets the workers have its positions.
void BatchLoader::open_slot(std::int64_t batch) {
  Slot& slot = slot_of(batch);
  const std::int64_t count = end_of(batch) - begin_of(batch);
  const auto rows = static_cast<std::size_t>(count);
  slot.batch.number = first_number_ + batch;
  slot.batch.end = end_of(batch);
  slot.batch.size = static_cast<int>(count);
  slot.batch.side = side_;
  if (options_.for_device)
    slot.batch.augmentations.resize(rows);
  else
    slot.batch.images.resize(rows * static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_) * 3);
  slot.batch.fresh.clear();
  slot.batch.labels.resize(rows);
  slot.batch.samples.resize(rows);
  slot.rows.assign(rows, Row{});
  slot.open = count;
  last_position_ = end_of(batch);
}

void BatchLoader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_waits_.wait(lock, [this] { return quit_ || (running_ && next_position_ < last_position_); });
    if (quit_) return;
    const std::int64_t position = next_position_++;
    const std::int64_t since_first = position - first_position_;
    Slot& slot = slot_of(since_first / batch_size_);
    ++busy_;
    lock.unlock();
    load_row(slot, since_first % batch_size_, position);
    lock.lock();
    --busy_;
    if (--slot.open == 0 || (busy_ == 0 && !running_)) consumer_waits_.notify_one();
  }
}

// Whatever goes wrong is kept with the row, so that the consumer meets it in the order of the epoch.
void BatchLoader::load_row(Slot& slot, std::int64_t row, std::int64_t position) {
  Row& state = slot.rows[static_cast<std::size_t>(row)];
  const std::int64_t count = dataset_.size(), first = order_[static_cast<std::size_t>(position)];
  try {
    for (std::int64_t step = 0; step < (options_.train ? count : 1); ++step) {
      const std::int64_t sample = (first + step) % count;
      try {
        options_.for_device ? fill_for_device(slot, row, position, sample)
                            : fill(slot, row, position, sample);
        slot.batch.labels[static_cast<std::size_t>(row)] = dataset_.label(sample);
        slot.batch.samples[static_cast<std::size_t>(row)] = sample;
        state.filled = true;
        return;
      } catch (const Error& error) {
        state.bad.emplace_back(sample, error.what());
        if (std::ssize(state.bad) > options_.skip_bad) return;
      }
    }
  } catch (...) {
    state.error = std::current_exception();
  }
}

void BatchLoader::fill(Slot& slot, std::int64_t row, std::int64_t position, std::int64_t sample) {
  float* output = slot.batch.images.data() + row * side_ * side_ * 3;
  std::optional<Augmentation> augmentation;
  if (options_.train) {
    RandomStream random(seed_, RandomPurpose::augment, epoch_, static_cast<std::uint64_t>(position));
    augmentation = draw_augmentation(recipe_, random);
  }
  Image prepared;
  const Image* image = nullptr;
  if (augmentation && augmentation->noise) {  // on the image as it is read: nothing to keep
    Image noisy = dataset_.load(sample);
    add_noise(noisy, recipe_.noise_deviation, *augmentation->noise);
    prepared = prepare_image(noisy, recipe_);
    image = &prepared;
  } else if (image = cache_.find(sample); !image) {
    prepared = prepare_image(dataset_.load(sample), recipe_);
    cache_.keep(sample, prepared);
    image = &prepared;
  }
  if (augmentation)
    augment_prepared(*image, recipe_, *augmentation, side_, output);
  else
    normalise_prepared(*image, recipe_, side_, output);
}

void BatchLoader::fill_for_device(Slot& slot, std::int64_t row, std::int64_t position, std::int64_t sample) {
  if (!handed_over_[static_cast<std::size_t>(sample)].load(std::memory_order_acquire))
    slot.rows[static_cast<std::size_t>(row)].fresh = prepare_image(dataset_.load(sample), recipe_);
  kernels::ImageAugmentation& augmentation = slot.batch.augmentations[static_cast<std::size_t>(row)];
  augmentation = {};
  augmentation.image = sample;
  if (!options_.train) return;
  RandomStream random(seed_, RandomPurpose::augment, epoch_, static_cast<std::uint64_t>(position));
  augmentation = device_augmentation(recipe_, draw_augmentation(recipe_, random), sample);
}

// Reports what could not be read, in order, and closes the gaps that evaluation leaves.
void BatchLoader::settle(Slot& slot) {
  Batch& batch = slot.batch;
  const std::int64_t pixels = std::int64_t{side_} * side_ * 3;
  std::int64_t kept = 0;
  for (std::int64_t row = 0; row < std::ssize(slot.rows); ++row) {
    Row& state = slot.rows[static_cast<std::size_t>(row)];
    for (const auto& [sample, message] : state.bad) {
      if (!known_bad_.insert(sample).second) continue;
      if (options_.skip_bad == 0) throw Error(message);
      if (std::ssize(known_bad_) > options_.skip_bad)
        throw Error(message + "; more unreadable images than the " + std::to_string(options_.skip_bad) +
                    " that may be skipped");
      if (options_.on_bad) options_.on_bad(message);
    }
    if (state.error) std::rethrow_exception(state.error);
    if (!state.filled) {
      if (options_.train)
        throw Error("no image of the data set can be read; the last: " + state.bad.back().second);
      continue;
    }
    if (state.fresh &&
        !handed_over_[static_cast<std::size_t>(batch.samples[static_cast<std::size_t>(row)])]) {
      const std::int64_t sample = batch.samples[static_cast<std::size_t>(row)];
      handed_over_[static_cast<std::size_t>(sample)].store(true, std::memory_order_release);
      batch.fresh.emplace_back(sample, std::move(*state.fresh));
    }
    if (kept != row) {
      if (options_.for_device)
        batch.augmentations[static_cast<std::size_t>(kept)] =
            batch.augmentations[static_cast<std::size_t>(row)];
      else
        std::copy_n(batch.images.data() + row * pixels, pixels, batch.images.data() + kept * pixels);
      batch.labels[static_cast<std::size_t>(kept)] = batch.labels[static_cast<std::size_t>(row)];
      batch.samples[static_cast<std::size_t>(kept)] = batch.samples[static_cast<std::size_t>(row)];
    }
    ++kept;
  }
  batch.size = static_cast<int>(kept);
  if (options_.for_device)
    batch.augmentations.resize(static_cast<std::size_t>(kept));
  else
    batch.images.resize(static_cast<std::size_t>(kept * pixels));
  batch.labels.resize(static_cast<std::size_t>(kept));
  batch.samples.resize(static_cast<std::size_t>(kept));
}

bool BatchLoader::next(Batch& batch) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!running_ || next_batch_ >= batches_) return false;
    Slot& slot = slot_of(next_batch_);
    if (workers_.empty()) {
      for (std::int64_t row = 0; row < std::ssize(slot.rows); ++row)
        load_row(slot, row, begin_of(next_batch_) + row);
      slot.open = 0;
    }
    consumer_waits_.wait(lock, [&] { return slot.open == 0; });
    lock.unlock();
    try {
      settle(slot);
    } catch (...) {
      stop_epoch();
      known_bad_.clear();
      throw;
    }
    const int size = slot.batch.size;
    std::swap(batch, slot.batch);
    lock.lock();
    const std::int64_t opened = next_batch_++ + std::ssize(slots_);
    if (opened < batches_) open_slot(opened);
    lock.unlock();
    work_waits_.notify_all();
    if (size > 0) return true;
  }
}

}  // namespace poster::io
