#include "io/face/viewed_dataset.h"

#include <gtest/gtest.h>

#include <filesystem>

#include <thread>

#include "io/codec/image_reader.h"
#include "io/data/loader.h"
#include "io/face/face_crop.h"
#include "tests/support/drawn_faces.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

class ViewedDatasetTest : public testing::Test {
 protected:
  ViewedDatasetTest() {
    for (const char* name : {"joy", "anger"}) std::filesystem::create_directories(folder_ / "train" / name);
    for (int i = 0; i < 8; ++i)
      write_image(
          folder_ / ("train/" + std::string(i % 2 ? "joy" : "anger") + "/" + std::to_string(i) + ".png"),
          test::drawn_face(static_cast<std::uint64_t>(i), 128).image);
    source_.emplace(folder_.path(), "train");
  }
  static ViewOptions headset() {
    ViewOptions options;
    options.view = View::headset;
    return options;
  }

  test::TemporaryFolder folder_;
  std::optional<ImageFolder> source_;
};

TEST_F(ViewedDatasetTest, ShowsWhatApplyViewMakesOfEachImage) {
  ViewOptions lower, mixed = headset();
  lower.view = View::lower;
  mixed.headset_mix = 0.5;
  for (const ViewOptions& options : {ViewOptions{}, lower, headset(), mixed}) {
    const ViewedDataset views(*source_, options);
    ASSERT_EQ(views.size(), source_->size());
    EXPECT_EQ(views.classes(), source_->classes());
    EXPECT_EQ(views.labels(), source_->labels());
    for (std::int64_t i = 0; i < views.size(); ++i) {
      EXPECT_EQ(views.path(i), source_->path(i));
      EXPECT_EQ(views.load(i), apply_view(source_->load(i), options, view_key(source_->path(i))));
    }
  }
}

TEST_F(ViewedDatasetTest, FindsTheFaceWhereADetectorIsGiven) {
  ViewOptions options = headset();
  options.detector = "cascade";
  const ViewedDataset views(*source_, options);
  const auto finder = make_face_finder("cascade");
  int found = 0;
  std::vector<Image> expected;
  for (std::int64_t i = 0; i < views.size(); ++i) {
    const Image image = source_->load(i);
    const auto faces = finder->find(image);
    found += !faces.empty();
    const FaceBox face = faces.empty() ? whole_image(image).face : faces[0];
    expected.push_back(apply_view(image, headset(), view_key(source_->path(i)), face));
    EXPECT_EQ(views.load(i), expected.back()) << i;
    if (!faces.empty()) {
      EXPECT_NE(views.load(i), apply_view(image, headset(), view_key(source_->path(i))));
    }
  }
  EXPECT_GT(found, 3);

  std::vector<std::thread> threads;
  std::vector<int> same(4, 0);
  for (std::size_t t = 0; t < same.size(); ++t)
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < views.size(); ++i)
        same[t] += views.load(i) == expected[static_cast<std::size_t>(i)];
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : same) EXPECT_EQ(count, views.size());
}

TEST_F(ViewedDatasetTest, IsWhatTheLoaderCaches) {
  ViewOptions options = headset();
  options.headset_mix = 0.5;
  const ViewedDataset views(*source_, options);
  const Recipe recipe = recipe_by_name("augmented");
  BatchLoader cached(views, recipe, 4, 1, 2, {.train = true, .cache_bytes = 64 << 20});
  BatchLoader anew(views, recipe, 4, 1, 0, {.train = true});
  BatchLoader full(*source_, recipe, 4, 1, 0, {.train = true});
  Batch one, other, without;
  bool differs = false;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    for (BatchLoader* loader : {&cached, &anew, &full}) loader->start_epoch(epoch);
    while (cached.next(one)) {
      ASSERT_TRUE(anew.next(other));
      ASSERT_TRUE(full.next(without));
      EXPECT_EQ(one.images, other.images);
      differs |= one.images != without.images;
    }
  }
  EXPECT_TRUE(differs);
}

TEST_F(ViewedDatasetTest, RefusesWhatItCannotShow) {
  ViewOptions options = headset();
  options.detector = "nobody";
  test::expect_contains(test::error_of([&] { ViewedDataset(*source_, options); }), "'nobody'");
  options = headset();
  options.headset_mix = 2;
  test::expect_contains(test::error_of([&] { ViewedDataset(*source_, options); }),
                        "headset_mix (--headset-mix)");
  options = {};
  options.detector = "nobody";  // full asks no detector
  EXPECT_EQ(test::error_of([&] { ViewedDataset(*source_, options); }), "");
}

}  // namespace
}  // namespace poster::io
