// AI Hub 82: each trap by its name.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/error.h"
#include "io/prepare/prepare.h"
#include "tests/support/aihub_set.h"
#include "tests/support/error_text.h"

namespace poster::prepare {
namespace {

using test::AihubSet;
using test::Files;
using test::kKoreanEmotions;

class Aihub : public testing::Test {
 protected:
  Collection collect(const Files& files, LabelRule label = LabelRule::vote) {
    std::filesystem::remove_all(in());
    test::write_files(in(), files);
    const FileTree tree({in()});
    SourceOptions options;
    options.label = label;
    return collect_set(source_set("aihub"), tree, options);
  }
  std::string in() const { return folder_ / "in"; }
  std::string out() const { return folder_ / "out"; }

  Summary prepared(const Files& files, const std::string& map = "") {
    test::write_files(in(), files);
    PrepareOptions options;
    options.set = "aihub";
    options.in = {in()};
    options.out = out();
    options.map = map;
    options.threads = 2;
    return prepare(options);
  }

  // All images with their labels, whatever else the files are like.
  static void expect_whole(const Collection& collection) {
    ASSERT_EQ(collection.items.size(), 56u);
    EXPECT_TRUE(collection.left_out.empty())
        << collection.left_out.front().source << collection.left_out.front().reason;
    std::map<std::string, int> counts;
    for (const Item& item : collection.items) {
      ++counts[item.label];
      ASSERT_TRUE(item.box) << item.file.source;
      EXPECT_EQ(*item.box, (io::FaceBox{10.5, 5, 39.5, 40}));
      EXPECT_EQ(item.person.size(), 64u) << item.file.source;
    }
    EXPECT_EQ(counts, (std::map<std::string, int>{{"anger", 8},
                                                  {"anxiety", 8},
                                                  {"embarrassment", 8},
                                                  {"hurt", 8},
                                                  {"joy", 8},
                                                  {"neutral", 8},
                                                  {"sadness", 8}}));
  }

  test::TemporaryFolder folder_;
  AihubSet set_;
};

std::map<std::string, std::size_t> reasons(const Collection& collection) {
  std::map<std::string, std::size_t> counts;
  for (const LeftOut& one : collection.left_out) ++counts[one.reason];
  return counts;
}

TEST_F(Aihub, AllSevenEmotionsFromFolders) { expect_whole(collect(set_.files())); }

TEST_F(Aihub, AllSevenEmotionsFromZips) {
  Files files;
  for (const std::string& emotion : kKoreanEmotions) {
    files[AihubSet::image_folder(emotion) + ".zip"] = test::zipped(set_.images_of(emotion));
    files[AihubSet::label_file(emotion).substr(0, AihubSet::label_file(emotion).rfind('/')) + ".zip"] =
        test::zipped(
            {{"img_emotion_training_data(" + emotion + ").json", test::bytes_of(set_.labels(emotion))}});
  }
  expect_whole(collect(files));
}

TEST_F(Aihub, ZipsWhoseNamesAreCp949) {
  Files files;
  for (const std::string& emotion : kKoreanEmotions) {
    test::ZipWriter zip;
    for (const auto& [name, bytes] : set_.images_of(emotion))
      zip.add(test::cp949("EMOIMG_" + emotion + "_TRAIN_01/" + name), bytes, false);
    files["pictures" + std::to_string(files.size()) + ".zip"] = zip.finish();
    files[AihubSet::label_file(emotion)] = test::bytes_of(set_.labels(emotion));
  }
  expect_whole(collect(files));
  expect_whole(collect(files, LabelRule::folder));
}

TEST_F(Aihub, ZipsInAZip) {
  Files inner;
  for (const std::string& emotion : kKoreanEmotions) {
    inner["EMOIMG_" + emotion + "_TRAIN_01.zip"] = test::zipped(set_.images_of(emotion));
    inner["img_emotion_training_data(" + emotion + ").json"] = test::bytes_of(set_.labels(emotion));
  }
  expect_whole(collect({{"Training.zip", test::zipped(inner)}}));
}

TEST_F(Aihub, LabelsWithAByteOrderMark) {
  Files files = set_.files();
  for (const std::string& emotion : kKoreanEmotions)
    files[AihubSet::label_file(emotion)] = test::bytes_of("\xEF\xBB\xBF" + set_.labels(emotion));
  expect_whole(collect(files));
}

TEST_F(Aihub, LabelsInCp949) {
  Files files = set_.files();
  for (const std::string& emotion : kKoreanEmotions)
    files[AihubSet::label_file(emotion)] = test::bytes_of(test::cp949(set_.labels(emotion)));
  expect_whole(collect(files));
}

TEST_F(Aihub, NamesOnTheDiskAreDecomposed) {
  Files files;
  for (const auto& [name, bytes] : set_.files()) files[test::decomposed(name)] = bytes;
  ASSERT_NE(files.begin()->first, set_.files().begin()->first);
  expect_whole(collect(files));
  expect_whole(collect(files, LabelRule::folder));
}

TEST_F(Aihub, NamesInTheLabelsAreDecomposed) {
  Files files = set_.files();
  for (const std::string& emotion : kKoreanEmotions)
    files[AihubSet::label_file(emotion)] = test::bytes_of(test::decomposed(set_.labels(emotion)));
  expect_whole(collect(files));
}

TEST_F(Aihub, OtherExtensionsThanTheLabelsSay) {
  Files files;
  int number = 0;
  for (const auto& [name, bytes] : set_.files()) {
    const std::string stem = name.substr(0, name.rfind('.'));
    const bool image = name.ends_with(".jpg");
    files[!image ? name : stem + (++number % 3 == 0 ? ".jpeg" : number % 3 == 1 ? ".JPG" : ".jpg")] = bytes;
  }
  expect_whole(collect(files));
}

TEST_F(Aihub, FaceBBKeys) {
  Files files = set_.files();
  for (const std::string& emotion : kKoreanEmotions)
    files[AihubSet::label_file(emotion)] = test::bytes_of(set_.labels(emotion, "faceBB_"));
  expect_whole(collect(files));
}

TEST_F(Aihub, LabelInsideTheBox) {
  Files files = set_.files();
  for (const std::string& emotion : kKoreanEmotions) {
    nlohmann::json records = nlohmann::json::parse(set_.labels(emotion, "faceBB_"));
    for (auto& record : records)
      for (const char* key : {"faceBB_A", "faceBB_B", "faceBB_C"}) {
        record[key]["boxes"]["label"] = record[key]["faceExp"];
        record[key].erase("faceExp");
      }
    files[AihubSet::label_file(emotion)] = test::bytes_of(records.dump());
  }
  expect_whole(collect(files));
}

TEST_F(Aihub, BoxesAreMediansAndBadOnesDontCount) {
  nlohmann::json records = nlohmann::json::parse(set_.labels("기쁨"));
  const auto box = [](double left, double top, double right, double bottom) {
    return nlohmann::json{{"minX", left}, {"minY", top}, {"maxX", right}, {"maxY", bottom}};
  };
  records[0]["annot_A"]["boxes"] = box(1, 2, 30, 40);
  records[0]["annot_B"]["boxes"] = box(4, 0, 33, 50);
  records[0]["annot_C"]["boxes"] = box(3, 3, 90, 41);
  records[1]["annot_A"]["boxes"] = box(9, 9, 9, 9);  // empty
  records[1]["annot_B"]["boxes"] = {{"minX", "2"}, {"minY", "4.5"}, {"maxX", "22"}, {"maxY", "24.5"}};
  records[1]["annot_C"]["boxes"] = box(4, 4.5, 22, 24.5);
  for (const char* key : {"annot_A", "annot_B", "annot_C"}) records[2][key]["boxes"] = nullptr;
  Files files = set_.files();
  files[AihubSet::label_file("기쁨")] = test::bytes_of(records.dump());
  const Collection collection = collect(files);
  std::map<std::string, std::optional<io::FaceBox>> boxes;
  for (const Item& item : collection.items) boxes[base_name(item.file.path)] = item.box;
  EXPECT_EQ(boxes.at(records[0]["filename"]), (io::FaceBox{3, 2, 30, 39}));
  EXPECT_EQ(boxes.at(records[1]["filename"]), (io::FaceBox{3, 4.5, 19, 20}));
  EXPECT_FALSE(boxes.at(records[2]["filename"]));
}

TEST_F(Aihub, RotatedAndMirroredImagesAndBoxesInTheUprightFrame) {
  // The face is the lower right quarter, white, of an upright 120 x 80 image.
  for (int orientation = 1; orientation <= 8; ++orientation) {
    test::AihubImage& image = set_.images[static_cast<std::size_t>(orientation)];
    image.bytes = test::with_orientation(
        io::encode_image(test::stored_for(test::four_corners(120, 80), orientation), "x.jpg"), orientation);
    image.box = {62, 42, 116, 76};
  }
  Files files = set_.files();
  test::write_files(in(), files);
  PrepareOptions options;
  options.set = "aihub";
  options.in = {in()};
  options.out = out();
  options.map = "none";
  options.margin = 0;
  options.image.crop.square = false;
  options.image.format = OutputFormat::png;
  prepare(options);
  int seen = 0;
  const Files written = test::read_files(out());
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string stem = stem_of(set_.images[static_cast<std::size_t>(orientation)].name);
    for (const auto& [name, bytes] : written) {
      if (stem_of(name) != stem || !name.ends_with(".png")) continue;
      ++seen;
      const io::Image face = io::decode_image(bytes, name);
      EXPECT_NEAR(face.width, 54, 1) << orientation;
      EXPECT_NEAR(face.height, 34, 1) << orientation;
      EXPECT_EQ(test::corners_of(face), "WWWW") << orientation;
    }
  }
  EXPECT_EQ(seen, 8);
  const std::string manifest(written.at("manifest.csv").begin(), written.at("manifest.csv").end());
  for (int orientation = 1; orientation <= 8; ++orientation)
    EXPECT_NE(manifest.find(",62.5 42 53.5 34," + std::to_string(orientation) + ","), std::string::npos)
        << orientation;
}

TEST_F(Aihub, WholeImagesAreWrittenUpright) {
  for (int orientation = 1; orientation <= 8; ++orientation)
    set_.images[static_cast<std::size_t>(orientation)].bytes = test::with_orientation(
        io::encode_image(test::stored_for(test::four_corners(120, 80), orientation), "x.jpg"), orientation);
  test::write_files(in(), set_.files());
  PrepareOptions options;
  options.set = "aihub";
  options.in = {in()};
  options.out = out();
  options.faces = Faces::none;
  options.map = "none";
  options.split.similar_bits = -1;
  prepare(options);
  int seen = 0;
  for (const auto& [name, bytes] : test::read_files(out())) {
    for (std::size_t i = 1; i <= 8; ++i) {
      if (!name.ends_with(".jpg") || stem_of(name) != stem_of(set_.images[i].name)) continue;
      ++seen;
      const io::Image image = io::decode_image(bytes, name);
      EXPECT_EQ(image.width, 120) << name;
      EXPECT_EQ(test::corners_of(image), "RGBW") << i;
      EXPECT_EQ(bytes == set_.images[i].bytes, i == 1) << i;  // upright in the file: its bytes are kept
    }
  }
  EXPECT_EQ(seen, 8);
}

TEST_F(Aihub, TwoOfThreeAnnotatorsDecideAgainstTheFolder) {
  set_.images[0].votes = {"중립", "기쁨", "중립"};
  set_.images[1].votes = {"기쁨", "기쁨", "슬픔"};
  set_.images[2].votes = {"기쁨", "중립", "슬픔"};
  const Files files = set_.files();
  std::map<std::string, std::string> labels;
  const Collection vote = collect(files);
  for (const Item& item : vote.items) labels[base_name(item.file.path)] = item.label;
  EXPECT_EQ(labels.at(set_.images[0].name), "neutral");
  EXPECT_EQ(labels.at(set_.images[1].name), "joy");
  EXPECT_FALSE(labels.contains(set_.images[2].name));
  EXPECT_EQ(reasons(vote), (std::map<std::string, std::size_t>{{"annotators disagree", 1}}));

  const Collection unanimous = collect(files, LabelRule::unanimous);
  EXPECT_EQ(unanimous.items.size(), 53u);
  EXPECT_EQ(reasons(unanimous), (std::map<std::string, std::size_t>{{"annotators disagree", 3}}));

  const Collection folder = collect(files, LabelRule::folder);
  EXPECT_EQ(folder.items.size(), 56u);
  labels.clear();
  for (const Item& item : folder.items) labels[base_name(item.file.path)] = item.label;
  EXPECT_EQ(labels.at(set_.images[0].name), "joy");
  EXPECT_EQ(labels.at(set_.images[2].name), "joy");
}

TEST_F(Aihub, TheDefaultMapHasThreeClassesAndLeavesOutEmbarrassmentAndUnknown) {
  set_.images[0].votes = {"알수없음", "알수없음", "기쁨"};
  set_.images[1].votes = {"알 수 없음", "알수없음", "알수없음"};
  const Summary summary = prepared(set_.files());
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"positive", "neutral", "negative"}));
  std::vector<std::size_t> counts;
  for (const auto& of_class : summary.counts) counts.push_back(of_class[0] + of_class[1] + of_class[2]);
  EXPECT_EQ(counts, (std::vector<std::size_t>{6, 8, 32}));
  std::map<std::string, std::size_t> why;
  for (const LeftOut& one : summary.left_out) ++why[one.reason];
  EXPECT_EQ(why, (std::map<std::string, std::size_t>{{"its label is in no class: embarrassment", 8},
                                                     {"its label is in no class: unknown", 2}}));
  const std::vector<std::uint8_t> classes = test::read_bytes(out() + "/classes.txt");
  EXPECT_EQ(std::string(classes.begin(), classes.end()), "negative\nneutral\npositive\n");
}

TEST_F(Aihub, AMapFileOverridesTheClasses) {
  const std::string map = folder_ / "map.txt";
  test::write_bytes(map, test::bytes_of("# two\ngood: 기쁨, neutral\nbad: ANGER, 상처, Sadness\n"));
  const Summary summary = prepared(set_.files(), map);
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"good", "bad"}));
  EXPECT_EQ(summary.counts[0][0] + summary.counts[0][1] + summary.counts[0][2], 16u);
  EXPECT_EQ(summary.counts[1][0] + summary.counts[1][1] + summary.counts[1][2], 24u);
}

TEST_F(Aihub, NoPersonIsInTwoSplits) {
  const Summary summary = prepared(set_.files(), "none");
  EXPECT_EQ(summary.classes.size(), 7u);
  std::map<std::string, std::set<std::string>> splits_of;
  std::set<std::string> splits;
  for (const auto& [name, bytes] : test::read_files(out())) {
    if (!name.ends_with(".jpg") || name.starts_with("contact")) continue;
    const std::string split = name.substr(0, name.find('/'));
    splits_of[base_name(name).substr(0, 64)].insert(split);
    splits.insert(split);
  }
  EXPECT_EQ(splits_of.size(), static_cast<std::size_t>(AihubSet::kPersons));
  EXPECT_EQ(splits.size(), 3u);
  for (const auto& [person, in] : splits_of) EXPECT_EQ(in.size(), 1u) << person;
}

TEST_F(Aihub, AnImageInAZipAndUnpackedCountsOnce) {
  Files files = set_.files();
  files[AihubSet::image_folder("기쁨") + ".zip"] = test::zipped(set_.images_of("기쁨"));
  const Collection collection = collect(files);
  EXPECT_EQ(collection.items.size(), 56u);
  EXPECT_EQ(
      reasons(collection),
      (std::map<std::string, std::size_t>{{"a second copy of an image (in a zip and unpacked, say)", 8}}));
}

TEST_F(Aihub, ImagesWithoutRecordsAndRecordsWithoutImages) {
  Files files = set_.files();
  files.erase(AihubSet::image_folder("분노") + "/" + set_.images[16].name);
  files.erase(AihubSet::label_file("중립"));
  files["readme.json"] = test::bytes_of("{\"version\": 1}");
  const Collection collection = collect(files);
  EXPECT_EQ(collection.items.size(), 47u);
  EXPECT_EQ(reasons(collection), (std::map<std::string, std::size_t>{{"no label record", 8}}));
  ASSERT_EQ(collection.notes.size(), 2u);
  test::expect_contains(collection.notes[0], "readme.json");
  test::expect_contains(collection.notes[1], "1 label records name images that aren't there");
}

TEST_F(Aihub, ErrorsShowWhatWasExpectedBesideWhatWasFound) {
  Files no_labels;
  for (const auto& [name, bytes] : set_.files())
    if (name.ends_with(".jpg")) no_labels[name] = bytes;
  const std::string error = test::error_of([&] { collect(no_labels); });
  for (const char* part :
       {"no label files", "img_emotion_training_data", "EMOIMG_기쁨_TRAIN_01/ (8 images)", "--in"})
    test::expect_contains(error, part);
  EXPECT_EQ(collect(no_labels, LabelRule::folder).items.size(), 56u);
  Files damaged = set_.files();
  damaged[AihubSet::label_file("기쁨")].resize(100);
  test::expect_contains(test::error_of([&] { collect(damaged); }),
                        "img_emotion_training_data(기쁨).json:1:100: not valid JSON");
}

}  // namespace
}  // namespace poster::prepare
