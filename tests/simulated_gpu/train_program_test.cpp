// poster_train --device cuda as a user runs it, on the stand-in: images on the device, batches in flight,
// and resuming to the bit.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/program.h"

namespace {

class TrainProgramOnCuda : public poster::test::ProgramTest {
 protected:
  TrainProgramOnCuda() : ProgramTest("tests/poster_train_simulated") {
    const auto faces = run_other("poster_samples", "--out faces --per-class 3 --size 64 --seed 1");
    EXPECT_EQ(faces.exit_code, 0) << faces.errors;
  }
  static std::string flags(const std::string& out, const std::string& more) {
    return "--data faces --model poster-v2-tiny --batch-size 4 --rho 0 --lr 1e-3 --print-freq 1 --out " +
           out + " " + more;
  }
  std::string bytes(const std::string& path) const {
    std::ifstream stream(folder_ / path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // Training loss of the first epoch, the third column of metrics.csv.
  double first_loss(const std::string& out) const {
    std::istringstream lines(bytes(out + "/metrics.csv"));
    std::string line, field;
    std::getline(lines, line);
    std::getline(lines, line);
    std::istringstream fields(line);
    for (int i = 0; i < 3; ++i) std::getline(fields, field, ',');
    return std::stod(field);
  }
};

TEST_F(TrainProgramOnCuda, LearnsWhatTheCpuLearns) {
  const auto cpu = run_other("poster_train", flags("cpu", "--epochs 1 --device cpu"));
  ASSERT_EQ(cpu.exit_code, 0) << cpu.errors;
  const auto cuda = run(flags("cuda", "--epochs 1 --device cuda"));
  ASSERT_EQ(cuda.exit_code, 0) << cuda.errors;
  EXPECT_NEAR(first_loss("cuda"), first_loss("cpu"), 2e-3);
  EXPECT_NE(bytes("cuda/run.json").find("cuda, "), std::string::npos);
}

// Images that lie on the device are the ones that the CPU is handed.
TEST_F(TrainProgramOnCuda, SeesTheViewThatTheCpuSees) {
  const std::string view = "--epochs 1 --view headset --headset-mix 0.6 ";
  ASSERT_EQ(run_other("poster_train", flags("cpu", view + "--device cpu")).exit_code, 0);
  ASSERT_EQ(run(flags("cuda", view + "--device cuda")).exit_code, 0);
  ASSERT_EQ(run(flags("full", "--epochs 1 --device cuda")).exit_code, 0);
  EXPECT_NEAR(first_loss("cuda"), first_loss("cpu"), 2e-3);
  EXPECT_GT(std::abs(first_loss("full") - first_loss("cuda")), 4e-3);
}

TEST_F(TrainProgramOnCuda, ResumesInSixteenBitsToTheBit) {
  for (const char* split : {"train", "valid", "test"})  // four classes: each image takes a second here
    for (const char* name : {"anger", "disgust", "fear"})
      std::filesystem::remove_all(folder_ / "faces" / split / name);
  ASSERT_EQ(run(flags("whole", "--epochs 2 --device cuda --precision fp16")).exit_code, 0);
  ASSERT_EQ(run(flags("parts", "--epochs 1 --device cuda --precision fp16")).exit_code, 0);
  const auto resumed = run("--resume auto --out parts --epochs 2 --device cuda");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  // The settings name the same data and epochs, so whole files must be equal.
  EXPECT_TRUE(bytes("whole/last.safetensors") == bytes("parts/last.safetensors"));
}

}  // namespace
