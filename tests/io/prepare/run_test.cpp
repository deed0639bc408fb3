// The whole of prepare(): what it leaves in the folder, going on after a stop, what it refuses.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "engine/error.h"
#include "io/data/dataset.h"
#include "io/format/checksum.h"
#include "io/format/csv.h"
#include "io/format/folder_lock.h"
#include "io/prepare/prepare.h"
#include "tests/support/error_text.h"
#include "tests/support/made_images.h"
#include "tests/support/trees.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;
using test::Files;

class Prepare : public testing::Test {
 protected:
  Prepare() {
    for (int i = 0; i < 60; ++i)
      files_[std::string(i % 3 == 0   ? "calm"
                         : i % 3 == 1 ? "glad"
                                      : "sad") +
             "/p" + std::to_string(i / 6) + "_" + std::to_string(i) + (i % 2 ? ".jpg" : ".png")] =
          i % 2 ? test::made_jpeg(static_cast<std::uint64_t>(i), 60, 50)
                : test::made_png(static_cast<std::uint64_t>(i), 50, 60);
    options_.set = "folder";
    options_.in = {in()};
    options_.out = out();
    options_.threads = 2;
  }

  std::string in() const { return folder_ / "in"; }
  std::string out() const { return folder_ / "out"; }
  void write() { test::write_files(in(), files_); }
  Summary run() { return prepare(options_); }
  std::string error() {
    return test::error_of([&] { run(); });
  }

  // The rows of a table in the output, without its header.
  std::vector<std::vector<std::string>> table(const std::string& name) const {
    const auto bytes = test::read_bytes(out() + "/" + name);
    const std::string text(bytes.begin(), bytes.end());
    io::CsvReader reader(text, name);
    std::vector<std::vector<std::string>> rows;
    for (std::vector<std::string> row; reader.next(row);) rows.push_back(row);
    rows.erase(rows.begin());
    return rows;
  }

  test::TemporaryFolder folder_;
  Files files_;
  PrepareOptions options_;
};

TEST_F(Prepare, WritesATreeThatTrainingTakesAndAManifestThatIsTrue) {
  write();
  const Summary summary = run();
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"calm", "glad", "sad"}));
  EXPECT_EQ(summary.counts, (std::vector<std::array<std::size_t, 3>>(3, {16, 2, 2})));
  EXPECT_EQ(summary.processed, 60u);
  const io::ImageFolder train(out(), "train"), valid(out(), "valid"), test(out(), "test");
  EXPECT_EQ(train.size(), 48);
  EXPECT_EQ(valid.size(), 6);
  EXPECT_EQ(test.size(), 6);
  EXPECT_EQ(train.classes(), valid.classes());
  const auto classes = test::read_bytes(out() + "/classes.txt");
  EXPECT_EQ(std::string(classes.begin(), classes.end()), "calm\nglad\nsad\n");
  const auto rows = table("manifest.csv");
  ASSERT_EQ(rows.size(), 60u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 8u);
    const auto bytes = test::read_bytes(out() + "/" + row[7]);
    char hash[17];
    std::snprintf(hash, sizeof hash, "%016llx",
                  static_cast<unsigned long long>(io::xxh64(bytes.data(), bytes.size())));
    EXPECT_EQ(row[6], hash) << row[7];
    EXPECT_TRUE(row[7].starts_with(row[2] + "/" + row[1] + "/")) << row[7];
    EXPECT_EQ(bytes, files_.at(row[0])) << "an unchanged image keeps its bytes: " << row[0];
  }
  for (const char* name : {"calm", "glad", "sad"}) {
    const io::Image sheet = io::read_image(out() + "/contact_sheets/" + name + ".jpg");
    EXPECT_EQ(sheet.width, 1200);
    EXPECT_EQ(sheet.height, 240);
  }
  const auto text = test::read_bytes(out() + "/summary.txt");
  EXPECT_EQ(std::string(text.begin(), text.end()), summary_text(summary));
  EXPECT_NE(summary_text(summary).find("glad            16         2         2        20\n"),
            std::string::npos)
      << summary_text(summary);
}

TEST_F(Prepare, ASecondRunTouchesNothing) {
  write();
  run();
  const auto before = test::times_of(out());
  const Files content = test::read_files(out());
  const Summary again = run();
  EXPECT_EQ(again.processed, 0u);
  EXPECT_EQ(again.kept, 60u);
  EXPECT_EQ(test::differences(test::read_files(out()), content), "");
  for (const auto& [name, time] : test::times_of(out())) {
    // The journal is opened for adding, and the lock says who holds it.
    if (name.ends_with("journal.jsonl") || name.ends_with("/lock")) continue;
    EXPECT_EQ(time, before.at(name)) << name;
  }
}

TEST_F(Prepare, WhatIsMissingOrDamagedIsDoneAgainAndNothingElse) {
  write();
  run();
  const Files content = test::read_files(out());
  const auto before = test::times_of(out());
  const auto rows = table("manifest.csv");
  const std::string lost = out() + "/" + rows[10][7], damaged = out() + "/" + rows[20][7];
  fs::remove(lost);
  auto bytes = test::read_bytes(damaged);
  bytes[bytes.size() / 2] ^= 1;
  test::write_bytes(damaged, bytes);
  fs::remove(out() + "/contact_sheets/sad.jpg");
  const Summary again = run();
  EXPECT_EQ(again.processed, 2u);
  EXPECT_EQ(test::differences(test::read_files(out()), content), "");
  std::size_t touched = 0;
  for (const auto& [name, time] : test::times_of(out())) touched += time != before.at(name);
  EXPECT_LE(touched, 5u);  // both images, the sheet, the journal, the lock
}

TEST_F(Prepare, ThreadsGiveTheSameBytes) {
  write();
  options_.faces = Faces::none;
  options_.image.size = 40;
  options_.view.view = io::View::headset;
  options_.view.headset_mix = 0.5;
  options_.threads = 1;
  run();
  const Files one = test::read_files(out());
  for (const int threads : {2, 5}) {
    fs::remove_all(out());
    options_.threads = threads;
    run();
    EXPECT_EQ(test::differences(test::read_files(out()), one), "") << threads;
  }
}

TEST_F(Prepare, AStopAtAnyImageThenAnotherRunGiveTheSameTree) {
  write();
  options_.image.size = 40;
  run();
  const Files whole = test::read_files(out());
  struct Stop {};
  for (const std::size_t stop : {1u, 30u, 60u}) {
    fs::remove_all(out());
    EXPECT_THROW(prepare(options_,
                         [&](std::size_t done, std::size_t) {
                           if (done == stop) throw Stop();
                         }),
                 Stop);
    EXPECT_FALSE(fs::exists(out() + "/manifest.csv"));
    const Summary rest = run();
    EXPECT_GE(rest.kept, stop) << stop;
    EXPECT_LT(rest.processed, 60u) << stop;
    EXPECT_EQ(test::differences(test::read_files(out()), whole), "") << stop;
  }
}

TEST_F(Prepare, AJournalThatWasCutShortIsTakenAsFarAsItGoes) {
  write();
  run();
  const Files whole = test::read_files(out());
  const std::string journal = out() + "/.prepare/journal.jsonl";
  fs::resize_file(journal, fs::file_size(journal) / 2);
  const Summary rest = run();
  EXPECT_GT(rest.kept, 20u);
  EXPECT_GT(rest.processed, 20u);
  EXPECT_EQ(test::differences(test::read_files(out()), whole), "");
}

TEST_F(Prepare, OtherSettingsOrInputAreAnErrorThatSaysWhich) {
  write();
  run();
  const Files whole = test::read_files(out());
  options_.view.view = io::View::lower;
  options_.split.seed = 5;
  const std::string both = error();
  for (const char* part : {"--view was 'full' and is 'lower'", "--seed was '1' and is '5'", "--force"})
    test::expect_contains(both, part);
  options_.view.view = io::View::full;
  options_.split.seed = 1;
  files_["sad/new.png"] = test::made_png(1000);
  write();
  test::expect_contains(error(), "--in (number of images) was '60' and is '61'");
  EXPECT_EQ(test::differences(test::read_files(out()), whole), "");
  options_.force = true;
  EXPECT_EQ(run().processed, 61u);
  options_.force = false;
  EXPECT_EQ(run().kept, 61u);
}

TEST_F(Prepare, ForceRemovesWhatItWroteAndNothingElse) {
  write();
  run();
  test::write_files(out(), {{"train/sad/mine.txt", test::bytes_of("x")}, {"notes.md", test::bytes_of("y")}});
  options_.map = folder_ / "map.txt";
  test::write_bytes(options_.map, test::bytes_of("up: glad\ndown: sad\n"));
  options_.force = true;
  run();
  const Files after = test::read_files(out());
  EXPECT_TRUE(after.contains("notes.md"));
  EXPECT_TRUE(after.contains("train/sad/mine.txt"));
  std::size_t images = 0;
  for (const auto& [name, bytes] : after) {
    images += name.starts_with("train/") || name.starts_with("valid/") || name.starts_with("test/");
    EXPECT_FALSE(name.starts_with("contact_sheets/sad")) << name;
  }
  EXPECT_EQ(images, 41u);
}

TEST_F(Prepare, AFolderThatIsntEmptyIsLeftAlone) {
  write();
  test::write_files(out(), {{"thesis.tex", test::bytes_of("x")}});
  test::expect_contains(error(), out() + ": the folder isn't empty");
  EXPECT_EQ(test::read_files(out()).size(), 1u);
  options_.force = true;
  run();
  EXPECT_TRUE(fs::exists(out() + "/thesis.tex"));
  options_.out = in();
  test::expect_contains(error(), "also where the output goes");
  options_.out = out() + "/thesis.tex";
  test::expect_contains(error(), "is a file");
}

TEST_F(Prepare, TwoRunsAtOnceAreRefused) {
  write();
  fs::create_directories(out() + "/.prepare");
  const io::FolderLock other(out(), "poster_prepare", out() + "/.prepare/lock");
  for (const bool force : {false, true}) {
    options_.force = force;
    test::expect_contains(error(), out() + ": another poster_prepare (process ");
  }
  EXPECT_EQ(test::read_files(out()).size(), 1u);
}

TEST_F(Prepare, NamesOfUnknownEncodingAreAskedFor) {
  for (const auto& [name, bytes] : test::Files(files_))
    if (name.starts_with("sad/")) files_["\xC4rger/" + name.substr(4)] = bytes, files_.erase(name);
  write();
  test::expect_contains(error(), "--encoding");
  EXPECT_FALSE(fs::exists(out()));
  options_.encoding = "WINDOWS-1252";
  EXPECT_EQ(run().classes, (std::vector<std::string>{"calm", "glad", "Ärger"}));
  options_.encoding = "KLINGON";
  test::expect_contains(error(), "--encoding");
}

TEST_F(Prepare, TheOutputInsideTheInputIsNoInput) {
  write();
  options_.out = in() + "/prepared";
  EXPECT_EQ(run().processed, 60u);
  EXPECT_EQ(run().kept, 60u);
}

TEST_F(Prepare, ArchivesGiveWhatFoldersGive) {
  write();
  run();
  const Files from_folder = test::read_files(out());
  fs::remove_all(out());
  test::write_bytes(folder_ / "in.zip", test::zipped(files_));
  options_.in = {folder_ / "in.zip"};
  run();
  const Files from_archive = test::read_files(out());
  for (const char* part : {"train/", "valid/", "test/", "contact_sheets/", "classes.txt", "summary.txt"})
    EXPECT_EQ(test::differences(test::with_prefix(from_archive, part), test::with_prefix(from_folder, part)),
              "")
        << part;
  EXPECT_EQ(table("manifest.csv").front().front(), "in.zip!calm/p0_0.png");
}

TEST_F(Prepare, UnreadableFilesAreListed) {
  files_["sad/empty.jpg"] = {};
  files_["sad/text.jpg"] = test::bytes_of("no image");
  files_["glad/cut.png"] = test::made_png(77);
  files_["glad/cut.png"].resize(60);
  write();
  const Summary summary = run();
  const auto rows = table("left_out.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0][0], "glad/cut.png");
  EXPECT_EQ(rows[1][0], "sad/empty.jpg");
  EXPECT_EQ(rows[2][0], "sad/text.jpg");
  for (const auto& row : rows) {
    EXPECT_EQ(row[1], "unreadable");
    EXPECT_TRUE(row[2].starts_with(row[0] + ": ")) << row[2];
    EXPECT_NE(summary_text(summary).find(row[2]), std::string::npos);
  }
  EXPECT_NE(summary_text(summary).find("       3  unreadable\n"), std::string::npos);
  EXPECT_EQ(run().processed, 3u);  // tried again, in vain
}

TEST_F(Prepare, AFileThatBecomesReadableIsAddedAndTheSplitStaysClean) {
  files_["sad/late.png"] = test::made_png(7);  // equal to glad/p0_7.jpg but for the format: near-duplicates
  const auto late = files_["sad/late.png"];
  files_["sad/late.png"].assign(late.size(), 0);
  write();
  run();
  test::write_bytes(in() + "/sad/late.png", late);
  const Summary summary = run();
  EXPECT_EQ(summary.processed, 1u);
  EXPECT_TRUE(summary.left_out.empty());
  // As if it had been readable from the start.
  const Files after = test::read_files(out());
  fs::remove_all(out());
  run();
  EXPECT_EQ(test::differences(after, test::read_files(out())), "");
}

TEST_F(Prepare, ATestImageThatBecomesReadableTakesItsTwinOutOfTrain) {
  Files split;
  for (const auto& [name, bytes] : files_) split["train/" + name] = bytes;
  const auto late = io::encode_image(test::made_image(0, 90, 90), "x.jpg");  // calm/p0_0.png, larger
  split["test/calm/late.jpg"].assign(late.size(), 0);
  split["test/calm/other.png"] = test::made_png(500);
  test::write_files(in(), split);
  run();
  std::map<std::string, std::string> path_of;
  for (const auto& row : table("manifest.csv")) path_of[row[0]] = row[7];
  const std::string twin = out() + "/" + path_of.at("train/calm/p0_0.png");
  EXPECT_TRUE(fs::exists(twin));
  test::write_bytes(in() + "/test/calm/late.jpg", late);
  const Summary summary = run();
  EXPECT_EQ(summary.left_out,
            (std::vector<LeftOut>{
                {"train/calm/p0_0.png", "a near-duplicate is in another split", "test/calm/late.jpg"}}));
  EXPECT_FALSE(fs::exists(twin));
  EXPECT_TRUE(fs::exists(out() + "/test/calm/late.jpg"));
}

TEST_F(Prepare, NearDuplicatesNeverStandOnBothSides) {
  Files copies;
  for (const auto& [name, bytes] : files_) {
    copies[name] = bytes;
    const std::string stem = name.substr(0, name.size() - 4);
    copies[stem + "_small.jpg"] =
        io::encode_image(io::resize(io::decode_image(bytes, name), 30, 30), "x.jpg");
  }
  files_ = copies;
  write();
  const Summary summary = run();
  EXPECT_TRUE(summary.left_out.empty());
  std::map<std::string, std::set<std::string>> splits;
  for (const auto& row : table("manifest.csv")) {
    std::string stem = stem_of(row[0]);
    if (stem.ends_with("_small")) stem.resize(stem.size() - 6);
    splits[row[1] + "/" + stem].insert(row[2]);
  }
  EXPECT_EQ(splits.size(), 60u);
  for (const auto& [name, in] : splits) EXPECT_EQ(in.size(), 1u) << name;
}

TEST_F(Prepare, PersonsStayOnOneSideAndAnOverlapIsRefusedBeforeAnythingIsWritten) {
  write();
  options_.source.person_pattern = "^p([0-9]+)_";
  const Summary summary = run();
  EXPECT_EQ(summary.persons[0] + summary.persons[1] + summary.persons[2], 10u);
  fs::remove_all(in());
  fs::remove_all(out());
  Files split;
  for (const auto& [name, bytes] : files_)
    split[(name.find("_8") != std::string::npos ? "test/" : "train/") + name] = bytes;
  test::write_files(in(), split);
  const std::string refused = error();
  for (const char* part : {"person '", "train/", "test/", "--allow-person-overlap"})
    test::expect_contains(refused, part);
  EXPECT_FALSE(fs::exists(out()));
  options_.split.allow_person_overlap = true;
  EXPECT_EQ(run().processed, 60u);
  fs::remove_all(out());
  options_.split.allow_person_overlap = false;
  options_.keep_split = false;
  EXPECT_EQ(run().processed, 60u);
}

TEST_F(Prepare, FacesByTheSetsBoxes) {
  std::string rows = "path,label,left,top,width,height\n";
  for (int i = 0; i < 50; ++i) {
    const std::string name = std::to_string(i) + ".png";
    files_["pics/" + name] = test::made_png(static_cast<std::uint64_t>(i), 80, 60);
    rows += name + "," + (i % 2 ? "a" : "b") +
            (i == 0   ? ",70,50,40,40\n"
             : i == 1 ? ",5,5,6,6\n"
             : i == 2 ? ",500,5,30,30\n"
             : i == 3 ? ",,,,\n"
             : i == 4 ? ",0,0,1e9,1e9\n"
                      : ",20,10,40,30\n");
  }
  files_["pics/list.csv"] = test::bytes_of(rows);
  write();
  options_.set = "csv";
  options_.in = {in() + "/pics"};
  options_.margin = 0.25;
  const Summary summary = run();
  std::map<std::string, std::string> why;
  for (const LeftOut& one : summary.left_out) why[one.source] = one.reason;
  EXPECT_EQ(why, (std::map<std::string, std::string>{{"1.png", "only tiny faces"},
                                                     {"2.png", "no face"},
                                                     {"3.png", "no face"},
                                                     {"4.png", "a face's box that can't be cut out"}}));
  for (const auto& row : table("manifest.csv")) {
    const io::Image face = io::read_image(out() + "/" + row[7]);
    EXPECT_EQ(face.width, 60) << row[0];  // 40 and a quarter of it on both sides
    EXPECT_EQ(face.height, 60) << row[0];
    EXPECT_EQ(row[4], row[0] == "0.png" ? "70 50 40 40" : "20 10 40 30");
  }
  options_.force = true;
  options_.image.on_no_face = OnNoFace::whole;
  options_.image.crop.square = false;
  const Summary whole = run();
  EXPECT_EQ(whole.left_out.size(), 1u);
  std::string notes;
  for (const std::string& note : whole.notes) notes += note + "\n";
  test::expect_contains(notes, "2 images without a face, taken whole");
  test::expect_contains(notes, "1 images with tiny faces only, taken whole");
  for (const auto& row : table("manifest.csv")) {
    const io::Image face = io::read_image(out() + "/" + row[7]);
    EXPECT_EQ(face.height, row[4].empty() ? 60 : row[0] == "0.png" ? 60 : 50) << row[0];
  }
  options_.image.on_no_face = OnNoFace::fail;
  test::expect_contains(error(), "1.png: only faces below --min-face");
  options_.faces = Faces::set;
  options_.set = "folder";
  options_.in = {in()};
  test::expect_contains(error(), "--faces: set folder tells no boxes");
}

TEST_F(Prepare, ViewsAndSizesOfWhatIsWritten) {
  write();
  options_.image.size = 20;
  options_.view.view = io::View::lower;
  options_.image.format = OutputFormat::png;
  run();
  const Files lower = test::read_files(out());
  fs::remove_all(out());
  options_.view.view = io::View::full;
  run();
  // The view of what --view full writes.
  std::size_t compared = 0;
  io::ViewOptions view;
  view.view = io::View::lower;
  for (const auto& [name, bytes] : test::read_files(out())) {
    if (!name.ends_with(".png")) continue;
    const io::Image full = io::decode_image(bytes, name);
    EXPECT_EQ(std::min(full.width, full.height), 20) << name;
    EXPECT_EQ(io::decode_image(lower.at(name), name), io::apply_view(full, view, io::view_key(name))) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 60u);
}

TEST_F(Prepare, OptionsOutOfRange) {
  write();
  const auto error_with = [&](auto change) {
    PrepareOptions options = options_;
    change(options);
    return test::error_of([&] { prepare(options); });
  };
  test::expect_contains(error_with([](auto& o) { o.image.size = -5; }), "--size");
  test::expect_contains(error_with([](auto& o) { o.image.min_face = 0; }), "--min-face");
  test::expect_contains(error_with([](auto& o) { o.split.similar_bits = 13; }), "--similar");
  test::expect_contains(error_with([](auto& o) { o.threads = -1; }), "--threads");
  test::expect_contains(error_with([](auto& o) { o.keep_split = true; }),
                        "--split: the set comes without a split");
  test::expect_contains(error_with([](auto& o) { o.view.eye_line = 5; }), "--view");
  test::expect_contains(error_with([](auto& o) { o.set = "fer"; }), "SET: 'fer'");
  test::expect_contains(error_with([](auto& o) {
                          o.faces = Faces::detect;
                          o.image.detector = "x.onnx";
                        }),
                        "x.onnx");
  EXPECT_FALSE(fs::exists(out()));
}

}  // namespace
}  // namespace poster::prepare
