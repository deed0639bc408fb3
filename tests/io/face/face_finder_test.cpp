#include "io/face/face_finder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "io/face/face_pick.h"
#include "io/image/resize.h"
#include "tests/support/drawn_faces.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::drawn_face;
using test::DrawnFace;
using test::error_of;
using test::expect_contains;

constexpr double kDegrees = 3.14159265358979 / 180;

Image grey(int width, int height) {
  Image image(width, height);
  std::ranges::fill(image.rgb, std::uint8_t{128});
  return image;
}

void paste(Image& onto, const Image& image, int left, int top) {
  for (int y = 0; y < image.height; ++y)
    std::copy_n(image.row(y), 3 * image.width, onto.row(top + y) + 3 * left);
}

// Drawn faces that the cascade is sure of.
const DrawnFace& sure_face() {
  static const DrawnFace face = [] {
    const auto finder = make_face_finder("cascade");
    for (std::uint64_t i = 0;; ++i) {
      DrawnFace drawn = drawn_face(i, 224);
      const auto found = finder->find(drawn.image);
      if (found.size() == 1 && found[0].eyes) return drawn;
    }
  }();
  return face;
}

TEST(CascadeFinder, FindsMostDrawnFacesWithTheirEyes) {
  const auto finder = make_face_finder("cascade");
  constexpr int kFaces = 60;
  int found = 0, with_eyes = 0, eyes_right = 0, box_right = 0;
  for (int i = 0; i < kFaces; ++i) {
    const DrawnFace drawn = drawn_face(static_cast<std::uint64_t>(i), 224);
    const auto faces = finder->find(drawn.image);
    if (faces.empty()) continue;
    ++found;
    const FaceBox& box = faces[0];
    const Eyes by_proportion = eyes_of({box.left, box.top, box.width, box.height});
    const Point middle{(by_proportion.left.x + by_proportion.right.x) / 2,
                       (by_proportion.left.y + by_proportion.right.y) / 2};
    box_right +=
        std::hypot(middle.x - drawn.eyes_middle.x, middle.y - drawn.eyes_middle.y) < 0.12 * box.width;
    if (!box.eyes) continue;
    ++with_eyes;
    const Eyes& eyes = *box.eyes;
    ASSERT_LT(eyes.left.x, eyes.right.x);
    const double off = std::hypot((eyes.left.x + eyes.right.x) / 2 - drawn.eyes_middle.x,
                                  (eyes.left.y + eyes.right.y) / 2 - drawn.eyes_middle.y);
    const double angle = std::atan2(eyes.right.y - eyes.left.y, eyes.right.x - eyes.left.x);
    eyes_right += off < 0.13 * box.width && std::abs(angle - drawn.roll) < 3 * kDegrees;
  }
  EXPECT_GE(found, kFaces * 6 / 10);
  EXPECT_GE(box_right, found * 9 / 10) << found;
  EXPECT_GE(with_eyes, found * 7 / 10) << found;
  // The drawn heads are turned, too, which moves their eyes from the middle.
  EXPECT_GE(eyes_right, with_eyes * 9 / 10) << with_eyes;
}

TEST(CascadeFinder, PutsTheLargestFirst) {
  const auto finder = make_face_finder("cascade");
  Image two = grey(430, 240);
  paste(two, resize(sure_face().image, 190, 190), 0, 40);
  paste(two, sure_face().image, 200, 8);
  const auto faces = finder->find(two);
  ASSERT_EQ(faces.size(), 2u);
  EXPECT_GT(faces[0].left, 200);
  EXPECT_LT(faces[1].left + faces[1].width, 190);
  EXPECT_NEAR(faces[1].width / faces[0].width, 190 / 224.0, 0.1);
  EXPECT_EQ(choose_face(faces, 30).rule, FaceRule::several);
  // A face far behind somebody is nobody's rival.
  Image behind = grey(430, 240);
  paste(behind, resize(sure_face().image, 80, 80), 0, 40);
  paste(behind, sure_face().image, 200, 8);
  EXPECT_EQ(choose_face(finder->find(behind), 30).rule, FaceRule::one);
}

TEST(CascadeFinder, GivesPixelsOfTheWholeImage) {
  const auto finder = make_face_finder("cascade");
  const FaceBox plain = finder->find(sure_face().image).at(0);
  // Larger than what is searched, and wider than high.
  Image large = grey(1500, 1000);
  paste(large, resize(sure_face().image, 896, 896), 500, 50);
  const auto faces = finder->find(large);
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_NEAR(faces[0].left, 500 + 4 * plain.left, 60);
  EXPECT_NEAR(faces[0].top, 50 + 4 * plain.top, 60);
  EXPECT_NEAR(faces[0].width, 4 * plain.width, 60);
  ASSERT_TRUE(faces[0].eyes);
  EXPECT_NEAR(faces[0].eyes->left.x, 500 + 4 * plain.eyes->left.x, 30);
  EXPECT_NEAR(faces[0].eyes->left.y, 50 + 4 * plain.eyes->left.y, 30);
}

TEST(CascadeFinder, FindsSmallFacesAndThoseThatFillTheirImage) {
  const auto finder = make_face_finder("cascade");
  const FaceBox plain = finder->find(sure_face().image).at(0);
  Image tight(static_cast<int>(plain.width), static_cast<int>(plain.height));
  for (int y = 0; y < tight.height; ++y)
    std::copy_n(sure_face().image.row(y + static_cast<int>(plain.top)) + 3 * static_cast<int>(plain.left),
                3 * tight.width, tight.row(y));
  const auto filling = finder->find(tight);
  ASSERT_EQ(filling.size(), 1u);
  EXPECT_NEAR(filling[0].width, tight.width, 0.12 * tight.width);
  EXPECT_NEAR(filling[0].left, 0, 0.12 * tight.width);

  Image wide = grey(640, 480);
  paste(wide, resize(sure_face().image, 90, 90), 300, 200);  // its face is a tenth of the image
  const auto small = finder->find(wide);
  ASSERT_EQ(small.size(), 1u);
  EXPECT_NEAR(small[0].left, 300 + plain.left * 90 / 224, 12);
}

TEST(CascadeFinder, FindsNothingWhereThereIsNothing) {
  const auto finder = make_face_finder("cascade");
  EXPECT_TRUE(finder->find(grey(200, 100)).empty());
  EXPECT_TRUE(finder->find(grey(1, 1)).empty());
  EXPECT_TRUE(finder->find(grey(3000, 2)).empty());
  EXPECT_NE(error_of([&] { finder->find(Image()); }), "");
}

TEST(CascadeFinder, GivesTheSameOnEveryThread) {
  const auto expected = make_face_finder("cascade")->find(sure_face().image);
  std::vector<std::vector<FaceBox>> found(4);
  std::vector<std::thread> threads;
  for (auto& result : found)
    threads.emplace_back([&result] {
      const auto finder = make_face_finder("cascade");
      for (int i = 0; i < 3; ++i) result = finder->find(sure_face().image);
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : found) EXPECT_TRUE(result == expected);
}

TEST(FaceFinder, SaysWhatIsMissing) {
  const test::TemporaryFolder folder;
  expect_contains(error_of([] { make_face_finder("dlib"); }), "'dlib'");
  expect_contains(error_of([&] { make_face_finder(folder / "no.onnx"); }), "no.onnx: no such file");
  test::write_bytes(folder / "bad.onnx", {1, 2, 3, 4});
  expect_contains(error_of([&] { make_face_finder(folder / "bad.onnx"); }), "bad.onnx: not a YuNet model");
  expect_contains(error_of([&] { make_face_finder(folder / "bad.onnx"); }),
                  "face_detection_yunet_2022mar.onnx");

  ::setenv("POSTER_CASCADES", folder.path().c_str(), 1);
  expect_contains(error_of([] { make_face_finder("cascade"); }), "install the package opencv-data");
  test::write_bytes(folder / "haarcascade_frontalface_default.xml", {'<', 'x', '>'});
  expect_contains(error_of([] { make_face_finder("cascade"); }), "not a cascade");
  std::filesystem::remove(folder / "haarcascade_frontalface_default.xml");
  ASSERT_EQ(::mkfifo((folder / "haarcascade_frontalface_default.xml").c_str(), 0666), 0);
  expect_contains(error_of([] { make_face_finder("cascade"); }), "not a regular file but a pipe");
  ::unsetenv("POSTER_CASCADES");
  EXPECT_EQ(error_of([] { make_face_finder("cascade"); }), "");
}

TEST(ChooseFace, TakesTheLargestThatIsLargeEnough) {
  const FaceBox large{0, 0, 90, 80}, medium{5, 5, 50, 50}, tiny{9, 9, 40, 19};
  EXPECT_EQ(choose_face({}, 20).rule, FaceRule::none);
  EXPECT_EQ(choose_face({tiny}, 20).rule, FaceRule::tiny);
  EXPECT_EQ(choose_face({large, medium}, 81).rule, FaceRule::tiny);
  const ChosenFace one = choose_face({large, tiny}, 20), several = choose_face({large, medium, tiny}, 20);
  EXPECT_EQ(one.rule, FaceRule::one);
  EXPECT_EQ(one.box, large);
  EXPECT_EQ(several.rule, FaceRule::several);
  EXPECT_EQ(several.box, large);
  EXPECT_EQ(choose_face({large}, 80).rule, FaceRule::one);
}

TEST(ChooseEyes, TakesThePairThatLooksLikeEyes) {
  const FaceBox face{100, 50, 100, 100};
  const auto eye = [](double x, double y, double size = 20) {
    return FaceBox{x - size / 2, y - size / 2, size, size};
  };
  const FaceBox left = eye(132, 88), right = eye(168, 92), nostril = eye(145, 120), brow = eye(132, 70);
  const auto chosen = [&](std::vector<FaceBox> found) { return choose_eyes(face, found); };
  const Eyes expected{{132, 88}, {168, 92}};
  EXPECT_EQ(chosen({nostril, right, brow, left}), expected);
  EXPECT_EQ(chosen({left, right}), expected);
  EXPECT_EQ(chosen({left}), std::nullopt);
  EXPECT_EQ(chosen({left, nostril}), std::nullopt);                 // too near, too steep
  EXPECT_EQ(chosen({left, eye(168, 92, 60)}), std::nullopt);        // too unlike
  EXPECT_EQ(chosen({eye(112, 90), eye(150, 90)}), std::nullopt);    // not about the middle
  EXPECT_EQ(chosen({eye(132, 110), eye(168, 110)}), std::nullopt);  // too low
  EXPECT_EQ(chosen({}), std::nullopt);
}

TEST(EyesOf, FallsBackToProportions) {
  const Eyes eyes = eyes_of({100, 200, 300, 400});
  EXPECT_DOUBLE_EQ(eyes.left.y, 200 + 400 * kEyeRow);
  EXPECT_DOUBLE_EQ(eyes.right.y, eyes.left.y);
  EXPECT_DOUBLE_EQ((eyes.left.x + eyes.right.x) / 2, 250);
  EXPECT_DOUBLE_EQ(eyes.right.x - eyes.left.x, 300 * kEyeDistance);
  const Eyes found{{1, 2}, {3, 4}};
  EXPECT_EQ(eyes_of({100, 200, 300, 400, found}), found);
}

}  // namespace
}  // namespace poster::io
