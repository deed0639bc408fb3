// Tests against PyTorch itself. They need a Python with torch and numpy, POSTER_PYTHON or else python3, and
// are skipped without one.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/support/python_peer.h"

namespace poster::test {

class TorchPeer : public testing::Test {
 protected:
  void SetUp() override {
    if (!python().ready()) GTEST_SKIP() << python().why();
  }
  bool run(const std::string& script) const { return python().run(script, folder_.path()).first; }
  void expect_runs(const std::string& script) const {
    const auto [worked, log] = python().run(script, folder_.path());
    EXPECT_TRUE(worked) << log;
  }

  TemporaryFolder folder_;

 private:
  static const PythonPeer& python() {
    static const PythonPeer peer({"torch", "numpy"});
    return peer;
  }
};

}  // namespace poster::test
