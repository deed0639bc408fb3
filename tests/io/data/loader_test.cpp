#include "io/data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>

#include "engine/error.h"
#include "io/data/augmentation.h"
#include "io/data/sampler.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

// Images made up from their index; some cannot be read.
class FakeDataset : public Dataset {
 public:
  explicit FakeDataset(std::int64_t size, std::set<std::int64_t> bad = {})
      : size_(size), bad_(std::move(bad)) {
    classes_ = {"a", "b", "c"};
  }
  std::int64_t size() const override { return size_; }
  std::int32_t label(std::int64_t index) const override { return static_cast<std::int32_t>(index % 3); }
  std::string path(std::int64_t index) const override { return "image " + std::to_string(index); }
  Image load(std::int64_t index) const override {
    ++loads;
    if (index == fatal) throw std::runtime_error("no memory");
    // Later samples come sooner: workers finish out of order.
    std::this_thread::sleep_for(std::chrono::microseconds(index % 5 == 0 ? 900 : 0));
    if (bad_.contains(index)) throw Error(path(index) + ": broken; mend it");
    Image image(20 + static_cast<int>(index % 7), 30);
    for (std::size_t i = 0; i < image.rgb.size(); ++i)
      image.rgb[i] = static_cast<std::uint8_t>(i * 7 + static_cast<std::size_t>(index) * 31 + i / 50);
    return image;
  }

  mutable std::atomic<int> loads{0};
  std::int64_t fatal = -1;

 private:
  std::int64_t size_;
  std::set<std::int64_t> bad_;
};

Recipe small_recipe(const std::string& name = "augmented") {
  Recipe recipe = recipe_by_name(name);
  recipe.size = 32;
  return recipe;
}

std::vector<Batch> rest_of_epoch(BatchLoader& loader) {
  std::vector<Batch> batches;
  Batch batch;
  while (loader.next(batch)) batches.push_back(batch);
  return batches;
}

std::vector<Batch> epoch_of(BatchLoader& loader, std::uint64_t epoch, std::int64_t done = 0,
                            std::int64_t first_number = 0) {
  loader.start_epoch(epoch, done, first_number);
  return rest_of_epoch(loader);
}

void expect_same(const std::vector<Batch>& a, const std::vector<Batch>& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].number, b[i].number) << what;
    EXPECT_EQ(a[i].size, b[i].size) << what;
    EXPECT_EQ(a[i].samples, b[i].samples) << what;
    EXPECT_EQ(a[i].labels, b[i].labels) << what;
    EXPECT_TRUE(a[i].images == b[i].images) << what << ": pixels of batch " << i;
  }
}

TEST(BatchLoader, SameBatchesForAnyWorkersAndCache) {
  const FakeDataset data(45);
  BatchLoader reference(data, small_recipe(), 8, 5, 0);
  const auto first = epoch_of(reference, 0), second = epoch_of(reference, 1);
  ASSERT_EQ(first.size(), 6u);
  EXPECT_EQ(first.back().size, 5);
  EXPECT_FALSE(first[0].images == second[0].images);
  for (int workers : {1, 2, 5}) {
    for (std::int64_t cache : {std::int64_t{0}, std::int64_t{70000}, std::int64_t{1} << 30}) {
      for (int prefetch : {1, 3, 40}) {
        BatchLoader loader(data, small_recipe(), 8, 5, workers, {.cache_bytes = cache, .prefetch = prefetch});
        const std::string what = std::to_string(workers) + " workers, cache " + std::to_string(cache);
        expect_same(epoch_of(loader, 0), first, what);
        expect_same(epoch_of(loader, 1), second, what);
        EXPECT_LE(loader.cached_bytes(), cache);
        EXPECT_EQ(loader.cached_bytes() > 0, cache > 0);
      }
    }
  }
}

// raf-db-v1 puts noise on images before they are resized.
class BatchLoaderOf : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Recipes, BatchLoaderOf, testing::Values("augmented", "raf-db-v1"));

TEST_P(BatchLoaderOf, TrainingIsTheTransformOfTheShuffledOrder) {
  const FakeDataset data(10);
  const Recipe recipe = small_recipe(GetParam());
  BatchLoader loader(data, recipe, 4, 77, 2, {.out_size = 32, .cache_bytes = 1 << 20});
  epoch_of(loader, 2);  // fills the cache
  std::int64_t position = 0;
  const auto order = shuffled_order(10, 77, 3);
  for (const Batch& batch : epoch_of(loader, 3)) {
    ASSERT_EQ(batch.side, 32);
    for (int row = 0; row < batch.size; ++row, ++position) {
      ASSERT_EQ(batch.samples[row], order[position]);
      ASSERT_EQ(batch.labels[row], data.label(order[position]));
      std::vector<float> expected(32 * 32 * 3);
      RandomStream random(77, RandomPurpose::augment, 3, position);
      train_transform(data.load(order[position]), recipe, random, 32, expected.data());
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), batch.images.begin() + row * 32 * 32 * 3));
    }
  }
  EXPECT_EQ(position, 10);
}

TEST(BatchLoader, EvaluationIsInOrderAndWithoutChance) {
  const FakeDataset data(10);
  const Recipe recipe = small_recipe();
  BatchLoader loader(data, recipe, 3, 1, 2, {.train = false, .out_size = 16});
  BatchLoader other(data, recipe, 3, 999, 1, {.train = false, .out_size = 16, .drop_last_if_one = true});
  const auto batches = epoch_of(loader, 0);
  expect_same(batches, epoch_of(other, 4), "other seed and epoch");
  std::int64_t sample = 0;
  for (const Batch& batch : batches) {
    ASSERT_EQ(batch.images.size(), static_cast<std::size_t>(batch.size) * 16 * 16 * 3);
    for (int row = 0; row < batch.size; ++row, ++sample) {
      ASSERT_EQ(batch.samples[row], sample);
      std::vector<float> expected(16 * 16 * 3);
      eval_transform(data.load(sample), recipe, 16, expected.data());
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), batch.images.begin() + row * 16 * 16 * 3));
    }
  }
  EXPECT_EQ(sample, 10);
}

TEST(BatchLoader, TakesUpAnEpochAnywhere) {
  const FakeDataset data(29);
  BatchLoader whole(data, small_recipe(), 4, 2, 2);
  const auto batches = epoch_of(whole, 6);
  for (std::int64_t first = 0; first <= std::ssize(batches); ++first) {
    BatchLoader loader(data, small_recipe(), 4, 2, 3);
    expect_same(epoch_of(loader, 6, std::min<std::int64_t>(4 * first, 29), first),
                {batches.begin() + first, batches.end()}, "from " + std::to_string(first));
    EXPECT_EQ(loader.batches_per_epoch(), 8);
  }
  EXPECT_THROW(whole.start_epoch(0, 30), Error);
  EXPECT_THROW(whole.start_epoch(0, -1), Error);
}

// The place in an epoch is a number of images: whatever batches came before, the others follow in the same
// order, with the same augmentation, each once.
TEST(BatchLoader, GoesOnWithAnotherBatchSize) {
  const FakeDataset data(29);
  for (const bool balanced : {false, true}) {
    Recipe recipe = small_recipe();
    recipe.balanced_sampler = balanced;
    BatchLoader whole(data, recipe, 29, 2, 2);
    const Batch all = epoch_of(whole, 6).front();
    const std::int64_t pixels = std::int64_t{all.side} * all.side * 3;
    for (const int done : {3, 4, 17, 28}) {
      for (const int workers : {0, 3}) {
        BatchLoader loader(data, recipe, 5, 2, workers);
        std::vector<std::int64_t> samples;
        std::vector<float> images;
        std::int64_t number = 100;
        for (const Batch& batch : epoch_of(loader, 6, done, number)) {
          EXPECT_EQ(batch.number, number++);
          samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
          images.insert(images.end(), batch.images.begin(), batch.images.end());
          EXPECT_EQ(batch.end, done + std::ssize(samples));
        }
        EXPECT_EQ(number, loader.batches_per_epoch());
        EXPECT_EQ(samples, std::vector<std::int64_t>(all.samples.begin() + done, all.samples.end()));
        EXPECT_TRUE(images == std::vector<float>(all.images.begin() + done * pixels, all.images.end()));
        // The next epoch is a whole one again.
        EXPECT_EQ(epoch_of(loader, 7).size(), 6u);
      }
    }
  }
}

TEST(BatchLoader, StartsAfreshInTheMiddleOfAnEpoch) {
  const FakeDataset data(40);
  BatchLoader loader(data, small_recipe(), 4, 2, 3);
  Batch batch;
  EXPECT_FALSE(loader.next(batch));
  const auto expected = epoch_of(loader, 1);
  for (int taken = 0; taken < 5; ++taken) {
    loader.start_epoch(0);
    for (int i = 0; i < taken; ++i) ASSERT_TRUE(loader.next(batch));
    expect_same(epoch_of(loader, 1), expected, "after " + std::to_string(taken));
  }
}

TEST(BatchLoader, IsDestroyedAnywhere) {
  const FakeDataset data(60);
  for (int taken = 0; taken < 6; ++taken) {
    BatchLoader loader(data, small_recipe(), 4, 2, 4);
    if (taken == 5) continue;
    loader.start_epoch(0);
    Batch batch;
    for (int i = 0; i < taken; ++i) ASSERT_TRUE(loader.next(batch));
  }
}

TEST(BatchLoader, BalancedRecipeDrawsWithReplacement) {
  const FakeDataset data(30);
  Recipe recipe = small_recipe();
  recipe.balanced_sampler = true;
  BatchLoader loader(data, recipe, 30, 2, 2);
  EXPECT_EQ(epoch_of(loader, 0)[0].samples, balanced_order(data.labels(), 2, 0));
}

TEST(BatchLoader, LastBatchOfOne) {
  const FakeDataset data(9);
  BatchLoader kept(data, small_recipe(), 4, 2, 1);
  EXPECT_EQ(kept.batches_per_epoch(), 3);
  EXPECT_EQ(epoch_of(kept, 0).back().size, 1);
  BatchLoader dropped(data, small_recipe(), 4, 2, 1, {.drop_last_if_one = true});
  EXPECT_EQ(dropped.batches_per_epoch(), 2);
  EXPECT_EQ(epoch_of(dropped, 0).size(), 2u);
  EXPECT_EQ(epoch_of(dropped, 0, 5).size(), 1u);  // four are left
  EXPECT_EQ(epoch_of(dropped, 0, 8).size(), 0u);
  const FakeDataset one(1);
  BatchLoader single(one, small_recipe(), 4, 2, 1, {.drop_last_if_one = true});
  EXPECT_EQ(epoch_of(single, 0).size(), 1u);
}

TEST(BatchLoader, CacheReadsEachImageOnce) {
  const FakeDataset data(20);
  BatchLoader loader(data, small_recipe(), 4, 2, 1, {.cache_bytes = 1 << 30});
  for (int epoch = 0; epoch < 4; ++epoch) epoch_of(loader, epoch);
  EXPECT_EQ(data.loads, 20);
}

// The same samples and labels as with pixels; every image comes once, with the first batch that uses it.
TEST(BatchLoader, ForADeviceEachImageIsHandedOverOnce) {
  for (bool balanced : {false, true})
    for (int workers : {0, 3}) {
      const FakeDataset data(23, {7});
      Recipe recipe = small_recipe();
      recipe.balanced_sampler = balanced;
      BatchLoader pixels(data, recipe, 4, 2, 2, {.skip_bad = 1});
      BatchLoader loader(data, recipe, 4, 2, workers, {.for_device = true, .skip_bad = 1});
      std::set<std::int64_t> there;
      for (std::uint64_t epoch : {0, 1, 2}) {
        const auto expected = epoch_of(pixels, epoch);
        std::int64_t position = 0;
        const auto batches = epoch_of(loader, epoch);
        ASSERT_EQ(batches.size(), expected.size());
        for (std::size_t b = 0; b < batches.size(); ++b) {
          const Batch& batch = batches[b];
          EXPECT_EQ(batch.samples, expected[b].samples);
          EXPECT_EQ(batch.labels, expected[b].labels);
          EXPECT_TRUE(batch.images.empty());
          for (const auto& [sample, image] : batch.fresh) {
            EXPECT_TRUE(there.insert(sample).second) << "twice: " << sample;
            EXPECT_EQ(image.rgb, prepare_image(data.load(sample), recipe).rgb);
          }
          ASSERT_EQ(batch.augmentations.size(), batch.samples.size());
          for (std::size_t i = 0; i < batch.samples.size(); ++i) {
            EXPECT_TRUE(there.contains(batch.samples[i]));
            RandomStream random(2, RandomPurpose::augment, epoch, static_cast<std::uint64_t>(position++));
            const auto wanted = draw_augmentation(recipe, random);
            EXPECT_EQ(batch.augmentations[i].image, batch.samples[i]);
            EXPECT_EQ(batch.augmentations[i].dx, wanted.dx);
            EXPECT_EQ(batch.augmentations[i].flip, wanted.flip);
          }
        }
      }
    }
}

TEST(BatchLoader, EvaluationForADeviceLeavesImagesAsTheyAre) {
  const FakeDataset data(5);
  BatchLoader loader(data, small_recipe(), 3, 2, 2, {.train = false, .for_device = true});
  for (const Batch& batch : epoch_of(loader, 0))
    for (const auto& a : batch.augmentations)
      EXPECT_TRUE(a.jitters == 0 && a.flip == 0 && a.rotated == 0 && a.dx == 0 && a.dy == 0 &&
                  a.erase_width == 0);
}

TEST(BatchLoader, UnreadableImageIsAnErrorInItsPlace) {
  const FakeDataset data(20, {7});
  for (bool train : {true, false}) {
    for (int workers : {0, 1, 4}) {
      BatchLoader loader(data, small_recipe(), 2, 2, workers, {.train = train});
      const auto order = train ? shuffled_order(20, 2, 0) : sequential_order(20);
      const auto place = std::ranges::find(order, 7) - order.begin();
      for (int again = 0; again < 2; ++again) {
        loader.start_epoch(0);
        Batch batch;
        for (int i = 0; i < place / 2; ++i) ASSERT_TRUE(loader.next(batch));
        EXPECT_EQ(test::message_of<Error>([&] { loader.next(batch); }), "image 7: broken; mend it");
        EXPECT_FALSE(loader.next(batch));
      }
    }
  }
}

TEST(BatchLoader, SkippedImagesAreReplacedByTheNextReadable) {
  const std::set<std::int64_t> bad = {0, 7, 8, 19};
  const FakeDataset data(20, bad);
  std::vector<std::vector<std::string>> logs;
  std::vector<std::vector<Batch>> results;
  for (int workers : {0, 1, 5}) {
    std::vector<std::string> log;
    LoaderOptions options{.skip_bad = 4,
                          .on_bad = [&](const std::string& message) { log.push_back(message); }};
    BatchLoader loader(data, small_recipe(), 4, 2, workers, options);
    results.push_back(epoch_of(loader, 0));
    logs.push_back(log);
    EXPECT_EQ(log.size(), 4u);
    epoch_of(loader, 1);
    EXPECT_EQ(log.size(), 4u) << "told once of each";
  }
  expect_same(results[0], results[1], "1 worker");
  expect_same(results[0], results[2], "5 workers");
  EXPECT_EQ(logs[0], logs[1]);
  EXPECT_EQ(logs[0], logs[2]);
  const auto order = shuffled_order(20, 2, 0);
  std::int64_t position = 0;
  for (const Batch& batch : results[0])
    for (int row = 0; row < batch.size; ++row, ++position) {
      std::int64_t expected = order[position];
      while (bad.contains(expected)) expected = (expected + 1) % 20;
      EXPECT_EQ(batch.samples[row], expected);
      EXPECT_EQ(batch.labels[row], expected % 3);
    }
  BatchLoader loader(data, small_recipe(), 4, 2, 2, {.skip_bad = 3});
  loader.start_epoch(0);
  const std::string message = test::message_of<Error>([&] { rest_of_epoch(loader); });
  EXPECT_NE(message.find("more unreadable images than the 3"), std::string::npos) << message;
}

TEST(BatchLoader, EvaluationLeavesSkippedImagesOut) {
  const FakeDataset data(11, {0, 4, 5, 6, 7, 9});
  BatchLoader loader(data, small_recipe(), 4, 2, 3, {.train = false, .out_size = 16, .skip_bad = 6});
  const auto batches = epoch_of(loader, 0);
  ASSERT_EQ(batches.size(), 2u);  // the second had nothing left
  EXPECT_EQ(batches[0].samples, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(batches[1].samples, (std::vector<std::int64_t>{8, 10}));
  std::vector<float> expected(16 * 16 * 3);
  eval_transform(data.load(10), small_recipe(), 16, expected.data());
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), batches[1].images.begin() + 16 * 16 * 3));
  EXPECT_EQ(batches[1].images.size(), 2u * 16 * 16 * 3);
}

TEST(BatchLoader, NothingReadableIsAnError) {
  const FakeDataset data(3, {0, 1, 2});
  BatchLoader loader(data, small_recipe(), 2, 2, 2, {.skip_bad = 10});
  loader.start_epoch(0);
  EXPECT_NE(test::message_of<Error>([&] { rest_of_epoch(loader); }).find("no image"), std::string::npos);
}

TEST(BatchLoader, OtherExceptionsReachTheConsumer) {
  FakeDataset data(20);
  data.fatal = 9;
  BatchLoader loader(data, small_recipe(), 2, 2, 3, {.train = false, .skip_bad = 5});
  loader.start_epoch(0);
  Batch batch;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(loader.next(batch));
  EXPECT_THROW(loader.next(batch), std::runtime_error);
  data.fatal = -1;
  EXPECT_EQ(epoch_of(loader, 1).size(), 10u);
}

// Every second pixel where that is what the network would take; else it is given all, to reduce them itself.
TEST(BatchLoader, HandsOverWhatTheNetworkWouldTake) {
  Recipe recipe = recipe_by_name("augmented");
  EXPECT_EQ(handed_over_side(recipe, 112), 112);
  for (const int size : {112, 192, 223, 225, 448}) {
    recipe.size = size;
    EXPECT_EQ(handed_over_side(recipe, 112), size);
  }
}

TEST(BatchLoader, RefusesSenselessArguments) {
  const FakeDataset data(4), none(0);
  const Recipe recipe = small_recipe();
  EXPECT_THROW(BatchLoader(none, recipe, 4, 0, 1), Error);
  EXPECT_THROW(BatchLoader(data, recipe, 0, 0, 1), Error);
  EXPECT_THROW(BatchLoader(data, recipe, 4, 0, -1), Error);
  EXPECT_THROW(BatchLoader(data, recipe, 4, 0, 1000), Error);
  EXPECT_THROW(BatchLoader(data, recipe, 4, 0, 1, {.out_size = 20}), Error);
  EXPECT_THROW(BatchLoader(data, recipe, 4, 0, 1, {.prefetch = 0}), Error);
  EXPECT_THROW(BatchLoader(data, recipe, 4, 0, 1, {.skip_bad = -1}), Error);
  EXPECT_THROW(BatchLoader(data, small_recipe("raf-db-v1"), 4, 0, 1, {.for_device = true}), Error);
  EXPECT_NO_THROW(
      BatchLoader(data, small_recipe("raf-db-v1"), 4, 0, 1, {.train = false, .for_device = true}));
}

}  // namespace
}  // namespace poster::io
