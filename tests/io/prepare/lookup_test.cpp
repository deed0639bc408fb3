// Which image a list means, in every set that has lists: beside the list, below it, elsewhere, or none.
#include "io/prepare/image_lookup.h"

#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

class ImageLookupTest : public PrepareSets {
 protected:
  // What `name` in the list is: the image's path, or "!" and the reason.
  std::string found(const Files& files, const std::string& list, const std::string& name,
                    std::vector<std::string> places = {}) {
    std::filesystem::remove_all(in());
    test::write_files(in(), files);
    const FileTree tree({in()});
    const ImageLookup lookup(tree, *tree.find(list), std::move(places));
    const FoundImage image = lookup.find(name);
    return image.file ? image.file->path : "!" + image.reason;
  }

  static Files named(const std::vector<std::string>& names) {
    Files files;
    std::uint64_t number = 0;
    for (const std::string& name : names)
      files[name] = name.ends_with(".jpg") ? test::made_jpeg(++number) : bytes_of("x");
    return files;
  }

  // Labels by path.
  static std::map<std::string, std::string> labels_by_path(const Collection& collection) {
    std::map<std::string, std::string> labels;
    for (const Item& item : collection.items) labels[item.file.path] = item.label;
    return labels;
  }
};

constexpr const char* kNotThere = "!listed, but the image isn't there";
constexpr const char* kAmbiguous = "!ambiguous: several images have the listed name";
constexpr const char* kOtherSplit = "!listed, but only a folder of another split has the name";

TEST_F(ImageLookupTest, StepsOutwardsFromTheList) {
  const Files files =
      named({"a/list.txt", "a/0.jpg", "a/images/0.jpg", "a/images/1.jpg", "a/deep/er/2.jpg", "a/x/3.jpg",
             "a/y/3.jpg", "0.jpg", "ab/2.jpg", "b/4.jpg", "b/5.jpg", "c/5.jpg", "b/1.jpg"});
  const auto is = [&](const std::string& name) { return found(files, "a/list.txt", name, {"images"}); };
  EXPECT_EQ(is("0.jpg"), "a/0.jpg");          // beside it, whatever else there is
  EXPECT_EQ(is("1.jpg"), "a/images/1.jpg");   // in the usual place
  EXPECT_EQ(is("2.jpg"), "a/deep/er/2.jpg");  // "ab" isn't below "a"
  EXPECT_EQ(is("er/2.jpg"), "a/deep/er/2.jpg");
  EXPECT_EQ(is("r/2.jpg"), kNotThere);  // a part of a folder's name is no folder
  EXPECT_EQ(is("3.jpg"), kAmbiguous);
  EXPECT_EQ(is("x/3.jpg"), "a/x/3.jpg");
  EXPECT_EQ(is("4.jpg"), "b/4.jpg");
  EXPECT_EQ(is("5.jpg"), kAmbiguous);
  EXPECT_EQ(is("b/5.jpg"), "b/5.jpg");
  EXPECT_EQ(is("../b/5.jpg"), "b/5.jpg");
  EXPECT_EQ(is(".\\x\\3.jpg"), "a/x/3.jpg");
  EXPECT_EQ(is("../../b/5.jpg"), kNotThere);
  EXPECT_EQ(is("../5.jpg"), kNotThere);  // says where, and it isn't there
  EXPECT_EQ(is("4.JPG"), kNotThere);     // another name
  EXPECT_EQ(is(""), kNotThere);
  EXPECT_EQ(is(".."), kNotThere);
  EXPECT_EQ(is(in() + "/b/5.jpg"), "b/5.jpg");
  EXPECT_EQ(is("/nowhere/5.jpg"), kNotThere);
  EXPECT_EQ(is(in() + "/b"), "!listed, but not a regular file");
}

TEST_F(ImageLookupTest, AFolderOfAnotherSplitDoesntFit) {
  const Files files = named({"val.txt", "train_set/images/7.jpg", "val_set/8.jpg", "interval/9.jpg",
                             "latest/trainee/6.jpg", "set_train/lists/val.txt", "set_train/pics/1.jpg"});
  EXPECT_EQ(found(files, "val.txt", "7.jpg"), kOtherSplit);
  EXPECT_EQ(found(files, "val.txt", "train_set/images/7.jpg"),
            "train_set/images/7.jpg");  // it says so itself
  EXPECT_EQ(found(files, "val.txt", "8.jpg"), "val_set/8.jpg");
  EXPECT_EQ(found(files, "val.txt", "9.jpg"), "interval/9.jpg");
  EXPECT_EQ(found(files, "val.txt", "6.jpg"), "latest/trainee/6.jpg");
  EXPECT_EQ(found(files, "set_train/lists/val.txt", "1.jpg"),
            "set_train/pics/1.jpg");  // both lie in set_train
}

TEST_F(ImageLookupTest, WordsTellSplitsAndLettersDont) {
  for (const char* name :
       {"val", "VAL_set", "affectnet-valid", "FER2013Valid", "validation.csv", "my dev list"})
    EXPECT_EQ(split_by_word(name), Split::valid) << name;
  for (const char* name : {"valence", "interval", "evaluation", "latest", "contest", "constrained", "trainee",
                           "device", "train_val", "retrain", "prétrain", "valué", ""})
    EXPECT_EQ(split_by_word(name), std::nullopt) << name;
  EXPECT_EQ(split_by_path("test/interval/train_1"), Split::train);
  EXPECT_EQ(split_by_path("test/interval/a"), Split::test);
}

// POSTER V1's layout: lists beside images/, numbers that start anew in each set.
TEST_F(ImageLookupTest, AffectNetNumbersStartAnewInEachSet) {
  Files files = named({"train_set/images/0.jpg", "train_set/images/1.jpg", "train_set/images/2.jpg",
                       "valid_set/images/0.jpg", "valid_set/images/1.jpg"});
  files["train_set/train_annotations_7class.txt"] = bytes_of("0.jpg 0\n1.jpg 1\n2.jpg 2\n");
  files["valid_set/valid_annotations_7class.txt"] = bytes_of("0.jpg 3\n1.jpg 4\n2.jpg 5\n");
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(labels_by_path(collection),
            (std::map<std::string, std::string>{{"train_set/images/0.jpg", "neutral"},
                                                {"train_set/images/1.jpg", "happiness"},
                                                {"train_set/images/2.jpg", "sadness"},
                                                {"valid_set/images/0.jpg", "surprise"},
                                                {"valid_set/images/1.jpg", "fear"}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 3}, {"test", 2}}));
  // 2.jpg of the validation list is not train_set's.
  ASSERT_EQ(collection.left_out.size(), 1u);
  EXPECT_EQ(collection.left_out[0].source, "valid_set/valid_annotations_7class.txt:3");
}

TEST_F(ImageLookupTest, AffectNetTablesThatNameSeveralImages) {
  Files files = named({"train_set/images/0.jpg", "train_set/images/1.jpg", "val_set/images/0.jpg"});
  files["training.csv"] = bytes_of("0.jpg,1,1,9,9,x,0,0,0\n1.jpg,1,1,9,9,x,1,0,0\n");
  files["validation.csv"] = bytes_of("0.jpg,1,1,9,9,x,2,0,0\n1.jpg,1,1,9,9,x,3,0,0\n");
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(labels_by_path(collection),
            (std::map<std::string, std::string>{{"train_set/images/1.jpg", "happiness"}}));
  EXPECT_EQ(reasons(collection.left_out), (Counts{{kAmbiguous + 1, 2}, {kOtherSplit + 1, 1}}));
  files.erase("train_set/images/1.jpg");
  const std::string error = error_of("affectnet", files);
  test::expect_contains(error, "train_set/images/0.jpg and val_set/images/0.jpg");
  test::expect_contains(error, "training.csv:1");
}

TEST_F(ImageLookupTest, AListStandsForOnePlace) {
  Files files = named({"a/0.jpg", "b/1.jpg", "b/0.jpg"});
  files["a/list.csv"] = bytes_of("path,label\n0.jpg,joy\n1.jpg,joy\n");
  files["b/list.csv"] = bytes_of("path,label\n0.jpg,sad\n1.jpg,sad\n");
  const Collection collection = collect("csv", files);
  EXPECT_EQ(labels_by_path(collection),
            (std::map<std::string, std::string>{{"a/0.jpg", "joy"}, {"b/0.jpg", "sad"}, {"b/1.jpg", "sad"}}));
  EXPECT_EQ(reasons(collection.left_out),
            (Counts{{"listed, but not in the list's folder, where its other images are", 1}}));
}

TEST_F(ImageLookupTest, ANameFromTheRootThatAlsoFitsBesideTheListIsTold) {
  Files files = named({"a/b/0.jpg", "b/0.jpg"});
  files["a/list.csv"] = bytes_of("path,label\nb/0.jpg,joy\n");
  const Collection collection = collect("csv", files);
  EXPECT_EQ(labels_by_path(collection), (std::map<std::string, std::string>{{"a/b/0.jpg", "joy"}}));
  ASSERT_EQ(collection.notes.size(), 2u);
  test::expect_contains(collection.notes.front(),
                        "a/list.csv: 1 names fit an image beside it and another from the root");
  test::expect_contains(collection.notes[1], "1 images that nothing labels, the first is b/0.jpg");
}

TEST_F(ImageLookupTest, WhatOneListLeavesOutAndAnotherLabelsIsNotLeftOut) {
  Files files = named({"images/0.jpg", "images/1.jpg", "images/2.jpg"});
  files["a.txt"] = bytes_of("0.jpg 0\n1.jpg 8\n2.jpg 1\n");
  files["b.txt"] = bytes_of("0.jpg 0\n1.jpg 3\n2.jpg 2\n");
  test::write_files(in(), files);
  const Summary summary = prepared("affectnet", "none");
  EXPECT_EQ(summary.left_out,
            (std::vector<LeftOut>{
                {"images/2.jpg", "ambiguous: listed with two labels or persons", "happiness and sadness"}}));
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"neutral", "surprise"}));
}

TEST_F(ImageLookupTest, AnImageListedInTwoSplitsCountsWhereItIsReportedOn) {
  Files files = named({"images/0.jpg", "images/1.jpg"});
  files["train.txt"] = bytes_of("0.jpg 0\n1.jpg 0\n");
  files["val.txt"] = bytes_of("0.jpg 0\n");
  test::write_files(in(), files);
  const Summary summary = prepared("affectnet");
  EXPECT_TRUE(summary.left_out.empty());
  EXPECT_EQ(summary.counts, (std::vector<std::array<std::size_t, 3>>{{1, 0, 1}}));
}

TEST_F(ImageLookupTest, AMalformedLineOfAListIsAnError) {
  Files files = named({"images/0.jpg", "images/1.jpg", "images/2.jpg"});
  files["train.txt"] = bytes_of("0.jpg 0\n1.jpg\n2.jpg 1\n");
  test::expect_contains(error_of("affectnet", files),
                        "train.txt:2: expected an image's name and its label, as '0.jpg 3', found '1.jpg'");
  files["train.txt"] = bytes_of("0.jpg 0\n2.jpg 1\n");
  files["readme.txt"] = bytes_of("lists\nsuch as\nimages/1.jpg 3\n");
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(collection.items.size(), 2u);
  ASSERT_FALSE(collection.notes.empty());
  test::expect_contains(collection.notes.front(), "readme.txt: not read, 1 of its 3 lines");
}

TEST_F(ImageLookupTest, WhatIsNamedWinsOverWhatIsFound) {
  Files files = named({"pics/0.jpg", "pics/1.jpg"});
  files["pics/old.csv"] = bytes_of("path,label\n0.jpg,sad\n1.jpg,sad\n");
  files["pics/new.csv"] = bytes_of("path,label\n0.jpg,joy\n1.jpg,joy\n");
  test::write_files(in(), files);
  const FileTree both({in()});
  EXPECT_EQ(labels(collect_set(source_set("csv"), both, {})),
            (Counts{{"joy", 2}, {"sad", 2}}));  // none is dropped
  const FileTree named({in(), in() + "/pics/new.csv"});
  const Collection collection = collect_set(source_set("csv"), named, {});
  EXPECT_EQ(labels(collection), (Counts{{"joy", 2}}));
  ASSERT_FALSE(collection.notes.empty());
  test::expect_contains(collection.notes.front(), "in/pics/old.csv: not read, in/pics/new.csv was named");
  // With a name of any ending, beside the images' folder.
  test::write_bytes(folder_ / "labels.dat", bytes_of("path,label\n0.jpg,calm\n"));
  const FileTree beside({in(), folder_ / "labels.dat"});
  EXPECT_EQ(labels(collect_set(source_set("csv"), beside, {})), (Counts{{"calm", 1}}));
}

TEST_F(ImageLookupTest, ATableWithoutItsImages) {
  test::write_files(in(), {{"labels.csv", bytes_of("path,label\n0.jpg,joy\n")}});
  const FileTree tree({in() + "/labels.csv"});
  test::expect_contains(test::error_of([&] { collect_set(source_set("csv"), tree, {}); }),
                        "name the folder of the images with --in, too");
}

TEST_F(ImageLookupTest, TwinsOfAZipAndAFolder) {
  Files files = named({"set/0.jpg", "set/1.jpg", "set/list.csv"});
  files["set/list.csv"] = bytes_of("path,label\n0.jpg,joy\n1.jpg,sad\n");
  Files zip = {{"0.jpg", files["set/0.jpg"]}, {"1.jpg", test::made_jpeg(77)}};
  files["set.zip"] = test::zipped(zip);
  test::write_files(in(), files);
  const Collection collection = collect_set(source_set("csv"), FileTree({in()}), {});
  EXPECT_EQ(labels_by_path(collection), (std::map<std::string, std::string>{{"set/0.jpg", "joy"}}));
  EXPECT_EQ(reasons(collection.left_out),
            (Counts{{kAmbiguous + 1, 1}, {"a second copy of an image (in a zip and unpacked, say)", 1}}));
}

TEST_F(ImageLookupTest, RafDbTakesAlignedImagesOrOriginalsNotBoth) {
  Files files =
      named({"basic/Image/aligned/train_00001_aligned.jpg", "basic/Image/original/train_00001.jpg",
             "basic/Image/original/train_00002.jpg", "compound/Image/aligned/train_00001_aligned.jpg"});
  files["basic/EmoLabel/list_patition_label.txt"] = bytes_of("train_00001.jpg 5\ntrain_00002.jpg 4\n");
  const Collection collection = collect("raf-db", files);
  EXPECT_EQ(labels_by_path(collection),
            (std::map<std::string, std::string>{{"basic/Image/aligned/train_00001_aligned.jpg", "sadness"}}));
  EXPECT_EQ(reasons(collection.left_out), (Counts{{kNotThere + 1, 1}}));
  files["compound/EmoLabel/list_patition_label.txt"] = bytes_of("train_00001.jpg 1\n");
  const std::string error = error_of("raf-db", files);
  test::expect_contains(
      error, "basic/EmoLabel/list_patition_label.txt and compound/EmoLabel/list_patition_label.txt");
}

TEST_F(ImageLookupTest, FoldersThatAreSplitsByAWord) {
  Files files;
  for (int i = 0; i < 12; ++i)
    files[std::string(i < 8 ? "train_images/" : "test_images/") + (i % 2 ? "joy/" : "sad/") +
          std::to_string(i) + ".jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
  const Collection collection = collect("folder", files);
  EXPECT_EQ(labels(collection), (Counts{{"joy", 6}, {"sad", 6}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 8}, {"test", 4}}));
  // Classes whose names hold the letters are classes.
  Files classes;
  for (const char* name : {"valence", "interval", "contest"})
    classes[std::string(name) + "/0.jpg"] = test::made_jpeg(1);
  EXPECT_EQ(labels(collect("folder", classes)).size(), 3u);
}

TEST_F(ImageLookupTest, WhatIsLeftOverIsSaid) {
  Files files = named({"joy/0.jpg", "joy/1.heic", "sad/2.jpg", "sad/3.heic", "notes.pdf", ".hidden"});
  const Collection collection = collect("folder", files);
  ASSERT_EQ(collection.notes.size(), 1u);
  EXPECT_EQ(collection.notes[0], "left out: 2 .heic, 1 .pdf; 1 hidden");
}

}  // namespace
}  // namespace poster::prepare
