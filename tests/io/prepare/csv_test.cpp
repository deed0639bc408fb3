// any set with a CSV file: a look-alike of at least 50 images, with its traps.
#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

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
            (Counts{{"listed, but the image isn't there", 1}, {"a row without path or label", 1}}));
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

}  // namespace
}  // namespace poster::prepare
