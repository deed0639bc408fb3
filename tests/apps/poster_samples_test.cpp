#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;

class PosterSamplesTest : public poster::test::ProgramTest {
 protected:
  PosterSamplesTest() : ProgramTest("poster_samples"), root_(folder_.path()) {}

  int count_images(const std::string& folder) const {
    int count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / folder))
      count += entry.path().extension() == ".png";
    return count;
  }

  fs::path root_;
};

using poster::test::Outcome;

TEST_F(PosterSamplesTest, WritesAndSaysWhat) {
  const Outcome outcome = run("--out faces --per-class 5 --seed 3 --size 48 --threads 2");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(count_images("faces"), 35);
  EXPECT_TRUE(fs::exists(root_ / "faces/test/surprise/face_00004_00.png"));
  EXPECT_NE(outcome.output.find("train      21 images, 3 per class, of 3 identities\n"), std::string::npos)
      << outcome.output;
}

TEST_F(PosterSamplesTest, HasItsOptions) {
  const Outcome outcome =
      run("--out deep/faces --per-class 6 --identities 6 --size 40 --lower --train-fraction 0.4 "
          "--valid-fraction 0.3");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_EQ(count_images("deep/faces/train"), 14);
  EXPECT_EQ(count_images("deep/faces/valid"), 14);
  EXPECT_EQ(count_images("deep/faces/test"), 14);
}

TEST_F(PosterSamplesTest, HelpNamesEveryOption) {
  const Outcome outcome = run("--help");
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* option : {"--out", "--per-class", "--identities", "--seed", "--size", "--lower",
                             "--train-fraction", "--valid-fraction", "--threads", "--force"})
    EXPECT_NE(outcome.output.find(option), std::string::npos) << option;
}

TEST_F(PosterSamplesTest, SaysErrorsOnOneLine) {
  expect_error("", {"--out"});
  expect_error("--out faces --per-clas 5", {"--per-clas"});
  expect_error("--out faces --per-class many", {"--per-class"});
  expect_error("--out faces --seed -1", {"--seed"});
  expect_error("--out faces --per-class 2", {"per-class"});
  expect_error("--out faces --size 8", {"size"});
  expect_error("--out faces --train-fraction 0.95", {"train-fraction"});
  EXPECT_FALSE(fs::exists(root_ / "faces"));
}

TEST_F(PosterSamplesTest, WantsForceForAFolderThatIsntEmpty) {
  const std::string arguments = "--out faces --per-class 3 --size 32";
  ASSERT_EQ(run(arguments).exit_code, 0);
  expect_error(arguments, {"--force"});
  EXPECT_EQ(run(arguments + " --force").exit_code, 0);
  EXPECT_EQ(count_images("faces"), 21);
}

}  // namespace
