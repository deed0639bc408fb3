// Runs one of the project's programs as a user would, in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace poster::test {

struct Outcome {
  int exit_code;  // -1: killed by a signal
  std::string output, errors;
};

class ProgramTest : public testing::Test {
 protected:
  explicit ProgramTest(std::string program) : program_(std::move(program)) {}

  // Relative paths in the arguments are in the test's folder. `prefix` stands before the program: "timeout
  // 5".
  Outcome run(const std::string& arguments, const std::string& prefix = "") const {
    return run_other(program_, arguments, prefix);
  }
  Outcome run_other(const std::string& program, const std::string& arguments,
                    const std::string& prefix = "") const {
    return run_command(prefix + " '" POSTER_BIN_DIR "/" + program + "' " + arguments);
  }
  // Of the shell, in the test's folder: as somebody types it.
  Outcome run_command(const std::string& typed) const {
    const std::string errors = folder_ / "stderr";
    const std::string command = "cd '" + folder_.path().string() + "' && " + typed + " 2>'" + errors + "'";
    Outcome outcome{};
    FILE* pipe = popen(command.c_str(), "r");
    outcome.output = read_all(pipe);
    const int status = pclose(pipe);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    FILE* file = std::fopen(errors.c_str(), "r");
    outcome.errors = read_all(file);
    std::fclose(file);
    return outcome;
  }

  // Exit code 1 and one line that begins with the program's name and holds every one of `parts`.
  void expect_error(const std::string& arguments, std::initializer_list<std::string> parts) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 1) << arguments << "\n" << outcome.output;
    EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
    EXPECT_EQ(outcome.errors.find(program_ + ": "), 0u) << outcome.errors;
    for (const std::string& part : parts)
      EXPECT_NE(outcome.errors.find(part), std::string::npos) << outcome.errors;
  }

  // Runs the program, which must succeed and make `name` in the test's folder (or change it): once for all
  // cases of a test program that ask for the same in equal folders. The others get a copy.
  void make_once(const std::string& name, const std::string& program, const std::string& arguments) const {
    namespace fs = std::filesystem;
    static const TemporaryFolder made;
    static std::map<std::string, std::size_t> numbers;
    const auto [entry, first] =
        numbers.emplace(name + '\n' + program + '\n' + arguments + '\n' + contents(), numbers.size());
    const fs::path kept = made / std::to_string(entry->second), place = folder_ / name;
    if (first) {
      const Outcome outcome = run_other(program, arguments);
      ASSERT_EQ(outcome.exit_code, 0) << program << ' ' << arguments << '\n' << outcome.errors;
      fs::copy(place, kept, fs::copy_options::recursive);
    } else {
      ASSERT_TRUE(fs::exists(kept)) << "it failed before: " << program << ' ' << arguments;
      fs::remove_all(place);
      fs::create_directories(place.parent_path());
      fs::copy(kept, place, fs::copy_options::recursive);
    }
  }

  TemporaryFolder folder_;

 private:
  // What the test's folder holds: paths and hashes.
  std::string contents() const {
    std::vector<std::string> lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path()))
      if (entry.is_regular_file() && entry.path() != folder_ / "stderr")
        lines.push_back(entry.path().lexically_relative(folder_.path()).string() + ' ' +
                        std::to_string(std::hash<std::string>()(read_file(entry.path()))));
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
  }
  static std::string read_all(FILE* file) {
    std::string text;
    char buffer[4096];
    for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, n);
    return text;
  }
  std::string program_;
};

}  // namespace poster::test
