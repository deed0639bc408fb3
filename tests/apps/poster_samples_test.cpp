#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

namespace {

namespace fs = std::filesystem;

struct Outcome {
  int exit_code;
  std::string output, errors;
};

class PosterSamplesTest : public testing::Test {
 protected:
  PosterSamplesTest()
      : root_(fs::temp_directory_path() / ("poster_samples_" + std::to_string(getpid()) + "_" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~PosterSamplesTest() override { fs::remove_all(root_); }

  Outcome run(const std::string& arguments) const {
    const std::string errors = (root_ / "stderr").string();
    const std::string command = "cd '" + root_.string() + "' && '" POSTER_BIN_DIR "/poster_samples' " +
                                arguments + " 2>'" + errors + "'";
    Outcome outcome;
    FILE* pipe = popen(command.c_str(), "r");
    outcome.output = read_all(pipe);
    const int status = pclose(pipe);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    FILE* file = std::fopen(errors.c_str(), "r");
    outcome.errors = read_all(file);
    std::fclose(file);
    return outcome;
  }

  void expect_error(const std::string& arguments, const std::string& names) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 1) << arguments;
    EXPECT_EQ(outcome.output, "") << arguments;
    EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
    EXPECT_EQ(outcome.errors.find("poster_samples: "), 0u) << outcome.errors;
    EXPECT_NE(outcome.errors.find(names), std::string::npos) << outcome.errors;
  }

  int count_pictures(const std::string& folder) const {
    int count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / folder))
      count += entry.path().extension() == ".png";
    return count;
  }

  fs::path root_;

 private:
  static std::string read_all(FILE* file) {
    std::string text;
    char buffer[4096];
    for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, n);
    return text;
  }
};

TEST_F(PosterSamplesTest, WritesAndSaysWhat) {
  const Outcome outcome = run("--out faces --per-class 5 --seed 3 --size 48 --threads 2");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(count_pictures("faces"), 35);
  EXPECT_TRUE(fs::exists(root_ / "faces/test/surprise/face_00004_00.png"));
  EXPECT_NE(outcome.output.find("train      21 pictures, 3 per class, of 3 identities\n"), std::string::npos)
      << outcome.output;
}

TEST_F(PosterSamplesTest, HasItsOptions) {
  const Outcome outcome =
      run("--out deep/faces --per-class 6 --identities 6 --size 40 --lower --train-fraction 0.4 "
          "--valid-fraction 0.3");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_EQ(count_pictures("deep/faces/train"), 14);
  EXPECT_EQ(count_pictures("deep/faces/valid"), 14);
  EXPECT_EQ(count_pictures("deep/faces/test"), 14);
}

TEST_F(PosterSamplesTest, HelpNamesEveryOption) {
  const Outcome outcome = run("--help");
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* option : {"--out", "--per-class", "--identities", "--seed", "--size", "--lower",
                             "--train-fraction", "--valid-fraction", "--threads", "--force"})
    EXPECT_NE(outcome.output.find(option), std::string::npos) << option;
}

TEST_F(PosterSamplesTest, SaysErrorsOnOneLine) {
  expect_error("", "--out");
  expect_error("--out faces --per-clas 5", "--per-clas");
  expect_error("--out faces --per-class many", "--per-class");
  expect_error("--out faces --seed -1", "--seed");
  expect_error("--out faces --per-class 2", "per-class");
  expect_error("--out faces --size 8", "size");
  expect_error("--out faces --train-fraction 0.95", "train-fraction");
  EXPECT_FALSE(fs::exists(root_ / "faces"));
}

TEST_F(PosterSamplesTest, WantsForceForAFolderThatIsntEmpty) {
  const std::string arguments = "--out faces --per-class 3 --size 32";
  ASSERT_EQ(run(arguments).exit_code, 0);
  expect_error(arguments, "--force");
  EXPECT_EQ(run(arguments + " --force").exit_code, 0);
  EXPECT_EQ(count_pictures("faces"), 21);
}

}  // namespace
