// How programs end when their output can't be written, and what names can do to their messages.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/error_text.h"
#include "tests/support/program.h"

namespace poster {
namespace {

using test::Outcome;

constexpr const char* kPrograms[] = {"poster_checkpoint", "poster_predict", "poster_prepare", "poster_report",
                                     "poster_samples",    "poster_study",   "poster_train",   "golden_check"};

// Descriptor 9 is a pipe whose reader has gone.
class ClosedPipe {
 public:
  ClosedPipe() {
    int ends[2];
    if (::pipe(ends) != 0 || ::dup2(ends[1], 9) != 9) throw std::runtime_error("no pipe");
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~ClosedPipe() { ::close(9); }
};

class OutputTest : public test::ProgramTest {
 protected:
  OutputTest() : ProgramTest("poster_samples") {}
  static std::string lost(const std::string& program, const std::string& why) {
    return program + ": standard output cannot be written (" + why + "); check where it goes to\n";
  }
};

TEST_F(OutputTest, HelpThatCannotBeWrittenIsAnErrorOfEveryProgram) {
  for (const std::string program : kPrograms) {
    if (!std::filesystem::exists(std::string(POSTER_BIN_DIR "/") + program)) continue;  // poster_prepare
    const Outcome outcome = run_other(program, "--help > /dev/full");
    EXPECT_EQ(outcome.exit_code, 1) << program;
    EXPECT_EQ(outcome.errors, lost(program, "No space left on device"));
  }
  EXPECT_EQ(run("--version > /dev/full").errors, lost("poster_samples", "No space left on device"));
  const Outcome version = run_other("golden_check", "--version");
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_TRUE(version.output.starts_with("Poster ")) << version.output;
  test::expect_contains(run_other("golden_check", "--version --verbose").output, "CPU instructions: ");
}

TEST_F(OutputTest, ResultsThatCannotBeWrittenAreErrors) {
  const std::string samples = "--per-class 3 --size 32 --out ";
  Outcome outcome = run(samples + "a > /dev/full");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.errors, lost("poster_samples", "No space left on device"));
  // A closed descriptor isn't given to the next file, into which the output would go then.
  outcome = run(samples + "b >&-");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.errors, lost("poster_samples", "Bad file descriptor"));
  const ClosedPipe closed;
  outcome = run(samples + "c >&9");
  EXPECT_EQ(outcome.exit_code, 1);  // and no signal
  EXPECT_EQ(outcome.errors, lost("poster_samples", "Broken pipe"));
}

TEST_F(OutputTest, TrainingGoesOnWithoutItsOutput) {
  ASSERT_EQ(run("--per-class 3 --size 32 --out data").exit_code, 0);
  const std::string train =
      "--data data --model poster-v2-tiny --rho 0 -b 7 --threads 1 --workers 0 --epochs 1 --out ";
  {
    const ClosedPipe closed;
    const Outcome outcome = run_other("poster_train", train + "a >&9");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_EQ(outcome.errors, "");
  }
  test::expect_contains(test::read_file(folder_ / "a/run.json"), "\"finished\"");
  const Outcome outcome = run_other("poster_train", train + "b > /dev/full");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.errors, lost("poster_train", "No space left on device"));
  test::expect_contains(test::read_file(folder_ / "b/run.json"), "\"finished\"");
  // What can't be read (exit code 2) is less than results that are lost.
  EXPECT_EQ(run_other("poster_predict", "a/last.safetensors none.jpg data/test/anger > /dev/full").exit_code,
            1);
  EXPECT_EQ(test::read_file(folder_ / "a/last.safetensors"), test::read_file(folder_ / "b/last.safetensors"));
}

TEST_F(OutputTest, MessagesAreOneLineWhateverIsInAName) {
  const Outcome outcome =
      run_other("poster_checkpoint", "inspect \"$(printf 'x\\n\\033[31m\\342\\200\\256\\377')\"");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(
      outcome.errors,
      "poster_checkpoint: x\\n\\x1b[31m\\u202e\\xff: can't be opened (No such file or directory), check the "
      "path\n");
  EXPECT_EQ(
      run("--out x \"$(printf '\\033')\"").errors,
      "poster_samples: \\x1b: is not expected here; an option's value stands behind the option (see --help)\n");
}

TEST_F(OutputTest, AMistypedOptionIsAnsweredWithTheOneThatWasMeant) {
  EXPECT_EQ(run("--per_class 3").errors,
            "poster_samples: --per_class: there is no such option; did you mean --per-class? (see --help)\n");
  EXPECT_EQ(run_other("poster_train", "--leanring-rate 1").errors,
            "poster_train: --leanring-rate: there is no such option (see --help)\n");
  EXPECT_EQ(run_other("poster_train", "--epoch=3").errors,
            "poster_train: --epoch: there is no such option; did you mean --epochs? (see --help)\n");
}

}  // namespace
}  // namespace poster
