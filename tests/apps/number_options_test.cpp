#include "apps/program/number_options.h"
#include "apps/program/command_words.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <sstream>

#include "tests/support/error_text.h"
#include "tests/support/program.h"

namespace poster {
namespace {

struct Values {
  int whole = 1;
  std::uint64_t seed = 1;
  std::optional<double> real;
  std::vector<double> list;
  std::string text;
};

std::string parse(const std::string& line, Values& values) {
  CLI::App app;
  app.add_option("--whole", values.whole)->check(CLI::Range(-5, 2'000'000'000));
  app.add_option("--seed", values.seed)->type_name("S");
  app.add_option("--real", values.real);
  app.add_option("--list", values.list)->delimiter(',');
  app.add_option("--text", values.text);
  app.add_subcommand("command")->add_option("--share", values.real)->type_name("SHARE");
  check_numbers(app);
  try {
    app.parse(line);
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return "";
}

TEST(NumberOptions, TakeDecimalNumbers) {
  Values values;
  EXPECT_EQ(parse("--whole -5 --seed 18446744073709551615 --real -1.5e-3 --list 1,.5 --text nan", values),
            "");
  EXPECT_EQ(values.whole, -5);
  EXPECT_EQ(values.seed, UINT64_MAX);
  EXPECT_EQ(values.real, -1.5e-3);
  EXPECT_EQ(values.list, (std::vector<double>{1, .5}));
  EXPECT_EQ(values.text, "nan");
}

TEST(NumberOptions, RefuseWhatWouldBeAnother) {
  const auto refused = [](const std::string& line, const std::string& why) {
    Values values;
    test::expect_contains(parse(line, values), why);
  };
  for (const char* text : {"inf", "-inf", "nan", "-nan", "NAN(1)", "1e999", "Infinity"}) {
    refused(std::string("--real=") + text, "not a finite number");
    refused(std::string("--list=1,") + text, "not a finite number");
    refused(std::string("command --share=") + text, "not a finite number");
  }
  refused("--real 0x10", "no decimal number");
  refused("--real 1,5", "no number");
  refused("--whole 010", "without zeros in front");
  refused("--whole 0x10", "no whole number");
  refused("--whole 1e3", "--whole");
  refused("--whole 99999999999999999999", "--whole");
  refused("--whole 3000000000", "--whole");
  refused("--seed=-1", "negative");
  refused("--seed 18446744073709551616", "too large");
}

class NumbersOfPrograms : public test::ProgramTest {
 protected:
  NumbersOfPrograms() : ProgramTest("poster_train") {}
};

// Every option of every program that says that it takes a number.
// The library alone would take the next word for the value.
TEST(CommandWords, NothingBehindTheEqualsSignIsAnEmptyValue) {
  CLI::App app;
  std::string out = "usual", more = "usual";
  bool dry_run = false;
  std::vector<std::string> rest;
  app.add_option("--out", out);
  app.add_option("--more", more);
  app.add_flag("--dry-run", dry_run);
  app.add_option("REST", rest);
  parse_words(app, {"--out=", "--dry-run", "--more=a=", "--", "--out=", "x"});
  EXPECT_EQ(out, "");
  EXPECT_EQ(more, "a=");
  EXPECT_TRUE(dry_run);
  EXPECT_EQ(rest, (std::vector<std::string>{"--out=", "x"}));
  CLI::App no_rest;
  no_rest.add_flag("--dry-run", dry_run);
  for (const char* word : {"--dry-run=", "--=", "="})
    EXPECT_THROW(parse_words(no_rest, {word}), CLI::Error) << word;
}

TEST_F(NumbersOfPrograms, NoneTakesInfinity) {
  int options = 0;
  for (const std::string program :
       {"poster_train", "poster_predict", "poster_samples", "poster_report", "poster_study", "poster_prepare",
        "poster_checkpoint diff", "golden_check"}) {
    const std::string name = program.substr(0, program.find(' ')), command = program.substr(name.size());
    if (!std::filesystem::exists(std::string(POSTER_BIN_DIR "/") + name)) continue;
    std::istringstream help(run_other(name, command + " --help").output);
    for (std::string line; std::getline(help, line);) {
      std::istringstream words(line);
      std::string option, type;
      words >> option >> type;
      option = option.substr(option.find("--") == std::string::npos ? 0 : option.find("--"));
      const std::string kind = type.substr(0, type.find_first_of(":["));
      bool number = false;
      for (const char* known : {"INT", "UINT", "FLOAT", "N", "COUNT", "S", "PX", "T", "BITS", "F", "SHARE"})
        number |= kind == known;
      if (!option.starts_with("-") || !number) continue;
      ++options;
      const test::Outcome outcome = run_other(name, command + " " + option + "=inf");
      EXPECT_EQ(outcome.exit_code, 1) << name << " " << option;
      EXPECT_NE(outcome.errors.find("inf"), std::string::npos)
          << name << " " << option << ": " << outcome.errors;
    }
  }
  EXPECT_GT(options, 40);
}

TEST_F(NumbersOfPrograms, ABoundIsToldInWords) {
  const auto refused = [&](const std::string& program, const std::string& line, const std::string& why) {
    if (!std::filesystem::exists(POSTER_BIN_DIR "/" + program)) return;
    const test::Outcome outcome = run_other(program, line);
    EXPECT_EQ(outcome.errors, program + ": " + why + " (see --help)\n");
    EXPECT_EQ(outcome.exit_code, 1);
  };
  refused("poster_train", "--workers -1", "--workers: -1; it must be 0 or more");
  refused("poster_train", "--print-freq 0", "--print-freq: 0; it must be greater than 0");
  refused("poster_train", "--start-epoch -3", "--start-epoch: -3; it must lie in 0 to 1000000");
  refused("poster_study", "s.json --threads -1", "--threads: -1; it must be 0 or more");
  refused("poster_checkpoint", "diff a b --tolerance -0.5", "--tolerance: -0.5; it must be 0 or more");
}

TEST_F(NumbersOfPrograms, UnknownInstructionSetsAreRefused) {
  const test::Outcome outcome =
      run_other("poster_samples", "--out x --per-class 3 --size 32", "POSTER_ISA=avx521");
  EXPECT_EQ(outcome.errors,
            "poster_samples: POSTER_ISA=avx521: unknown instruction set; use baseline, avx2 or avx512\n");
  EXPECT_EQ(outcome.exit_code, 1);
}

}  // namespace
}  // namespace poster
