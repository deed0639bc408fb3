// What poster_predict is made of: lists, folders, names of outputs, tables.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "apps/predict/drawings.h"
#include "apps/predict/format.h"
#include "apps/predict/inputs.h"
#include "apps/predict/list_reader.h"
#include "apps/predict/output_names.h"
#include "apps/predict/tally.h"
#include "io/codec/image_reader.h"
#include "io/video/film_writer.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
const std::string kFilm = io::can_write_mp4() ? ".mp4" : ".avi";

Names list_of(const std::string& bytes) {
  std::istringstream stream(bytes);
  ListReader reader(stream);
  Names names;
  for (std::string name; reader.next(name);) names.push_back(name);
  return names;
}

TEST(ListReaderTest, TakesLinesAndZeroBytes) {
  EXPECT_EQ(list_of("a\n\nb c\r\nd"), (Names{"a", "b c", "d"}));
  EXPECT_EQ(list_of(std::string("a.jpg\0b\nc.jpg\0", 14)), (Names{"a.jpg", "b\nc.jpg"}));
  EXPECT_EQ(list_of("\xEF\xBB\xBF"
                    "a\r\nb\r\n"),
            (Names{"a", "b"}));
}

TEST(ListReaderTest, RefusesWhatIsNoList) {
  const auto error = [](const std::string& bytes) { return test::error_of([&] { list_of(bytes); }); };
  using namespace std::string_literals;
  for (const std::string& utf16 : {"\xFF\xFE"
                                   "a\0.\0j\0\n\0"s,
                                   "\xFE\xFF\0a\0.\0j\0\n"s, "a\0b\0.\0j\0\n\0"s, "\0a\0b\0.\0j\0\n"s,
                                   "\xFF\xFE"
                                   "a\0.\0"s})
    test::expect_contains(error(utf16), "UTF-16; save it as UTF-8");
  test::expect_contains(error("a\nb\0c\n"s), "line 2 of the list on standard input holds a zero byte");
  test::expect_contains(error(std::string(70000, 'x')), "longer than 65536 bytes");
}

class FolderTest : public testing::Test {
 protected:
  FolderTest() : root_(folder_.path()) {}

  void image(const std::string& name) const {
    fs::create_directories((root_ / name).parent_path());
    io::write_image((root_ / "p.png").string(), io::Image(8, 6));
    fs::rename(root_ / "p.png", root_ / name);
  }
  void file(const std::string& name) const { std::ofstream(root_ / name) << "x"; }

  // What comes of one argument, by its path below the test's folder; and what is said.
  void look(const std::string& name, const std::vector<fs::path>& own = {}, int every = 1) {
    seen_.clear();
    said_.clear();
    frames_.clear();
    std::istringstream none;
    end_ =
        for_each_input({(root_ / name).string()}, none, own,
                       {.input =
                            [&](Input input) {
                              frames_.push_back({input.frame, input.time_s, input.frames_per_second});
                              seen_.push_back(fs::path(input.path).lexically_relative(root_ / name).string());
                              return seen_.size() < most_;
                            },
                        .bad = [&](const std::string& message) { said_ += message + "\n"; },
                        .note = [&](const std::string& message) { said_ += "note: " + message + "\n"; }},
                       every);
  }

  test::TemporaryFolder folder_;
  fs::path root_;
  Names seen_;
  std::string said_;
  struct Frame {
    std::int64_t number;
    double time_s, rate;
  };
  std::vector<Frame> frames_;
  std::size_t most_ = 1000;
  InputsEnd end_ = InputsEnd::all_seen;
};

TEST_F(FolderTest, NothingOfAFolderIsLostBecauseOfOneBadEntry) {
  image("in/b.png");
  image("in/sub/a.png");
  fs::create_directory_symlink("..", root_ / "in/sub/back");
  fs::create_symlink("self.png", root_ / "in/self.png");
  look("in");
  EXPECT_EQ(seen_, (Names{"b.png", "sub/a.png"}));
  EXPECT_NE(said_.find("1 link to nowhere"), std::string::npos) << said_;
  EXPECT_NE(said_.find("1 link back"), std::string::npos) << said_;
}

TEST_F(FolderTest, WhatIsLeftOutIsSaidInOneLine) {
  image("in/a.png");
  for (const char* name : {"in/c.HEIC", "in/d.gif", "in/e.gif", "in/notes.txt"}) file(name);
  fs::create_symlink("nowhere.jpg", root_ / "in/f.jpg");
  look("in");
  EXPECT_EQ(seen_, Names{"a.png"});
  EXPECT_EQ(std::count(said_.begin(), said_.end(), '\n'), 1) << said_;
  for (const char* part : {"left out: ", "2 .gif", "1 .heic", "1 .txt", "1 link to nowhere"})
    EXPECT_NE(said_.find(part), std::string::npos) << said_;
}

TEST_F(FolderTest, HiddenEntriesAndTheProgramsOwnAreNotLookedAt) {
  image("in/a.png");
  image("in/.hidden/b.png");
  image("in/.c.png");
  image("in/out/a.png");
  image("in/sub/heat/a.png");
  look("in", {root_ / "in/out", root_ / "in/./sub/heat"});
  EXPECT_EQ(seen_, Names{"a.png"});
  look("in/out", {root_ / "in/out"});
  EXPECT_TRUE(seen_.empty());
  EXPECT_NE(said_.find("images are written into this folder"), std::string::npos) << said_;
}

TEST_F(FolderTest, FilmsAndImagesAreKnownByTheirContent) {
  fs::create_directory(root_ / "in");
  fs::copy(POSTER_TEST_DATA "/films/whole.mov", root_ / "in/film.jpg");
  fs::copy(POSTER_TEST_DATA "/films/whole.mkv", root_ / "in/other.3gp");
  image("in/picture.mp4");
  look("in");
  ASSERT_EQ(seen_.size(), 21u) << said_;
  EXPECT_EQ(seen_[0], "film.jpg");
  EXPECT_EQ(seen_[10], "other.3gp");
  EXPECT_EQ(seen_[20], "picture.mp4");
  EXPECT_EQ(said_, "");
}

TEST_F(FolderTest, SaysWhatIsMissingOfAFilmAndWhenItWasStopped) {
  fs::copy(POSTER_TEST_DATA "/films/cut.mp4", root_ / "cut.mp4");
  look("cut.mp4");
  EXPECT_EQ(seen_.size(), 15u);
  EXPECT_NE(said_.find("cut.mp4: ends early, 15 of 30 frames could be read"), std::string::npos) << said_;
  EXPECT_EQ(end_, InputsEnd::all_seen);
  most_ = 3;
  look("cut.mp4");
  EXPECT_EQ(seen_.size(), 3u);
  EXPECT_EQ(said_, "");
  EXPECT_EQ(end_, InputsEnd::early);
}

TEST_F(FolderTest, EveryThirdFrameKeepsItsNumberAndItsTime) {
  fs::copy(POSTER_TEST_DATA "/films/whole.mov", root_ / "whole.mov");
  look("whole.mov", {}, 3);
  ASSERT_EQ(frames_.size(), 4u) << said_;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    EXPECT_EQ(frames_[i].number, 3 * static_cast<std::int64_t>(i));
    EXPECT_NEAR(frames_[i].time_s, 0.3 * static_cast<double>(i), 1e-6);
    EXPECT_NEAR(frames_[i].rate, 10.0 / 3, 1e-9);
  }
  EXPECT_EQ(said_, "");
}

TEST_F(FolderTest, OutputsNeverHaveTheSameName) {
  for (const char* name : {"photo-4.png", "clip-frame-000003-face-2.png", "old.avi"}) file(name);
  OutputNames names({root_, ""});
  std::set<std::string> given;
  const auto name = [&](const std::string& path) {
    const std::string result = names.name_of(path);
    EXPECT_TRUE(given.insert(result).second) << result;
    return result;
  };
  EXPECT_EQ(name("photo.jpg"), "photo");
  EXPECT_EQ(name("photo.png"), "photo-2");
  EXPECT_EQ(name("photo-2.jpg"), "photo-2-2");
  EXPECT_EQ(name("photo.bmp"), "photo-3");
  EXPECT_FALSE(names.met_earlier_files());
  EXPECT_EQ(name("photo.tif"), "photo-5");  // photo-4.png is there
  EXPECT_TRUE(names.met_earlier_files());
  EXPECT_EQ(name("a/b.jpg"), "a_b");
  EXPECT_EQ(name("a_b.jpg"), "a_b-2");
  EXPECT_EQ(name("../a/b.jpg"), "a_b-3");
  // A film's heat maps are NAME-frame-000000.png.
  EXPECT_EQ(name("film-frame-000000.jpg"), "film-frame-000000");
  EXPECT_EQ(name("film.mp4"), "film-2");
  EXPECT_EQ(name("party-face-1.jpg"), "party-face-1");
  EXPECT_EQ(name("party.jpg"), "party-2");
  EXPECT_EQ(name("clip.mp4"), "clip-2");
  EXPECT_EQ(name("old.png"), "old-2");
  EXPECT_EQ(name(std::string(300, 'x') + "a.jpg"), std::string(149, 'x') + "a");
  EXPECT_EQ(name(std::string(299, 'y') + "a.jpg"), std::string(149, 'y') + "a");
  EXPECT_EQ(name(std::string(298, 'y') + "a.jpg"), std::string(149, 'y') + "a-2");
}

TEST_F(FolderTest, AnnotatedFilmsKeepTheirFirstSizeAndWhatIsThere) {
  std::string said;
  const auto draw = [&](int frames) {
    Drawings drawings(root_ / "out", "", {"k"}, {.top = 1},
                      [&](const std::string& message) { said += message + "\n"; });
    for (int i = 0; i < frames; ++i) {
      Input input{
          .path = "film.mp4", .frame = i, .frames_per_second = 10, .image = io::Image(40, i < 2 ? 30 : 20)};
      drawings.add(input, {.path = "film.mp4", .frame = i, .faces = {}});
    }
    drawings.finish();
    drawings.say_what_was_written();
  };
  draw(4);
  EXPECT_NE(said.find("film.mp4: frame 2 has 40x20 pixels; the annotated film keeps 40x30"),
            std::string::npos)
      << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2) << said;
  EXPECT_NE(said.find("written: " + (root_ / "out/film").string() + kFilm + "\n"), std::string::npos) << said;
  const auto size = fs::file_size(root_ / ("out/film" + kFilm));
  said.clear();
  draw(1);
  EXPECT_NE(said.find("files of an earlier run are kept"), std::string::npos) << said;
  EXPECT_EQ(fs::file_size(root_ / ("out/film" + kFilm)), size);
  EXPECT_TRUE(fs::exists(root_ / ("out/film-2" + kFilm)));
}

TEST_F(FolderTest, WhatAnEarlierRunHasDrawnIsLeftOut) {
  image("in/a.png");
  {
    Drawings drawings(root_ / "in/drawn", "", {"k"}, {.top = 1}, [](const std::string&) {});
    Input still{.path = "a.png", .image = io::Image(40, 30)};
    drawings.add(still, {.path = "a.png", .faces = {}});
    Input frame{.path = "f.mp4", .frame = 0, .frames_per_second = 10, .image = io::Image(40, 30)};
    drawings.add(frame, {.path = "f.mp4", .frame = 0, .faces = {}});
    drawings.finish();
  }
  EXPECT_EQ(io::read_image((root_ / "in/drawn/a.png").string()).width, 240);  // enlarged six times
  look("in");
  EXPECT_EQ(seen_, Names{"a.png"});
  EXPECT_NE(said_.find("left out: 2 drawn by poster_predict"), std::string::npos) << said_;
  // Named by itself it is looked at.
  look("in/drawn/f" + kFilm);
  EXPECT_EQ(seen_.size(), 1u) << said_;
}

Found found(const std::string& path) {
  FaceClassifier::Face face{.box = {0, 0, 8, 6}, .label = 1, .probabilities = {0.25f, 0.75f}};
  return {.path = path, .faces = {face}, .ms = 1};
}

TEST(FormatTest, StaysJsonAndCsvWhateverTheNames) {
  const Names classes = {"a, \"b\"", "k\nl"};
  const std::string odd = "x\xFF\"\n,\x1b[31m.jpg";
  const std::string line = format_found(Format::json, found(odd), classes);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  const auto json = nlohmann::json::parse(line);  // throws for what is no UTF-8
  EXPECT_EQ(json.at("path"), "x\xEF\xBF\xBD\"\n,\x1b[31m.jpg");
  EXPECT_EQ(json.at("class"), "k\nl");
  EXPECT_FALSE(json.contains("time_s"));
  EXPECT_EQ(format_found(Format::csv, found(odd), classes).find("\"x\xFF\"\"\n,\x1b[31m.jpg\",,"), 0u);
  const std::string text = format_found(Format::text, found(odd), classes);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

FaceClassifier::Face face_of(std::vector<float> probabilities) {
  FaceClassifier::Face face{.box = {0, 0, 8, 6}, .probabilities = std::move(probabilities)};
  face.label = static_cast<int>(std::ranges::max_element(face.probabilities) - face.probabilities.begin());
  return face;
}

TEST(FormatTest, TheMostProbableClassesComeFirstAndUncertainFacesHaveNone) {
  const Names classes = {"a", "b", "c", "d"};
  const Found found{.path = "x", .faces = {face_of({0.1f, 0.2f, 0.5f, 0.2f})}, .ms = 1};
  const auto text = [&](const Telling& telling) {
    return format_found(Format::text, found, classes, telling);
  };
  EXPECT_EQ(text({}), "x: c 50.0 % (b 20.0 %, d 20.0 %)\n");
  EXPECT_EQ(text({.top = 1}), "x: c 50.0 %\n");
  EXPECT_EQ(text({.top = 9}), "x: c 50.0 % (b 20.0 %, d 20.0 %, a 10.0 %)\n");
  EXPECT_EQ(text({.top = 2, .min_probability = 0.5}), "x: c 50.0 % (b 20.0 %)\n");
  EXPECT_EQ(text({.top = 2, .min_probability = 0.6}), "x: uncertain (c 50.0 %, b 20.0 %)\n");
  const Telling strict{.top = 2, .min_probability = 0.6};
  EXPECT_EQ(label_lines(found.faces[0], classes, {.top = 2}), (Names{"c 50 %", "b 20 %"}));
  EXPECT_EQ(label_lines(found.faces[0], classes, strict), Names{"uncertain"});
  const auto json = nlohmann::json::parse(format_found(Format::json, found, classes, strict));
  EXPECT_TRUE(json.at("class").is_null());
  EXPECT_FALSE(json.at("box").is_null());
  EXPECT_EQ(format_found(Format::csv, found, classes, strict).find("x,,0.0,0.0,8.0,6.0,,0.1"), 0u);
}

TEST(TallyTest, CountsFacesByClassAndImagesWithoutByFolder) {
  const Names classes = {"joy", "anger"};
  Tally tally(classes, {.min_probability = 0.6});
  const auto add = [&](const std::string& path, std::vector<FaceClassifier::Face> faces) {
    tally.add({.path = path, .faces = std::move(faces), .ms = 5}, 2);
  };
  add("in/happy/1.jpg", {face_of({0.9f, 0.1f}), face_of({0.2f, 0.8f})});
  add("in/happy/2.jpg", {});
  EXPECT_EQ(tally.without_face(), "no face in 1 of 2 images");
  add("in/sad/1.jpg", {});
  add("in/sad/2.jpg", {});
  add("in/sad/3.jpg", {face_of({0.55f, 0.45f})});
  tally.add({.path = "in/sad/f.mp4", .frame = 0, .faces = {}, .ms = 11}, 2);
  EXPECT_EQ(tally.without_face(), "no face in 3 of 5 images; by folder: sad 2 of 3, happy 1 of 2");
  EXPECT_EQ(tally.summary(),
            "Summary\n"
            "  images               5\n"
            "  frames               1\n"
            "  without a face       4   66.7 %\n"
            "  faces                3\n"
            "  joy                  1   33.3 %\n"
            "  anger                1   33.3 %\n"
            "  uncertain            1   33.3 %\n"
            "  mean time of one: 6.0 ms, 2.0 ms of it for reading\n");
}

TEST(FormatTest, FramesHaveTheirTimeAndTheirDamage) {
  Found frame = found("f.mp4");
  frame.frame = 7;
  frame.time_s = 0.28;
  frame.damaged = true;
  const auto json = nlohmann::json::parse(format_found(Format::json, frame, {"a", "b"}));
  EXPECT_EQ(json.at("time_s"), 0.28);
  EXPECT_EQ(json.at("damaged"), true);
  EXPECT_TRUE(format_header(Format::csv, {"a", "b"}).ends_with(",ms,time_s,damage\n"));
  EXPECT_TRUE(format_found(Format::csv, frame, {"a", "b"}).ends_with(",1.000,0.280,damaged\n"));
  EXPECT_EQ(format_found(Format::text, frame, {"a", "b"}).find("f.mp4 frame 7 (damaged): b"), 0u);
  frame.faces.clear();
  const std::string none = format_found(Format::csv, frame, {"a", "b"});
  EXPECT_EQ(std::count(none.begin(), none.end(), ','), 11) << none;
}

}  // namespace
}  // namespace poster
