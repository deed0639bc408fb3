// Every other set: a look-alike of at least 50 pictures, with its traps.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "engine/error.h"
#include "io/prepare/prepare.h"
#include "tests/support/error_text.h"
#include "tests/support/made_pictures.h"
#include "tests/support/trees.h"

namespace poster::prepare {
namespace {

using test::bytes_of;
using test::Files;
using Counts = std::map<std::string, std::size_t>;

class PrepareSets : public testing::Test {
 protected:
  std::string in() const { return folder_.path() + "/in"; }

  Collection collect(const std::string& set, const Files& files, const SourceOptions& options = {}) {
    std::filesystem::remove_all(in());
    std::filesystem::create_directories(in());
    test::write_files(in(), files);
    const FileTree tree({in()});
    Collection from_folder = source_set(set).collect(tree, options);
    // The same in an archive.
    const std::string archive = folder_.path() + "/in.zip";
    test::write_file(archive, test::zipped(files));
    const FileTree packed({archive});
    const Collection from_archive = source_set(set).collect(packed, options);
    EXPECT_EQ(from_archive.items.size(), from_folder.items.size());
    for (std::size_t i = 0; i < std::min(from_archive.items.size(), from_folder.items.size()); ++i) {
      EXPECT_EQ(from_archive.items[i].file.path, from_folder.items[i].file.path);
      EXPECT_EQ(from_archive.items[i].label, from_folder.items[i].label);
    }
    return from_folder;
  }

  std::string error_of(const std::string& set, const Files& files, const SourceOptions& options = {}) {
    std::filesystem::remove_all(in());
    std::filesystem::create_directories(in());
    test::write_files(in(), files);
    const FileTree tree({in()});
    return test::error_of([&] { source_set(set).collect(tree, options); });
  }

  // What a tree that isn't the set's is answered with.
  void expect_tree_error(const std::string& set) {
    const std::string error = error_of(set, {{"notes.md", bytes_of("x")}, {"a/b/c.dat", bytes_of("x")}});
    test::expect_contains(error, in());
    test::expect_contains(error, "expected " + source_set(set).expected);
    test::expect_contains(error, "found a/b/ (1 files), notes.md");
    test::expect_contains(error, "--in");
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }

  Summary prepared(const std::string& set, const std::string& map = "") {
    PrepareOptions options;
    options.set = set;
    options.in = {in()};
    options.out = folder_.path() + "/out";
    options.faces = Faces::none;
    options.map = map;
    options.threads = 2;
    return prepare(options);
  }

  test::TemporaryFolder folder_;
};

Counts labels(const Collection& collection) {
  Counts counts;
  for (const Item& item : collection.items) ++counts[item.label];
  return counts;
}

Counts splits(const Collection& collection) {
  Counts counts;
  for (const Item& item : collection.items) ++counts[item.split ? split_name(*item.split) : "none"];
  return counts;
}

std::set<std::string> persons(const Collection& collection) {
  std::set<std::string> names;
  for (const Item& item : collection.items) names.insert(item.person);
  return names;
}

Counts reasons(const std::vector<LeftOut>& left_out) {
  Counts counts;
  for (const LeftOut& one : left_out) ++counts[one.reason];
  return counts;
}

std::string numbered(const char* format, int number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

TEST_F(PrepareSets, RafDb) {
  Files files;
  std::string list;
  for (int i = 1; i <= 56; ++i) {
    const std::string name = (i <= 42 ? "train_" : "test_") + numbered("%05d", i);
    list += name + ".jpg " + std::to_string(1 + i % 7) + "\r\n";
    files["basic/Image/aligned/" + name + "_aligned.jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
    files["basic/Image/original/" + name + ".jpg"] = test::made_jpeg(500);  // must not be taken
  }
  files.erase("basic/Image/aligned/test_00056_aligned.jpg");
  files.erase("basic/Image/original/test_00056.jpg");
  list += "train_00099.jpg 8\n\n";
  files["basic/EmoLabel/list_patition_label.txt"] = bytes_of(list);
  const Collection collection = collect("raf-db", files);
  EXPECT_EQ(labels(collection), (Counts{{"surprise", 7},
                                        {"fear", 8},
                                        {"disgust", 8},
                                        {"happiness", 8},
                                        {"sadness", 8},
                                        {"anger", 8},
                                        {"neutral", 8}}));
  EXPECT_EQ(collection.items.front().label, "fear");  // number 2
  EXPECT_EQ(collection.items.front().file.path, "basic/Image/aligned/train_00001_aligned.jpg");
  EXPECT_EQ(splits(collection), (Counts{{"train", 42}, {"test", 13}}));
  EXPECT_EQ(reasons(collection.left_out),
            (Counts{{"listed, but the picture isn't there", 1}, {"a label that is no expression", 1}}));
  expect_tree_error("raf-db");
  files["basic/EmoLabel/list_patition_label.txt"] = bytes_of("train_00001.jpg\n");
  test::expect_contains(error_of("raf-db", files), "list_patition_label.txt:1: expected 'train_00001.jpg 5'");
}

TEST_F(PrepareSets, RafDbKeepsItsTestSetAndTakesValidFromTrain) {
  Files files;
  std::string list;
  for (int i = 1; i <= 80; ++i) {
    const std::string name = (i <= 60 ? "train_" : "test_") + numbered("%05d", i);
    list += name + ".jpg " + std::to_string(1 + i % 2) + "\n";
    files["Image/aligned/" + name + "_aligned.jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  files["EmoLabel/list_patition_label.txt"] = bytes_of(list);
  test::write_files(in(), files);
  const Summary summary = prepared("raf-db");
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"surprise", "fear"}));
  for (const auto& counts : summary.counts) {
    EXPECT_EQ(counts[2], 10u);
    EXPECT_NEAR(static_cast<double>(counts[1]), 30.0 / 9, 1);  // 0.1 of 0.9
    EXPECT_EQ(counts[0] + counts[1], 30u);
  }
}

const char* const kAffectNetHeader =
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,"
    "arousal\n";

TEST_F(PrepareSets, AffectNetTables) {
  Files files;
  std::string train = kAffectNetHeader, valid;  // copies without the header go round
  for (int i = 0; i < 66; ++i) {
    const std::string name = std::to_string(i % 5) + "/" + numbered("%032x", i) + ".jpg";
    (i < 44 ? train : valid) += name + ",2,3,30,31,\"1;2\"," + std::to_string(i % 11) + ",-0.5,0.25\n";
    files["Manually_Annotated/Manually_Annotated_Images/" + name] =
        test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  files["Manually_Annotated_file_lists/training.csv"] = bytes_of(train);
  files["Manually_Annotated_file_lists/validation.csv"] = bytes_of(valid);
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(labels(collection), (Counts{{"neutral", 6},
                                        {"happiness", 6},
                                        {"sadness", 6},
                                        {"surprise", 6},
                                        {"fear", 6},
                                        {"disgust", 6},
                                        {"anger", 6},
                                        {"contempt", 6}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 32}, {"test", 16}}));
  EXPECT_EQ(collection.items.front().box, (io::FaceBox{2, 3, 30, 31}));
  EXPECT_EQ(reasons(collection.left_out), (Counts{{"not an expression", 18}}));
  expect_tree_error("affectnet");
}

// One value in a .npy file, as NumPy writes it.
std::vector<std::uint8_t> npy(const std::string& type, const std::vector<std::uint8_t>& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (), }";
  header.resize(118, ' ');
  header.back() = '\n';
  std::string bytes("\x93NUMPY\x01\0\x76\0", 10);
  bytes += header;
  bytes.append(data.begin(), data.end());
  return bytes_of(bytes);
}

TEST_F(PrepareSets, AffectNetArrays) {
  Files files;
  for (int i = 0; i < 60; ++i) {
    const std::string set = i < 45 ? "train_set/" : "val_set/", name = std::to_string(i);
    const auto digit = static_cast<std::uint8_t>(i % 8);
    files[set + "images/" + name + ".jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
    files[set + "annotations/" + name + "_val.npy"] = npy("<f8", std::vector<std::uint8_t>(8));
    files[set + "annotations/" + name + "_exp.npy"] =
        i % 3 == 0   ? npy("<U1", {static_cast<std::uint8_t>('0' + digit), 0, 0, 0})
        : i % 3 == 1 ? npy("<i8", {digit, 0, 0, 0, 0, 0, 0, 0})
                     : npy("|S1", {static_cast<std::uint8_t>('0' + digit)});
  }
  files.erase("val_set/annotations/59_exp.npy");
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(labels(collection).at("neutral"), 8u);
  EXPECT_EQ(labels(collection).at("contempt"), 7u);
  EXPECT_EQ(splits(collection), (Counts{{"train", 45}, {"test", 14}}));
  EXPECT_EQ(reasons(collection.left_out), (Counts{{"no annotations/N_exp.npy", 1}}));
  for (const Item& item : collection.items) {
    const int number = std::stoi(stem_of(item.file.path));
    const std::array names = {"neutral", "happiness", "sadness", "surprise",
                              "fear",    "disgust",   "anger",   "contempt"};
    EXPECT_EQ(item.label, names[static_cast<std::size_t>(number % 8)]) << item.file.path;
  }
  files["train_set/annotations/0_exp.npy"] = bytes_of("nothing");
  test::expect_contains(error_of("affectnet", files), "train_set/annotations/0_exp.npy: no NumPy file");
}

TEST_F(PrepareSets, AffectNetLists) {
  Files files;
  std::string train, valid;
  for (int i = 0; i < 54; ++i) {
    const std::string name = (i < 40 ? "train/" : "val/") + numbered("image%07d.jpg", i);
    (i < 40 ? train : valid) += name + " " + std::to_string(i % 9) + "\n";
    files["images/" + name] = test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  files["train.txt"] = bytes_of(train);
  files["val.txt"] = bytes_of(valid);
  files["readme.txt"] = bytes_of("AffectNet, as it is passed on\n");
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(labels(collection), (Counts{{"neutral", 6},
                                        {"happiness", 6},
                                        {"sadness", 6},
                                        {"surprise", 6},
                                        {"fear", 6},
                                        {"disgust", 6},
                                        {"anger", 6},
                                        {"contempt", 6}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 36}, {"test", 12}}));
  EXPECT_EQ(reasons(collection.left_out), (Counts{{"not an expression", 6}}));
}

class FerPlus : public PrepareSets {
 protected:
  void add(const std::string& usage, const std::string& votes, std::size_t count = 1) {
    for (std::size_t i = 0; i < count; ++i, ++rows_) {
      const io::Image image = test::made_picture(rows_, 48, 48);
      pictures_ += std::to_string(rows_ % 7) + ",";
      for (std::size_t p = 0; p < 48 * 48; ++p)
        pictures_ += (p > 0 ? " " : "") + std::to_string(image.rgb[3 * p]);
      pictures_ += "," + usage + "\n";
      votes_ += usage + ",fer" + std::to_string(rows_) + ".png," + votes + "\n";
    }
  }
  Files files() const {
    return {{"fer2013/fer2013.csv", bytes_of(pictures_)}, {"FERPlus/fer2013new.csv", bytes_of(votes_)}};
  }

  std::string pictures_ = "emotion,pixels,Usage\n";
  std::string votes_ =
      "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n";
  std::size_t rows_ = 0;
};

TEST_F(FerPlus, VotesAsPublished) {
  add("Training", "10,0,0,0,0,0,0,0,0,0", 14);    // neutral
  add("Training", "0,1,7,0,1,0,1,0,0,0", 14);     // surprise
  add("Training", "1,1,1,1,1,1,2,1,1,0", 3);      // fear: single votes are outliers
  add("PublicTest", "0,0,0,6,4,0,0,0,0,0", 9);    // sadness
  add("PrivateTest", "0,0,0,2,0,0,0,8,0,0", 8);   // contempt
  add("Training", "5,0,0,5,0,0,0,0,0,0");         // half is no majority
  add("Training", "4,3,0,3,0,0,0,0,0,0");         // most is no majority
  add("Training", "2,0,0,0,0,0,0,0,8,0", 2);      // unknown
  add("PrivateTest", "0,0,0,0,0,0,0,0,0,10", 3);  // not a face
  add("Training", "1,1,1,1,1,1,1,1,1,1");         // nothing is left
  const Collection collection = collect("ferplus", files());
  EXPECT_EQ(labels(collection),
            (Counts{{"neutral", 14}, {"surprise", 14}, {"fear", 3}, {"sadness", 9}, {"contempt", 8}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 31}, {"valid", 9}, {"test", 8}}));
  EXPECT_EQ(reasons(collection.left_out),
            (Counts{{"no majority of votes", 3}, {"voted unknown", 2}, {"voted not a face", 3}}));
}

TEST_F(FerPlus, PixelsAreWritten) {
  add("Training", "10,0,0,0,0,0,0,0,0,0", 30);
  add("PublicTest", "0,10,0,0,0,0,0,0,0,0", 10);
  add("PrivateTest", "0,10,0,0,0,0,0,0,0,0", 10);
  test::write_files(in(), files());
  const Summary summary = prepared("ferplus");
  EXPECT_EQ(summary.counts, (std::vector<std::array<std::size_t, 3>>{{30, 0, 0}, {0, 10, 10}}));
  const io::Image written = io::read_image(folder_.path() + "/out/valid/happiness/fer0000031.png");
  const io::Image made = test::made_picture(31, 48, 48);
  ASSERT_EQ(written.width, 48);
  for (std::size_t p = 0; p < 48 * 48; ++p) ASSERT_EQ(written.rgb[3 * p], made.rgb[3 * p]);
}

TEST_F(FerPlus, FilesThatDontGoTogether) {
  expect_tree_error("ferplus");
  add("Training", "10,0,0,0,0,0,0,0,0,0", 50);
  const std::string votes = votes_;
  votes_ += "Training,x,1,2,3,4,5,6,7,8,9,10\n";
  test::expect_contains(error_of("ferplus", files()), "has more rows");
  votes_ = votes;
  pictures_ += "0,1 2 3,Training\n";
  votes_ += "PublicTest,x,9,0,0,0,0,0,0,0,0,0\n";
  test::expect_contains(error_of("ferplus", files()), "fer2013.csv:52: its Usage isn't that of");
  votes_ = votes + "Training,x,9,0,0,0,0,0,0,0,0,0\n";
  EXPECT_EQ(reasons(collect("ferplus", files()).left_out), (Counts{{"unreadable", 1}}));
  votes_ = votes + "Training,x,9,0,0\n";
  test::expect_contains(error_of("ferplus", files()), "ten counts of votes");
}

TEST_F(PrepareSets, CaerSWithBothSpellings) {
  Files files;
  const std::array names = {"Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"};
  for (int i = 0; i < 70; ++i) {
    std::string name = names[static_cast<std::size_t>(i % 7)];
    if (i >= 49 && name == "Anger") name = "Angry";
    files["CAER-S/" + std::string(i < 49 ? "train/" : "test/") + name + "/" + numbered("%04d.png", i)] =
        test::made_png(static_cast<std::uint64_t>(i));
  }
  files["CAER-S/train/readme.txt"] = bytes_of("x");
  const Collection collection = collect("caer-s", files);
  EXPECT_EQ(splits(collection), (Counts{{"train", 49}, {"test", 21}}));
  const Summary summary = prepared("caer-s");
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"anger", "disgust", "fear", "happiness", "neutral",
                                                       "sadness", "surprise"}));
  for (const auto& counts : summary.counts) {
    EXPECT_EQ(counts[2], 3u);
    EXPECT_EQ(counts[0] + counts[1], 7u);
  }
  expect_tree_error("caer-s");
  test::expect_contains(
      error_of("caer-s", {{"Anger/1.png", test::made_png(1)}, {"Sad/1.png", test::made_png(2)}}),
      "found Anger/ (1 pictures), Sad/ (1 pictures)");
}

TEST_F(PrepareSets, Kdef) {
  Files files;
  std::uint64_t number = 0;
  for (const char* session : {"A", "B"})
    for (const char* person : {"F01", "F02", "M01", "M02"})
      for (const char* emotion : {"AF", "AN", "DI", "HA", "NE", "SA", "SU"})
        for (const char* pose : {"S", "HL", "FR"}) {
          ++number;
          files["KDEF/" + std::string(session) + person + "/" + session + person + emotion + pose +
                (number % 2 ? ".JPG" : ".jpg")] = test::made_jpeg(number);
        }
  files["KDEF/AF03/AF31V.JPG"] = test::made_jpeg(900);
  const Collection frontal = collect("kdef", files);
  EXPECT_EQ(labels(frontal), (Counts{{"fear", 8},
                                     {"anger", 8},
                                     {"disgust", 8},
                                     {"happiness", 8},
                                     {"neutral", 8},
                                     {"sadness", 8},
                                     {"surprise", 8}}));
  EXPECT_EQ(persons(frontal),
            (std::set<std::string>{"f01", "f02", "m01", "m02"}));  // both sessions show the same
  EXPECT_EQ(reasons(frontal.left_out),
            (Counts{{"a pose that --poses leaves out", 112}, {"a name that isn't KDEF's", 1}}));
  SourceOptions options;
  options.poses = "S, HL";
  EXPECT_EQ(collect("kdef", files, options).items.size(), 112u);
  options.poses = "S,UP";
  test::expect_contains(error_of("kdef", files, options), "--poses: 'UP'");
  expect_tree_error("kdef");
}

TEST_F(PrepareSets, Jaffe) {
  Files files;
  std::uint64_t number = 0;
  for (const char* person : {"KA", "KL", "KM", "UY"})
    for (const char* emotion : {"AN", "DI", "FE", "HA", "NE", "SA", "SU"})
      for (int i = 1; i <= 2; ++i) {
        ++number;
        files["jaffe/" + std::string(person) + "." + emotion + std::to_string(i) +
              (number == 5 ? ".." : ".") + std::to_string(number) + ".tiff"] = test::made_tiff(number);
      }
  files["jaffe/README"] = bytes_of("x");
  files["jaffe/cover.png"] = test::made_png(77);
  const Collection collection = collect("jaffe", files);
  EXPECT_EQ(labels(collection), (Counts{{"fear", 8},
                                        {"anger", 8},
                                        {"disgust", 8},
                                        {"happiness", 8},
                                        {"neutral", 8},
                                        {"sadness", 8},
                                        {"surprise", 8}}));
  EXPECT_EQ(persons(collection).size(), 4u);
  EXPECT_EQ(reasons(collection.left_out), (Counts{{"a name that isn't JAFFE's", 1}}));
  const Summary summary = prepared("jaffe");
  EXPECT_EQ(summary.persons, (std::array<std::size_t, 3>{2, 1, 1}));  // every split has a person
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/out/manifest.csv"));
  // TIFF becomes PNG, pixel for pixel.
  for (const auto& [name, bytes] : test::read_files(folder_.path() + "/out"))
    if (stem_of(name) == "KA.AN1.1") {
      EXPECT_EQ(io::decode_image(bytes, name), io::decode_image(test::made_tiff(1), "x"));
    }
  expect_tree_error("jaffe");
}

TEST_F(PrepareSets, EmoHeVRDB) {
  Files files;
  const std::array names = {"Anger", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise"};
  const std::array sets = {"training_set", "validation_set", "test_set"};
  for (int i = 0; i < 63; ++i) {
    const int set = i % 3;
    files[std::string("EmoHeVRDB/") + sets[static_cast<std::size_t>(set)] + "/" +
          names[static_cast<std::size_t>(i % 7)] + "/2023-04-20-" + numbered("%06d", i) + "-" +
          std::to_string(10 * set + i % 2) + "-0.jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  const Collection collection = collect("emohevrdb", files);
  EXPECT_EQ(splits(collection), (Counts{{"train", 21}, {"valid", 21}, {"test", 21}}));
  EXPECT_EQ(labels(collection).at("Anger"), 9u);
  EXPECT_EQ(persons(collection), (std::set<std::string>{"0", "1", "10", "11", "20", "21"}));
  EXPECT_EQ(prepared("emohevrdb").counts.front(), (std::array<std::size_t, 3>{3, 3, 3}));
  expect_tree_error("emohevrdb");
}

TEST_F(PrepareSets, CsvByTheUsualNames) {
  Files files;
  std::string table =
      "\xEF\xBB\xBF"
      "Image,Emotion,Usage,Subject,x,y,w,h\r\n";
  for (int i = 0; i < 60; ++i) {
    const std::string name =
        "pics/" + std::string(i % 4 == 0 ? "a b, c" : "plain") + std::to_string(i) + ".png";
    table += "\"" + name + "\"," + (i % 2 ? "Happy," : "sad,") +
             (i % 3 == 0   ? "Training"
              : i % 3 == 1 ? "val"
                           : "TEST") +
             ",s" + std::to_string(i % 3) + "," + (i == 7 ? ",,,\n" : "1,2,20,21\n");
    files["set/" + name] = test::made_png(static_cast<std::uint64_t>(i));
  }
  table += "pics/nowhere.png,sad,train,s0,,,,\n,sad,train,s0,,,,\n";
  files["set/labels.csv"] = bytes_of(table);
  files["set/other.csv"] = bytes_of("a,b\n1,2\n");
  const Collection collection = collect("csv", files);
  EXPECT_EQ(labels(collection), (Counts{{"Happy", 30}, {"sad", 30}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 20}, {"valid", 20}, {"test", 20}}));
  EXPECT_EQ(persons(collection), (std::set<std::string>{"s0", "s1", "s2"}));
  EXPECT_EQ(collection.items[0].box, (io::FaceBox{1, 2, 20, 21}));
  EXPECT_FALSE(collection.items[7].box);
  EXPECT_EQ(reasons(collection.left_out),
            (Counts{{"listed, but the picture isn't there", 1}, {"a row without path or label", 1}}));
  expect_tree_error("csv");
}

TEST_F(PrepareSets, CsvByGivenNames) {
  Files files;
  std::string table = "no;where;what;L;T;W;H\n";
  for (int i = 0; i < 50; ++i) {
    table += std::to_string(i) + ";p" + std::to_string(i) + ".jpg;" + std::to_string(i % 2) + ";1.5;2;9;9\n";
    files["deep/er/p" + std::to_string(i) + ".jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  files["t.csv"] = bytes_of(table);
  SourceOptions options;
  options.path_column = "where";
  options.label_column = "what";
  options.box_columns = "L,T,W,H";
  const Collection collection = collect("csv", files, options);
  EXPECT_EQ(labels(collection), (Counts{{"0", 25}, {"1", 25}}));
  EXPECT_EQ(collection.items[3].box, (io::FaceBox{1.5, 2, 9, 9}));
  EXPECT_EQ(splits(collection), (Counts{{"none", 50}}));
  options.label_column = "wat";
  test::expect_contains(error_of("csv", files, options),
                        "t.csv: no column 'wat'; its columns are no, where, what, L, T, W, H");
  options.label_column = "what";
  options.box_columns = "L,T";
  test::expect_contains(error_of("csv", files, options), "--box-columns: 'L,T' aren't four columns");
  options.box_columns = "";
  options.split_column = "no";
  test::expect_contains(error_of("csv", files, options), "t.csv:2: split '0' is none of train, valid, test");
  files["t.csv"] = bytes_of("path,label\n\"a.jpg,1\n");
  test::expect_contains(error_of("csv", files), "t.csv:2: a quote that never ends");
}

TEST_F(PrepareSets, FolderWithoutSplits) {
  Files files;
  for (int i = 0; i < 60; ++i)
    files["my set/" + std::string(i % 2 ? "happy" : "Sad") + "/" + (i % 5 ? "" : "more/") + "p" +
          std::to_string(i / 2) + ".jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
  files["my set/happy/.hidden.jpg"] = bytes_of("x");
  files["my set/__MACOSX/happy/._p1.jpg"] = bytes_of("x");
  const Collection collection = collect("folder", files);
  EXPECT_EQ(labels(collection), (Counts{{"happy", 30}, {"Sad", 30}}));
  EXPECT_EQ(splits(collection), (Counts{{"none", 60}}));
  const Summary summary = prepared("folder");
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"Sad", "happy"}));
  EXPECT_EQ(summary.counts, (std::vector<std::array<std::size_t, 3>>{{24, 3, 3}, {24, 3, 3}}));
  SourceOptions options;
  options.person_pattern = "p([0-9])";
  EXPECT_EQ(persons(collect("folder", files, options)).size(), 10u);
  options.person_pattern = "p[0-9]";
  test::expect_contains(error_of("folder", files, options), "has no group");
  options.person_pattern = "p([0-9";
  test::expect_contains(error_of("folder", files, options), "is no regular expression");
}

TEST_F(PrepareSets, FolderWithSplitsAndClassesInTwoSpellings) {
  Files files;
  for (int i = 0; i < 60; ++i)
    files[std::string(i < 40   ? "train/"
                      : i < 50 ? "Validation/"
                               : "test/") +
          (i % 2 ? (i < 50 ? "Anger" : "Angry") : "calm") + "/" + std::to_string(i) + ".png"] =
        test::made_png(static_cast<std::uint64_t>(i));
  files["loose.png"] = test::made_png(99);
  EXPECT_EQ(reasons(collect("folder", files).left_out), (Counts{{"not in a class folder", 1}}));
  const Summary summary = prepared("folder");
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"anger", "calm"}));
  EXPECT_EQ(summary.counts, (std::vector<std::array<std::size_t, 3>>{{20, 5, 5}, {20, 5, 5}}));
  ASSERT_FALSE(summary.notes.empty());
  test::expect_contains(summary.notes.front(), "Anger, Angry are spellings of one class, anger");
  std::filesystem::remove_all(folder_.path() + "/out");
  EXPECT_EQ(prepared("folder", "none").classes, (std::vector<std::string>{"Anger", "Angry", "calm"}));
  files["valid2/calm/1.png"] = test::made_png(98);
  test::expect_contains(error_of("folder", files), "is a split and 'valid2' isn't");
  expect_tree_error("folder");
}

TEST_F(PrepareSets, FolderWhoseClassesAreArchives) {
  Files happy, sad;
  for (int i = 0; i < 30; ++i) {
    happy["happy/" + std::to_string(i) + ".png"] = test::made_png(static_cast<std::uint64_t>(i));
    sad[std::to_string(i) + ".png"] = test::made_png(static_cast<std::uint64_t>(100 + i));
  }
  const Collection collection =
      collect("folder", {{"happy.zip", test::zipped(happy)}, {"sad.zip", test::zipped(sad)}});
  EXPECT_EQ(labels(collection), (Counts{{"happy", 30}, {"sad", 30}}));
}

TEST(PrepareSet, UnknownNamesAreAnsweredWithTheKnown) {
  const std::string error = test::error_of([] { source_set("raf"); });
  for (const SourceSet& set : source_sets()) test::expect_contains(error, set.name);
  EXPECT_EQ(source_sets().size(), 10u);
}

}  // namespace
}  // namespace poster::prepare
