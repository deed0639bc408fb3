#include "io/sample_faces/sample_faces.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "engine/error.h"
#include "io/face/preparation.h"
#include "io/sample_faces/renderer.h"

namespace poster::faces {
namespace {

namespace fs = std::filesystem;

class SampleFacesTest : public testing::Test {
 protected:
  SampleFacesTest()
      : root_(fs::temp_directory_path() / ("poster_sample_faces_" + std::to_string(getpid()) + "_" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(root_);
  }
  ~SampleFacesTest() override { fs::remove_all(root_); }

  SampleFacesOptions options(const std::string& folder, int per_class = 5) const {
    SampleFacesOptions result;
    result.directory = root_ / folder;
    result.per_class = per_class;
    result.size = 64;
    result.threads = 1;
    return result;
  }

  fs::path root_;
};

using Files = std::map<std::string, std::string>;  // relative path to content

Files read_tree(const fs::path& root) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[fs::relative(entry.path(), root).string()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return files;
}

std::array<int, 2> png_size(const std::string& bytes) {
  const auto number = [&](std::size_t at) {
    int value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value * 256 + static_cast<unsigned char>(bytes.at(i));
    return value;
  };
  return {number(16), number(20)};  // width and height of the header chunk
}

std::string message_of(const SampleFacesOptions& options) {
  try {
    write_sample_faces(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

RgbBuffer render(std::uint64_t seed, std::uint64_t identity, Expression expression, bool lower,
                 int size = 96) {
  return render_face(draw_identity(seed, identity), draw_pose(seed, identity, expression, 0),
                     draw_action_units(seed, identity, expression, 0), {size, lower}, seed, identity,
                     noise_key(expression, 0));
}

TEST_F(SampleFacesTest, BytesDontDependOnThreadsOrTheRun) {
  SampleFacesOptions again = options("again"), threaded = options("threaded");
  threaded.threads = 3;
  write_sample_faces(options("once"));
  write_sample_faces(again);
  write_sample_faces(threaded);
  const Files once = read_tree(root_ / "once");
  EXPECT_EQ(once.size(), 35u);
  EXPECT_TRUE(once == read_tree(root_ / "again"));
  EXPECT_TRUE(once == read_tree(root_ / "threaded"));
}

TEST_F(SampleFacesTest, EverySeedDrawsOtherImages) {
  SampleFacesOptions other = options("two");
  other.seed = 2;
  write_sample_faces(options("one"));
  write_sample_faces(other);
  const Files one = read_tree(root_ / "one"), two = read_tree(root_ / "two");
  ASSERT_EQ(one.size(), two.size());
  for (const auto& [path, content] : one) EXPECT_NE(content, two.at(path)) << path;
}

TEST_F(SampleFacesTest, AllImagesDiffer) {
  write_sample_faces(options("set", 8));
  std::set<std::string> contents;
  for (const auto& [path, content] : read_tree(root_ / "set")) contents.insert(content);
  EXPECT_EQ(contents.size(), 56u);
}

TEST_F(SampleFacesTest, WritesTheFolderTree) {
  const SampleFacesSummary summary = write_sample_faces(options("set", 10));
  EXPECT_EQ(summary.identities, (std::array{7, 1, 2}));
  EXPECT_EQ(summary.images, (std::array{49, 7, 14}));
  const Files files = read_tree(root_ / "set");
  std::map<std::string, int> counts;
  for (const auto& [path, content] : files) {
    ++counts[fs::path(path).parent_path().string()];
    EXPECT_EQ(png_size(content), (std::array{64, 64})) << path;
  }
  EXPECT_EQ(counts.size(), 21u);
  for (std::string_view name : kExpressionNames) {
    EXPECT_EQ(counts["train/" + std::string(name)], 7);
    EXPECT_EQ(counts["valid/" + std::string(name)], 1);
    EXPECT_EQ(counts["test/" + std::string(name)], 2);
  }
  EXPECT_EQ(files.count("train/anger/face_00000_00.png"), 1u);
}

TEST(SampleFacesPlan, SplitsByIdentityWithEqualClasses) {
  for (int per_class : {3, 4, 7, 10, 25, 101, 1000}) {
    for (int identities : {0, 3, per_class}) {
      SampleFacesOptions options;
      options.per_class = per_class;
      options.identities = identities;
      std::map<int, std::set<Split>> splits;
      std::map<int, std::array<int, kExpressions>> shown;
      std::map<Split, std::set<int>> members;
      std::array<int, kExpressions> classes{};
      std::set<fs::path> paths;
      for (const SampleFace& face : plan_sample_faces(options)) {
        splits[face.identity].insert(face.split);
        members[face.split].insert(face.identity);
        ++shown[face.identity][static_cast<std::size_t>(face.expression)];
        ++classes[static_cast<std::size_t>(face.expression)];
        EXPECT_TRUE(paths.insert(sample_face_path(face)).second) << sample_face_path(face);
      }
      for (int count : classes) EXPECT_EQ(count, per_class);
      for (const auto& [identity, in] : splits) EXPECT_EQ(in.size(), 1u) << identity;
      for (const auto& [identity, counts] : shown)
        for (int count : counts) EXPECT_EQ(count, counts[0]) << identity;
      ASSERT_EQ(members.size(), 3u) << per_class << " of " << identities;
      if (splits.size() >= 10) {
        const double all = static_cast<double>(splits.size());
        EXPECT_NEAR(static_cast<double>(members[Split::train].size()) / all, 0.7, 0.06);
        EXPECT_NEAR(static_cast<double>(members[Split::test].size()) / all, 0.2, 0.06);
      }
    }
  }
}

TEST(SampleFacesPlan, FollowsTheFractions) {
  SampleFacesOptions options;
  options.per_class = 100;
  options.identities = 100;
  options.train_fraction = 0.5;
  options.valid_fraction = 0.2;
  std::map<Split, int> counts;
  for (const SampleFace& face : plan_sample_faces(options)) ++counts[face.split];
  EXPECT_EQ(counts[Split::train], 350);
  EXPECT_EQ(counts[Split::valid], 140);
  EXPECT_EQ(counts[Split::test], 210);
}

TEST_F(SampleFacesTest, LowerHalfHasHalfTheHeight) {
  SampleFacesOptions lower = options("lower");
  lower.lower_half = true;
  lower.size = 65;
  write_sample_faces(lower);
  for (const auto& [path, content] : read_tree(root_ / "lower")) {
    if (path == io::kPreparationFile) continue;
    EXPECT_EQ(png_size(content), (std::array{65, 32})) << path;
  }
  EXPECT_EQ(io::read_preparation(root_ / "lower")->view.view, io::View::lower);
  lower.lower_half = false;
  lower.force = true;
  write_sample_faces(lower);
  EXPECT_FALSE(io::read_preparation(root_ / "lower"));
}

TEST_F(SampleFacesTest, RefusesAFolderThatIsntEmpty) {
  SampleFacesOptions again = options("set", 3);
  write_sample_faces(options("set", 5));
  std::ofstream(root_ / "set" / "train" / "anger" / "mine.png") << "mine";
  const Files before = read_tree(root_ / "set");
  EXPECT_NE(message_of(again).find("isn't empty"), std::string::npos);
  EXPECT_TRUE(before == read_tree(root_ / "set"));

  again.force = true;
  write_sample_faces(again);
  const Files after = read_tree(root_ / "set");
  EXPECT_EQ(after.size(), 22u);  // the five of the earlier run are gone, what isn't ours stays
  EXPECT_EQ(after.count("train/anger/mine.png"), 1u);
}

TEST_F(SampleFacesTest, NothingBehindALinkIsRemoved) {
  for (const fs::path& link : {fs::path("set/train"), fs::path("set/train/anger")}) {
    const fs::path mine = root_ / "mine/anger";
    fs::create_directories(mine);
    std::ofstream(mine / "face_mine.png") << "mine";
    fs::create_directories((root_ / link).parent_path());
    fs::create_directory_symlink(link.filename() == "anger" ? mine : root_ / "mine", root_ / link);
    SampleFacesOptions linked = options("set");
    linked.force = true;
    EXPECT_NE(message_of(linked).find("is a link"), std::string::npos) << link;
    EXPECT_TRUE(fs::exists(mine / "face_mine.png")) << link;
    fs::remove(root_ / link);
  }
}

TEST_F(SampleFacesTest, NamesTheOptionThatCantBeMet) {
  fs::create_directories(root_);
  std::ofstream(root_ / "file") << "x";
  EXPECT_NE(message_of(options("file")).find("is a file"), std::string::npos);
  EXPECT_NE(message_of(options("file/below")).find("can't prepare"), std::string::npos);
  const auto expect_names = [&](auto change, const char* name) {
    SampleFacesOptions bad = options("bad");
    change(bad);
    EXPECT_EQ(message_of(bad).find(name), 0u) << message_of(bad);
    EXPECT_FALSE(fs::exists(root_ / "bad"));
  };
  expect_names([](auto& o) { o.per_class = 2; }, "per-class");
  expect_names([](auto& o) { o.identities = 2; }, "identities");
  expect_names([](auto& o) { o.identities = 6; }, "identities");
  expect_names([](auto& o) { o.identities = -1; }, "identities");
  expect_names([](auto& o) { o.size = 31; }, "size");
  expect_names([](auto& o) { o.size = 4097; }, "size");
  expect_names([](auto& o) { o.train_fraction = 0.9; }, "train-fraction");
  expect_names([](auto& o) { o.train_fraction = std::nan(""); }, "train-fraction");
  expect_names([](auto& o) { o.valid_fraction = 0; }, "train-fraction");
  expect_names([](auto& o) { o.threads = -1; }, "threads");
  expect_names([](auto& o) { o.directory.clear(); }, "out");
}

// What a class must look like, in action units: the muscles that move, and that no others do.
TEST(FaceParameters, ExpressionsMoveTheirMusclesAlone) {
  for (std::uint64_t identity = 0; identity < 50; ++identity) {
    const auto units = [&](Expression e) { return draw_action_units(3, identity, e, 1); };
    for (int side = 0; side < 2; ++side) {
      EXPECT_GT(units(Expression::happiness).lip_corner_puller[side], 0.4);
      EXPECT_LT(units(Expression::sadness).lip_corner_puller[side], 0.06);
      EXPECT_GT(units(Expression::sadness).lip_corner_depressor[side], 0.4);
      EXPECT_GT(units(Expression::anger).lip_tightener[side], 0.4);
      EXPECT_GT(units(Expression::disgust).nose_wrinkler[side], 0.4);
      EXPECT_GT(units(Expression::fear).lip_stretcher[side], 0.4);
      EXPECT_GT(units(Expression::surprise).jaw_drop[side], 0.4);
      EXPECT_LT(units(Expression::surprise).brow_lowerer[side], 0.06);
      const ActionUnits rest = units(Expression::neutral);
      for (const Sided& muscle :
           {rest.inner_brow_raiser, rest.outer_brow_raiser, rest.brow_lowerer, rest.upper_lid_raiser,
            rest.cheek_raiser, rest.lid_tightener, rest.nose_wrinkler, rest.lip_corner_puller,
            rest.lip_corner_depressor, rest.lower_lip_depressor, rest.lip_stretcher, rest.lip_tightener,
            rest.lips_part, rest.jaw_drop})
        EXPECT_LT(muscle[side], 0.06);
    }
  }
}

// With the same person, pose and noise, expressions differ, and only where a face moves: the corners of the
// image say nothing.
TEST(FaceRenderer, ExpressionChangesTheFaceAlone) {
  const std::uint64_t seed = 5, identity = 4;
  const FaceIdentity who = draw_identity(seed, identity);
  const FacePose pose = draw_pose(seed, identity, Expression::neutral, 0);
  const auto image = [&](Expression e) {
    return render_face(who, pose, draw_action_units(seed, identity, e, 0), {96, false}, seed, identity, 1);
  };
  const RgbBuffer rest = image(Expression::neutral);
  ASSERT_EQ(rest.pixels.size(), std::size_t{96 * 96 * 3});
  for (int e = 0; e < kExpressions; ++e) {
    if (static_cast<Expression>(e) == Expression::neutral) continue;
    const RgbBuffer moved = image(static_cast<Expression>(e));
    int changed = 0;
    for (int y = 0; y < 96; ++y) {
      for (int x = 0; x < 96; ++x) {
        const std::size_t at = (y * 96 + x) * std::size_t{3};
        const bool differs = rest.pixels[at] != moved.pixels[at];
        changed += differs;
        const bool at_the_rim = x < 8 || x >= 88 || y < 4;
        EXPECT_FALSE(at_the_rim && differs) << kExpressionNames[e] << ' ' << x << ' ' << y;
      }
    }
    EXPECT_GT(changed, 100) << kExpressionNames[e];
  }
}

// A shortcut that isn't an expression: were the mean colour to tell classes apart, a network would use it.
TEST(FaceRenderer, MeanColourDoesntTellTheClass) {
  constexpr int kFaces = 60;
  std::array<std::array<double, kFaces>, kExpressions> brightness{};
  for (int e = 0; e < kExpressions; ++e) {
    for (int i = 0; i < kFaces; ++i) {
      const RgbBuffer image = render(8, static_cast<std::uint64_t>(i), static_cast<Expression>(e), false, 48);
      double sum = 0;
      for (std::uint8_t value : image.pixels) sum += value;
      brightness[e][i] = sum / static_cast<double>(image.pixels.size());
    }
  }
  double mean = 0, within = 0;
  std::array<double, kExpressions> means{};
  for (int e = 0; e < kExpressions; ++e) {
    for (double value : brightness[e]) means[e] += value / kFaces;
    mean += means[e] / kExpressions;
    for (double value : brightness[e]) within += (value - means[e]) * (value - means[e]);
  }
  const double error = std::sqrt(within / (kExpressions * (kFaces - 1)) / kFaces);
  for (int e = 0; e < kExpressions; ++e)
    EXPECT_LT(std::abs(means[e] - mean), 3.5 * error)
        << kExpressionNames[e] << ' ' << means[e] << ' ' << mean;
}

TEST(FaceRenderer, RefusesATinyImage) { EXPECT_THROW(render(1, 0, Expression::anger, false, 31), Error); }

}  // namespace
}  // namespace poster::faces
