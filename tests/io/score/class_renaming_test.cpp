#include "io/score/class_renaming.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace poster::io {
namespace {

using Table = std::vector<std::vector<std::int64_t>>;

ConfusionMatrix matrix(const Table& counts) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < counts.size(); ++i) names.push_back(std::string(1, static_cast<char>('a' + i)));
  ConfusionMatrix confusion(names, static_cast<int>(counts[0].size()));
  for (std::size_t label = 0; label < counts.size(); ++label)
    for (std::size_t output = 0; output < counts[label].size(); ++output)
      confusion.add(static_cast<int>(label), static_cast<int>(output), counts[label][output]);
  return confusion;
}

TEST(ClassRenaming, FindsTwoClassesThatChangedPlaces) {
  const auto confusion = matrix({{90, 5, 5}, {4, 8, 88}, {2, 91, 7}});
  const auto renaming = find_class_renaming(confusion);
  ASSERT_TRUE(renaming);
  EXPECT_EQ(renaming->output_of, (std::vector<int>{0, 2, 1}));
  EXPECT_NEAR(renaming->accuracy, 35.0, 1e-9);
  EXPECT_NEAR(renaming->renamed_accuracy, 269 / 3.0, 1e-9);
  const std::string text = describe(*renaming, confusion);
  EXPECT_NE(text.find("35.0 % as they are named, 89.7 %"), std::string::npos) << text;
  EXPECT_NE(text.find("output 1, named b: c (91.0 % of the images of c)"), std::string::npos) << text;
  EXPECT_NE(text.find("output 0, named a: stays"), std::string::npos) << text;
  EXPECT_NE(text.find("--classes a,c,b"), std::string::npos) << text;
}

TEST(ClassRenaming, IsTheBestOfAllAssignments) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const std::size_t classes = 2 + random() % 4, outputs = classes + random() % 3;
    // Each class mostly on one output of a random choice, so that most tables have a renaming.
    std::vector<int> order(outputs);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    Table counts(classes, std::vector<std::int64_t>(outputs));
    for (std::size_t label = 0; label < classes; ++label)
      for (auto& count : counts[label]) count = random() % 60;
    for (std::size_t label = 0; label < classes; ++label) counts[label][order[label]] += 40 + random() % 200;
    const auto confusion = matrix(counts);
    double best = 0;
    std::sort(order.begin(), order.end());
    do {
      double recall = 0;
      for (std::size_t label = 0; label < classes; ++label)
        recall += confusion.row_share(static_cast<int>(label), order[label]);
      best = std::max(best, 100 * recall / static_cast<double>(classes));
    } while (std::next_permutation(order.begin(), order.end()));
    const auto renaming = find_class_renaming(confusion);
    double named = 0;
    for (int label = 0; label < confusion.classes(); ++label)
      named += 100 * confusion.row_share(label, label) / confusion.classes();
    if (!renaming) {
      EXPECT_LT(best - named, 40) << round;  // with these numbers of images 40 points are no chance
      continue;
    }
    EXPECT_NEAR(renaming->renamed_accuracy, best, 1e-9) << round;
    EXPECT_NEAR(renaming->accuracy, named, 1e-9) << round;
    std::vector<int> used = renaming->output_of;
    std::sort(used.begin(), used.end());
    EXPECT_EQ(std::adjacent_find(used.begin(), used.end()), used.end()) << round;
  }
}

TEST(ClassRenaming, SmallClassesCountAsMuchAsLargeOnes) {
  // By counts the first class would take the second's output.
  const auto renaming = find_class_renaming(matrix({{0, 468, 432}, {18, 42, 0}, {30, 0, 30}}));
  ASSERT_TRUE(renaming);
  EXPECT_EQ(renaming->output_of, (std::vector<int>{2, 1, 0}));
}

TEST(ClassRenaming, AnOutputBeyondTheClassesCanStandForOne) {
  const auto renaming = find_class_renaming(matrix({{3, 2, 0, 95}, {5, 90, 5, 0}}));
  ASSERT_TRUE(renaming);
  EXPECT_EQ(renaming->output_of, (std::vector<int>{3, 1}));
}

TEST(ClassRenaming, ClassesWithoutImagesAreLeftOut) {
  const auto confusion = matrix({{1, 99, 0}, {98, 2, 0}, {0, 0, 0}});
  const auto renaming = find_class_renaming(confusion);
  ASSERT_TRUE(renaming);
  EXPECT_EQ(renaming->output_of, (std::vector<int>{1, 0, -1}));
  EXPECT_EQ(describe(*renaming, confusion).find("--classes"), std::string::npos);
}

TEST(ClassRenaming, SaysNothingOfNetworksThatAreMerelyBad) {
  EXPECT_FALSE(find_class_renaming(matrix({{90, 5, 5}, {5, 90, 5}, {5, 5, 90}})));
  // One class alone, whatever the image: renaming it to the commonest label would raise the accuracy.
  EXPECT_FALSE(find_class_renaming(matrix({{0, 0, 800}, {0, 0, 100}, {0, 0, 100}})));
  // A dozen images say nothing.
  EXPECT_FALSE(find_class_renaming(matrix({{1, 3}, {3, 1}})));
  // Some confusion of two classes among seven.
  Table seven(7, std::vector<std::int64_t>(7, 10));
  for (int i = 0; i < 7; ++i) seven[i][i] = 100;
  seven[1] = {10, 60, 75, 10, 10, 10, 10};
  seven[2] = {10, 70, 65, 10, 10, 10, 10};
  EXPECT_FALSE(find_class_renaming(matrix(seven)));
  EXPECT_FALSE(find_class_renaming(ConfusionMatrix({"a", "b"})));
}

TEST(ClassRenaming, GuessesDoNotLookLikeAnOrder) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    ConfusionMatrix confusion({"a", "b", "c", "d", "e", "f", "g"});
    for (int i = 0; i < 140; ++i) confusion.add(i % 7, static_cast<int>(random() % 7));
    EXPECT_FALSE(find_class_renaming(confusion)) << round;
  }
}

}  // namespace
}  // namespace poster::io
