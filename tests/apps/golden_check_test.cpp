// golden_check itself: it must fail where the reference disagrees, and say what is wrong with a file.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;

constexpr const char* kCase = POSTER_TEST_DATA "/golden/poster_v2_3cls_adam";

class GoldenCheckTest : public poster::test::ProgramTest {
 protected:
  GoldenCheckTest() : ProgramTest("golden_check"), root_(folder_.path()) {
    fs::copy(std::string(kCase) + ".safetensors", root_ / "case.safetensors");
  }
  void copy_manifest() const {
    fs::copy(std::string(kCase) + ".manifest.json", root_ / "case.manifest.json");
  }

  fs::path root_;
};

TEST_F(GoldenCheckTest, FailsWhereTheReferenceSaysSomethingElse) {
  copy_manifest();
  // The first tensor is eval.logits: changing the top byte of its first double changes its value beyond any
  // tolerance.
  std::fstream file(root_ / "case.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  std::uint64_t header = 0;
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  file.seekp(static_cast<std::streamoff>(8 + header + 7));
  file.put(0x40);
  file.close();
  const auto outcome = run("case.safetensors");
  EXPECT_EQ(outcome.exit_code, 1) << outcome.output;
  const auto line = outcome.output.find("\nlogits ");
  ASSERT_NE(line, std::string::npos) << outcome.output;
  const std::string logits = outcome.output.substr(line + 1, outcome.output.find('\n', line + 1) - line - 1);
  EXPECT_NE(logits.find("FAILED"), std::string::npos) << logits;
  EXPECT_NE(outcome.output.find("SAM losses "), std::string::npos);
}

TEST_F(GoldenCheckTest, SaysWhatIsWrongWithAFile) {
  expect_error("case.safetensors", {"case.manifest.json", "beside"});
  expect_error("none.safetensors", {"none.safetensors"});
  std::ofstream(root_ / "case.manifest.json") << "{";
  expect_error("case.safetensors", {"case.manifest.json", "JSON"});
  expect_error("case.safetensors --precision half", {"--precision"});
  expect_error("case.safetensors --device cuda", {"--device cuda"});
}

}  // namespace
