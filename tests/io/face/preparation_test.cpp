// The record of what was done to a folder's images: its file, where it is looked for, and what is left to
// do.
#include "io/face/preparation.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::expect_contains;

Preparation lower() {
  Preparation p{.program = "poster_prepare", .faces = "set, or detect", .detector = "cascade"};
  p.crop = {.margin = 0.1, .square = true};
  p.size = 448;
  p.view.view = View::lower;
  p.view.eye_line = 0.45;
  p.view.margin = 0.1;
  return p;
}

Preparation whole() {
  Preparation p = lower();
  p.view = {};
  return p;
}

class PreparationTest : public testing::Test {
 protected:
  fs::path data(const char* name) const {
    const fs::path folder = fs::path(folder_.path()) / name;
    for (const char* split : {"train", "valid", "test"}) fs::create_directories(folder / split / "joy");
    return folder;
  }
  test::TemporaryFolder folder_;
};

TEST_F(PreparationTest, IsReadAsItWasWritten) {
  const fs::path folder = data("a");
  EXPECT_FALSE(read_preparation(folder));
  Preparation painted{.program = "x"};
  painted.view.view = View::headset;
  painted.view.headset_mix = 0.25;
  painted.view.headset_texture = "t.png";
  painted.view.headset_texture_checksum = "00ff";
  for (const Preparation& p : {lower(), whole(), painted, Preparation{.program = "poster_samples"}}) {
    write_preparation(folder, p);
    EXPECT_TRUE(read_preparation(folder) == p) << describe(p);
  }
  expect_contains(describe(lower()), "poster_prepare: faces cut out (set, or detect, margin 0.1, square)");
  expect_contains(describe(lower()), "reduced to 448 pixels, view lower, from 0.45");
  EXPECT_EQ(describe(std::optional<Preparation>()), "unknown");
}

TEST_F(PreparationTest, DamagedRecordsAreRefusedByName) {
  const fs::path folder = data("a");
  const auto refused = [&](const std::string& text, const std::string& part) {
    std::ofstream(folder / kPreparationFile) << text;
    const std::string error = error_of([&] { read_preparation(folder); });
    expect_contains(error, "a/preparation.json");
    expect_contains(error, part);
  };
  refused("", "preparation.json");
  refused("[]", "poster_prepare");
  refused(R"({"format": "poster-preparation 2"})", "newer version");
  auto json = to_json(lower());
  json.erase("view");
  refused(json.dump(), "view");
  json = to_json(lower());
  json["view"]["view"] = "upper";
  refused(json.dump(), "upper");
  json["view"] = to_json(lower().view);
  json["view"]["eye_line"] = 7;
  refused(json.dump(), "eye_line");
  json = to_json(lower());
  json["margin"] = 1e9;
  refused(json.dump(), "out of range");
}

TEST_F(PreparationTest, IsFoundAlsoThroughLinksAndContradictionsAreErrors) {
  const fs::path a = data("a"), b = data("b"), mixed = fs::path(folder_.path()) / "mixed";
  write_preparation(a, lower());
  write_preparation(b, whole());
  fs::create_directories(mixed);
  fs::create_directory_symlink(a / "train", mixed / "train");
  fs::create_directory_symlink(b / "test", mixed / "test");
  EXPECT_TRUE(find_preparation(a, "train") == lower());
  EXPECT_TRUE(find_preparation(mixed, "train") == lower());
  EXPECT_TRUE(find_preparation(mixed, "test") == whole());
  EXPECT_TRUE(preparation_above(mixed / "test" / "joy") == whole());
  EXPECT_FALSE(preparation_above(mixed));
  write_preparation(mixed, whole());
  EXPECT_TRUE(find_preparation(mixed, "test") == whole());
  const std::string error = error_of([&] { find_preparation(mixed, "train"); });
  expect_contains(error, "mixed/preparation.json");
  expect_contains(error, "a/preparation.json");
}

TEST_F(PreparationTest, AllOfAViewIsLeftToDoOrNothing) {
  ViewOptions wanted = lower().view;
  wanted.margin = 0.3;  // where the face is says nothing of what is shown
  EXPECT_TRUE(remaining_view(wanted, std::nullopt, "a") == wanted);
  EXPECT_TRUE(remaining_view(wanted, whole(), "a") == wanted);
  EXPECT_TRUE(remaining_view(wanted, lower(), "a") == ViewOptions{});
  wanted.eye_line = 0.5;
  expect_contains(error_of([&] { remaining_view(wanted, lower(), "data/a"); }),
                  "data/a: was made with the view");
  expect_contains(error_of([&] { remaining_view({}, lower(), "a"); }), "prepare the images again");
}

TEST_F(PreparationTest, TheFaceIsWhereThePreparationHasPutIt) {
  ViewOptions view;
  view.view = View::lower;
  EXPECT_EQ(with_place_of(view, whole()).margin, 0.1);
  EXPECT_EQ(with_place_of(view, std::nullopt).margin, 0);
  EXPECT_EQ(with_place_of({}, whole()).margin, 0);
  Preparation free = whole();
  free.crop.square = false;
  EXPECT_EQ(with_place_of(view, free).margin, 0);
  view.detector = "cascade";
  EXPECT_EQ(with_place_of(view, whole()).margin, 0);
}

}  // namespace
}  // namespace poster::io
