// A network whose outputs stand for other classes than the data says: poster_train tells of it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/codec/image_reader.h"
#include "io/image/image.h"
#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using poster::test::Outcome;

// Plain colours, which a tiny network tells apart after two epochs.
class MixedUpClassesTest : public poster::test::ProgramTest {
 protected:
  MixedUpClassesTest() : ProgramTest("poster_train"), root_(folder_.path()) {
    constexpr const char* kNames[] = {"blue", "green", "red"};
    for (const auto& [split, count] : {std::pair("train", 30), std::pair("valid", 4)})
      for (int c = 0; c < 3; ++c)
        for (int i = 0; i < count; ++i) write(root_ / "colours" / split / kNames[c], c, i);
  }
  static void write(const fs::path& folder, int strong, int number) {
    fs::create_directories(folder);
    poster::io::Image image(32, 32);
    for (std::size_t i = 0; i < image.rgb.size(); ++i) {
      const int channel = 2 - static_cast<int>(i % 3);  // blue first, as the names
      image.rgb[i] = static_cast<std::uint8_t>(channel == strong ? 160 + number * 3 : number * 7 % 90);
    }
    poster::test::write_bytes((folder / (std::to_string(number) + ".png")).string(),
                              poster::io::encode_image(image, "made.png"));
  }
  Outcome succeed(const std::string& program, const std::string& arguments) const {
    Outcome outcome = run_other(program, arguments);
    EXPECT_EQ(outcome.exit_code, 0) << arguments << "\n" << outcome.errors;
    return outcome;
  }
  nlohmann::json json(const std::string& path) const {
    return nlohmann::json::parse(std::ifstream(root_ / path));
  }

  fs::path root_;
};

TEST_F(MixedUpClassesTest, EvaluationNamesTheOrderThatFits) {
  const std::string evaluate = "--data colours --split train --evaluate bare.pth --out e ";
  const std::string message = "fit other names much better";
  succeed("poster_train",
          "--data colours --out run --model poster-v2-tiny --recipe plain --rho 0 --erase 0 --lr 1e-3 "
          "--batch-size 9 --epochs 2 --print-freq 50");
  succeed("poster_checkpoint", "convert run/last.safetensors bare.safetensors --bare");
  succeed("poster_checkpoint", "convert bare.safetensors bare.pth");

  const Outcome right = succeed("poster_train", evaluate);
  EXPECT_EQ(right.output.find(message), std::string::npos) << right.output;
  EXPECT_FALSE(json("e/evaluation-bare-train.json").contains("renaming"));
  ASSERT_GT(json("e/evaluation-bare-train.json").at("accuracy"), 90);

  const Outcome wrong = succeed("poster_train", evaluate + "--classes red,blue,green");
  EXPECT_NE(wrong.output.find(message), std::string::npos) << wrong.output;
  EXPECT_NE(wrong.output.find("--classes blue,green,red gives it"), std::string::npos) << wrong.output;
  const auto renaming = json("e/evaluation-bare-train.json").at("renaming");
  EXPECT_EQ(renaming.at("new_names"), (nlohmann::json{{"red", "blue"}, {"blue", "green"}, {"green", "red"}}));
  EXPECT_LT(renaming.at("mean_recall"), 10);
  EXPECT_GT(renaming.at("mean_recall_renamed"), 90);
}

}  // namespace
