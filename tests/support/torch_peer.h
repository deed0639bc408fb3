// Tests against PyTorch itself. They need a Python with torch and numpy, POSTER_PYTHON or else python3, and
// are skipped without one.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/io/temporary_folder.h"

namespace poster::test {

class TorchPeer : public testing::Test {
 protected:
  void SetUp() override {
    const char* const named = std::getenv("POSTER_PYTHON");
    python_ = named != nullptr ? named : "python3";
    static const bool has_torch =
        run("import importlib.util as u, sys; sys.exit(not (u.find_spec('torch') and u.find_spec('numpy')))");
    if (!has_torch)
      GTEST_SKIP() << python_ << " has no torch and numpy: set POSTER_PYTHON to a Python that has";
  }
  bool run(const std::string& script) const {
    std::ofstream(folder_ / "script.py") << script;
    const std::string command =
        "cd '" + folder_.path().string() + "' && '" + python_ + "' script.py >log 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  void expect_runs(const std::string& script) const {
    EXPECT_TRUE(run(script)) << read_file(folder_ / "log");
  }

  std::string python_;
  TemporaryFolder folder_;
};

}  // namespace poster::test
