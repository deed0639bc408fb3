#include "io/score/predictions.h"

#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

TEST(Predictions, ReadsBackWhatItWrote) {
  const test::TemporaryFolder folder;
  const Predictions written{.outputs = {"happy, or \"glad\"", "슬픔", "output 2"},
                            .images = {{"test/슬픔/a,b.jpg", 1, 2, {0.1f, 0.3f, 0.6f}},
                                       {"test/x.png", 0, 0, {0.99999994f, 1.17549435e-38f, 0.0f}}}};
  write_predictions(folder / "p.csv", written);
  const Predictions read = read_predictions(folder / "p.csv");
  EXPECT_EQ(read.outputs, written.outputs);
  ASSERT_EQ(read.images.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.images[i].path, written.images[i].path);
    EXPECT_EQ(read.images[i].label, written.images[i].label);
    EXPECT_EQ(read.images[i].prediction, written.images[i].prediction);
    EXPECT_EQ(read.images[i].probabilities, written.images[i].probabilities);
  }
}

TEST(Predictions, SaysWhatIsWrongWithAFile) {
  const test::TemporaryFolder folder;
  const auto error = [&](const std::string& text) {
    test::write_bytes(folder / "p.csv", bytes_of(text));
    return test::message_of<Error>([&] { read_predictions(folder / "p.csv"); });
  };
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"", "columns"},
           {"picture,label,prediction\n", "columns"},
           {"picture,label,truth,a\n", "columns"},
           {"picture,label,prediction,a\nx,a,a\n", "has 3 fields in place of 4"},
           {"picture,label,prediction,a\nx,a,b,1\n", "'b' is no output"},
           {"picture,label,prediction,a\nx,a,a,1.5x\n", "'1.5x' is no number"},
           {"picture,label,prediction,a\nx,a,a,nan\n", "'nan' is no number"}}) {
    EXPECT_NE(error(text).find(part), std::string::npos) << text << ": " << error(text);
    EXPECT_NE(error(text).find("p.csv"), std::string::npos) << error(text);
  }
  EXPECT_NE(
      test::message_of<Error>([&] { read_predictions(folder / "none.csv"); }).find("is not there; evaluate"),
      std::string::npos);
}

}  // namespace
}  // namespace poster::io
