#include "io/score/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/error.h"
#include "io/format/display_width.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::message_of;

// labels × predictions: 5 1 0 / 2 3 1 / 0 0 8
ConfusionMatrix sample() {
  ConfusionMatrix matrix({"negative", "neutral", "positive"});
  const std::int64_t counts[3][3] = {{5, 1, 0}, {2, 3, 1}, {0, 0, 8}};
  for (int label = 0; label < 3; ++label)
    for (int prediction = 0; prediction < 3; ++prediction)
      matrix.add(label, prediction, counts[label][prediction]);
  return matrix;
}

TEST(ConfusionMatrix, ByHand) {
  const ConfusionMatrix matrix = sample();
  EXPECT_EQ(matrix.total(), 20);
  EXPECT_EQ(matrix.support(1), 6);
  EXPECT_EQ(matrix.count(1, 0), 2);
  EXPECT_EQ(matrix.count(0, 1), 1);
  EXPECT_DOUBLE_EQ(matrix.accuracy(), 80);
  EXPECT_DOUBLE_EQ(matrix.row_share(1, 0), 2 / 6.0);
  const auto classes = matrix.per_class();
  ASSERT_EQ(classes.size(), 3u);
  EXPECT_EQ(classes[0].name, "negative");
  EXPECT_DOUBLE_EQ(classes[0].precision, 5 / 7.0);
  EXPECT_DOUBLE_EQ(classes[0].recall, 5 / 6.0);
  EXPECT_DOUBLE_EQ(classes[0].f1, 10 / 13.0);
  EXPECT_DOUBLE_EQ(classes[1].precision, 3 / 4.0);
  EXPECT_DOUBLE_EQ(classes[1].recall, 3 / 6.0);
  EXPECT_DOUBLE_EQ(classes[1].f1, 0.6);
  EXPECT_DOUBLE_EQ(classes[2].precision, 8 / 9.0);
  EXPECT_DOUBLE_EQ(classes[2].recall, 1);
  EXPECT_EQ(classes[2].support, 8);
  EXPECT_DOUBLE_EQ(matrix.macro_f1(), (10 / 13.0 + 0.6 + 16 / 17.0) / 3);
}

TEST(ConfusionMatrix, AddsBatchesAndOtherMatrices) {
  ConfusionMatrix matrix({"a", "b"});
  const std::vector<std::int32_t> labels{0, 1, 1, 0}, predictions{0, 1, 0, 0};
  matrix.add(labels, predictions);
  ConfusionMatrix other({"a", "b"});
  other.add(1, 1, 4);
  matrix.add(other);
  EXPECT_EQ(matrix.count(0, 0), 2);
  EXPECT_EQ(matrix.count(1, 0), 1);
  EXPECT_EQ(matrix.count(1, 1), 5);
  EXPECT_EQ(matrix.total(), 8);
}

TEST(ConfusionMatrix, MoreOutputsThanClasses) {
  ConfusionMatrix matrix({"a", "b"}, 7);
  matrix.add(0, 0, 3);
  matrix.add(0, 5, 1);
  matrix.add(1, 1, 4);
  EXPECT_EQ(matrix.outputs(), 7);
  EXPECT_DOUBLE_EQ(matrix.accuracy(), 87.5);
  EXPECT_DOUBLE_EQ(matrix.per_class()[0].recall, 0.75);
  EXPECT_DOUBLE_EQ(matrix.per_class()[0].precision, 1);
  EXPECT_DOUBLE_EQ(matrix.macro_f1(), (6 / 7.0 + 1) / 2);
  EXPECT_EQ(matrix.output_name(5), "output 5");
  // The table shows the stray output that was predicted and not the four others.
  EXPECT_NE(matrix.text().find("output 5"), std::string::npos);
  EXPECT_EQ(matrix.text().find("output 2"), std::string::npos);
  EXPECT_EQ(matrix.json()["confusion"], nlohmann::ordered_json::parse("[[3,0,0,0,0,1,0],[0,4,0,0,0,0,0]]"));
}

TEST(ConfusionMatrix, NothingCounted) {
  const ConfusionMatrix matrix({"a", "b"});
  EXPECT_TRUE(std::isnan(matrix.accuracy()));
  EXPECT_TRUE(std::isnan(matrix.macro_f1()));
  EXPECT_TRUE(std::isnan(matrix.row_share(0, 0)));
  EXPECT_TRUE(matrix.json()["accuracy"].is_null());
  EXPECT_EQ(matrix.json()["per_class"][0]["precision"], 0.0);
  EXPECT_NE(matrix.text().find("accuracy - %"), std::string::npos);
}

TEST(ConfusionMatrix, AClassWithoutImagesTakesNoPartInTheMean) {
  ConfusionMatrix matrix({"a", "b", "none"});
  matrix.add(0, 0, 2);
  matrix.add(1, 1, 2);
  EXPECT_DOUBLE_EQ(matrix.macro_f1(), 1);
  matrix.add(1, 2, 1);
  EXPECT_DOUBLE_EQ(matrix.per_class()[2].f1, 0);
  EXPECT_DOUBLE_EQ(matrix.macro_f1(), (1 + 0.8) / 2);
}

TEST(ConfusionMatrix, OutOfRangeIsAnError) {
  ConfusionMatrix matrix({"a", "b"});
  EXPECT_NE(message_of<Error>([&] { matrix.add(2, 0); }).find("label 2"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { matrix.add(-1, 0); }).find("label -1"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { matrix.add(0, 2); }).find("prediction 2"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { matrix.add(ConfusionMatrix({"a"})); }).find("can't be added"),
            std::string::npos);
  const std::vector<std::int32_t> one{0}, two{0, 1};
  EXPECT_NE(message_of<Error>([&] { matrix.add(one, two); }).find("1 labels for 2"), std::string::npos);
  EXPECT_EQ(matrix.total(), 0);
}

TEST(ConfusionMatrix, TextIsAligned) {
  EXPECT_EQ(sample().text(),
            "label \\ prediction  negative  neutral  positive\n"
            "negative                   5        1         0\n"
            "neutral                    2        3         1\n"
            "positive                   0        0         8\n"
            "\n"
            "class     precision  recall      F1  images\n"
            "negative     0.7143  0.8333  0.7692       6\n"
            "neutral      0.7500  0.5000  0.6000       6\n"
            "positive     0.8889  1.0000  0.9412       8\n"
            "macro F1                     0.7701      20\n"
            "\n"
            "accuracy 80.000 %\n");
}

TEST(ConfusionMatrix, TextIsAlignedForWideLetters) {
  ConfusionMatrix matrix({"기쁨", "中立的", "é"});
  matrix.add(0, 0, 12345);
  std::istringstream text(matrix.text());
  std::string line;
  int width = 0, lines = 0;
  while (std::getline(text, line) && !line.empty()) {
    if (width == 0) width = display_width(line);
    EXPECT_EQ(display_width(line), width) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 4);
}

TEST(ConfusionMatrix, Json) {
  const auto json = sample().json();
  EXPECT_EQ(json["classes"], (std::vector<std::string>{"negative", "neutral", "positive"}));
  EXPECT_EQ(json["confusion"][1], (std::vector<int>{2, 3, 1}));
  EXPECT_EQ(json["total"], 20);
  EXPECT_EQ(json["accuracy"], 80.0);
  EXPECT_EQ(json["per_class"][2]["support"], 8);
  EXPECT_EQ(json["per_class"][0]["f1"], 10 / 13.0);
}

TEST(DisplayWidth, OfLetters) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("é"), 1);
  EXPECT_EQ(display_width("e\xCC\x81"), 1);                 // e and a combining accent
  EXPECT_EQ(display_width("기쁨"), 4);                      // composed
  EXPECT_EQ(display_width("\xE1\x84\x80\xE1\x85\xB5"), 2);  // the same first syllable, decomposed
  EXPECT_EQ(display_width("cut\xE1\x84"), 4);               // damaged UTF-8 doesn't run over the end
}

TEST(AverageMeter, WeighsByImages) {
  AverageMeter meter;
  EXPECT_TRUE(std::isnan(meter.average()));
  meter.add(2, 64);
  meter.add(5, 32);
  EXPECT_DOUBLE_EQ(meter.value(), 5);
  EXPECT_DOUBLE_EQ(meter.average(), 3);
  EXPECT_EQ(meter.count(), 96);
  meter.add(NAN, 1);
  EXPECT_TRUE(std::isnan(meter.average()));
}

TEST(ConfusionMatrix, ComesBackFromJson) {
  ConfusionMatrix wide({"a", "b"}, 7);
  wide.add(0, 5, 3);
  for (const ConfusionMatrix& matrix : {sample(), wide, ConfusionMatrix({"none"})}) {
    const ConfusionMatrix back = ConfusionMatrix::from_json(matrix.json(), "file");
    EXPECT_EQ(back.json(), matrix.json());
    EXPECT_EQ(back.outputs(), matrix.outputs());
  }
}

TEST(ConfusionMatrix, RefusesDamagedJson) {
  const std::pair<const char*, const char*> cases[] = {{"/classes", "null"},
                                                       {"/classes", "[]"},
                                                       {"/classes", "[1,2,3]"},
                                                       {"/classes", "[\"a\"]"},
                                                       {"/outputs", "2"},
                                                       {"/outputs", "-3"},
                                                       {"/outputs", "4000000000"},
                                                       {"/outputs", "\"3\""},
                                                       {"/confusion", "{}"},
                                                       {"/confusion/1", "[1,2]"},
                                                       {"/confusion/1", "[8,-3,1]"},
                                                       {"/confusion/1/1", "-3"},
                                                       {"/confusion/1/1", "3.5"},
                                                       {"/confusion/1/1", "4"},
                                                       {"/confusion/1/1", "null"},
                                                       {"/confusion/1/1", "9000000000000000000"},
                                                       {"/total", "19"},
                                                       {"/total", "null"}};
  for (const auto& [place, value] : cases) {
    auto json = sample().json();
    json[nlohmann::ordered_json::json_pointer(place)] = nlohmann::ordered_json::parse(value);
    const std::string message = message_of<Error>([&] { ConfusionMatrix::from_json(json, "runs/e.json"); });
    EXPECT_EQ(message.find("runs/e.json: "), 0u) << place << " " << value << ": " << message;
    EXPECT_NE(message.find("evaluate the checkpoint again"), std::string::npos) << message;
  }
  for (const char* key : {"classes", "outputs", "confusion", "total"}) {
    auto json = sample().json();
    json.erase(key);
    const std::string message = message_of<Error>([&] { ConfusionMatrix::from_json(json, "e.json"); });
    EXPECT_NE(message.find(std::string("has no \"") + key), std::string::npos) << message;
  }
  EXPECT_NE(message_of<Error>([] { ConfusionMatrix::from_json(nlohmann::ordered_json::array(), "e"); }),
            "nothing thrown");
}

}  // namespace
}  // namespace poster::io
