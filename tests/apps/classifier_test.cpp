// The library's own interface: files and pixels, one by one and together, and what it says of bad input.
#include "poster/classifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "io/checkpoint/checkpoint.h"
#include "io/codec/image_reader.h"
#include "io/data/augmentation.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster {
namespace {

class ClassifierTest : public testing::Test {
 protected:
  ClassifierTest() : checkpoint_(folder_ / "net.safetensors") { save(checkpoint_, "poster-v2-tiny"); }

  static void save(const std::string& path, const std::string& model, io::View view = io::View::full) {
    Device device = Device::open("cpu", 1);
    const auto trainer = make_trainer(device, model, 3);
    trainer->parameters().initialise(5);
    trainer->prepare_training({}, {}, 5);
    Settings settings;
    settings.model = model;
    settings.recipe = io::recipe_by_name("plain");
    settings.classes = {"a", "b", "c"};
    settings.view.view = view;
    save_checkpoint(path, *trainer, settings, {}, io::KeepPrevious::no);
  }

  // An image that is not the same everywhere, and differs with `seed`.
  static io::Image drawn(int width, int height, int seed) {
    io::Image image(width, height);
    for (std::size_t i = 0; i < image.rgb.size(); ++i)
      image.rgb[i] = static_cast<std::uint8_t>((i * (7 + seed) + i / 50 * 13 * (seed + 1)) % 251);
    return image;
  }
  static Pixels pixels(const io::Image& image) { return {image.rgb.data(), image.width, image.height}; }

  static void expect_same(const Face& a, const Face& b) {
    EXPECT_EQ(a.label, b.label);
    ASSERT_EQ(a.probabilities.size(), 3u);
    ASSERT_EQ(b.probabilities.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(a.probabilities[i], b.probabilities[i], 1e-5);
  }

  test::TemporaryFolder folder_;
  std::string checkpoint_;
};

TEST_F(ClassifierTest, FilesAndPixelsWithAnyStrideGiveTheSame) {
  Classifier classifier(checkpoint_, {.device = "cpu"});
  EXPECT_EQ(classifier.classes(), (std::vector<std::string>{"a", "b", "c"}));
  const io::Image image = drawn(50, 40, 1);
  const std::string path = folder_ / "p.png";
  io::write_image(path, image);
  const auto from_file = classifier.classify_file(path), from_pixels = classifier.classify(pixels(image));
  ASSERT_EQ(from_file.size(), 1u);
  ASSERT_EQ(from_pixels.size(), 1u);
  expect_same(from_file[0], from_pixels[0]);
  EXPECT_EQ(from_file[0].width, 50);
  EXPECT_EQ(from_file[0].height, 40);
  io::Image wide(60, 40);
  for (int y = 0; y < 40; ++y) std::copy_n(image.row(y), 150, wide.row(y));
  expect_same(classifier.classify({wide.rgb.data(), 50, 40, 180})[0], from_pixels[0]);
}

TEST_F(ClassifierTest, SeveralImagesShareBatches) {
  Classifier one(checkpoint_, {.device = "cpu"}),
      three(checkpoint_, {.device = "cpu", .batch = 3, .attention = true});
  std::vector<io::Image> images;
  for (int i = 0; i < 5; ++i) images.push_back(drawn(40 + i, 48, i));
  std::vector<Pixels> all;
  for (const io::Image& image : images) all.push_back(pixels(image));
  const auto together = three.classify(all);
  ASSERT_EQ(together.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_EQ(together[i].size(), 1u);
    expect_same(together[i][0], one.classify(all[i])[0]);
    float sum = 0;
    for (float weight : together[i][0].attention) sum += weight;
    EXPECT_GT(sum, 0.1f);
    EXPECT_LT(sum, 1.f);
  }
  EXPECT_GT(std::abs(together[0][0].probabilities[0] - together[3][0].probabilities[0]), 1e-6f);
}

TEST_F(ClassifierTest, APosterV1GivesWhatItsEvaluationGivesAndNoAttention) {
  const std::string path = folder_ / "v1.safetensors";
  save(path, "poster-v1-tiny");
  Classifier classifier(path, {.device = "cpu"});
  const io::Image image = drawn(112, 112, 3);
  const auto face = classifier.classify(pixels(image))[0];
  const io::Recipe recipe = io::recipe_by_name("plain");
  std::vector<float> input(112 * 112 * 3);
  io::normalise_prepared(io::prepare_image(image, recipe), recipe, 112, input.data());
  Device device = Device::open("cpu", 1);
  const auto trainer = make_trainer(device, "poster-v1-tiny", 3);
  Checkpoint(path).load_weights(trainer->parameters());
  const auto logits =
      trainer->evaluate({.images = input.data(), .count = 1, .height = 112, .width = 112}).logits;
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(face.probabilities[i], std::exp(static_cast<double>(logits[i])) / sum, 1e-5);
  test::expect_contains(test::error_of([&] { Classifier(path, {.device = "cpu", .attention = true}); }),
                        "the class token of poster-v1-tiny");
}

// A frame is no face where a detector can find them; where it can't, it is taken as it is, or by the box.
TEST_F(ClassifierTest, FramesOfFilmsAreNotTakenForOneFace) {
  const io::Image grey = drawn(96, 80, 2);
  Classifier full(checkpoint_, {.device = "cpu"});
  EXPECT_EQ(full.classify(pixels(grey)).size(), 1u);
  EXPECT_TRUE(full.classify_frame(pixels(grey)).empty());
  const std::string lower = folder_ / "lower.safetensors";
  save(lower, "poster-v2-tiny", io::View::lower);
  Classifier below(lower, {.device = "cpu"});
  const auto whole = below.classify_frame(pixels(grey));
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(whole[0].width, 96);
  expect_same(whole[0], below.classify(pixels(grey))[0]);
  EXPECT_TRUE(Classifier(lower, {.device = "cpu", .find_faces = true}).classify_frame(pixels(grey)).empty());
}

TEST_F(ClassifierTest, ABoxIsTheFaceInEveryImageAndFrame) {
  const io::Image large = drawn(90, 80, 2);
  io::Image cut(40, 40);
  for (int y = 0; y < 40; ++y) std::copy_n(large.row(20 + y) + 3 * 30, 120, cut.row(y));
  Classifier plain(checkpoint_, {.device = "cpu"}),
      boxed(checkpoint_, {.device = "cpu", .box = Box{30, 20, 40, 40}});
  const Face expected = plain.classify(pixels(cut))[0];
  for (const auto& faces : {boxed.classify(pixels(large)), boxed.classify_frame(pixels(large))}) {
    ASSERT_EQ(faces.size(), 1u);
    expect_same(faces[0], expected);
    EXPECT_EQ(faces[0].left, 30);
    EXPECT_EQ(faces[0].height, 40);
  }
  test::expect_contains(test::error_of([&] { boxed.classify(pixels(drawn(20, 80, 1))); }),
                        "the given box reaches beyond this image of 20x80");
  test::expect_contains(test::error_of([&] {
                          Classifier(checkpoint_, {.device = "cpu", .box = Box{1, 1, 0, 5}});
                        }),
                        "a box without an area");
  test::expect_contains(
      test::error_of([&] {
        Classifier(checkpoint_, {.device = "cpu", .find_faces = true, .box = Box{1, 1, 5, 5}});
      }),
      "give one of the two");
}

TEST_F(ClassifierTest, ClassesHaveNamesOfTheirOwn) {
  test::expect_contains(test::error_of([&] {
                          Classifier(checkpoint_, {.device = "cpu", .classes = {"a", "b", "a"}});
                        }),
                        "two classes are called 'a'");
}

TEST_F(ClassifierTest, SaysWhatIsWrong) {
  const auto of = [&](const ClassifierOptions& options) {
    return test::error_of([&] { Classifier(checkpoint_, options); });
  };
  test::expect_contains(test::error_of([] { Classifier("missing.safetensors"); }), "missing.safetensors");
  test::expect_contains(of({.device = "abacus"}), "abacus");
  test::expect_contains(of({.device = "cpu", .batch = 0}), "a batch of 0");
  test::expect_contains(of({.device = "cpu", .classes = {"a", "b", "c", "d"}}), "4 class names");
  test::expect_contains(of({.device = "cpu", .classes = {"a", "b"}}),
                        "2 class names (a, b) for a network of 3");
  test::expect_contains(of({.device = "cpu", .classes = {"b", "a", "c"}}),
                        "names its outputs a, b, c, not b, a, c");
  EXPECT_EQ(Classifier(checkpoint_, {.device = "cpu", .classes = {"b", "a", "c"}, .rename_classes = true})
                .classes(),
            (std::vector<std::string>{"b", "a", "c"}));
  test::expect_contains(of({.device = "cpu", .find_faces = true, .detector = "gone.onnx"}), "gone.onnx");
  Classifier classifier(checkpoint_, {.device = "cpu"});
  const io::Image image = drawn(8, 8, 1);
  test::expect_contains(test::error_of([&] { classifier.classify(Pixels{}); }), "0x0");
  test::expect_contains(test::error_of([&] {
                          classifier.classify({image.rgb.data(), 8, 8, 10});
                        }),
                        "24 bytes");
  test::expect_contains(test::error_of([&] { classifier.classify_file("gone.png"); }), "gone.png");
}

}  // namespace
}  // namespace poster
