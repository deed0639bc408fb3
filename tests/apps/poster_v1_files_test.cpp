// Files as POSTER V1's own scripts write them: `iter, model_state_dict, optimizer_state_dict`.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_sources.h"
#include "io/torch/torch_writer.h"
#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using poster::io::TorchValue;
using poster::test::Outcome;

class PosterV1FilesTest : public poster::test::ProgramTest {
 protected:
  PosterV1FilesTest() : ProgramTest("poster_train"), root_(folder_.path()) {
    make_once("faces", "poster_samples", "--out faces --per-class 4 --size 64 --seed 1");
  }
  void succeed(const std::string& arguments, std::string* output = nullptr) const {
    const Outcome outcome = run(arguments);
    ASSERT_EQ(outcome.exit_code, 0) << arguments << "\n" << outcome.output << outcome.errors;
    if (output != nullptr) *output = outcome.output;
  }
  // The network of a checkpoint, with an optimizer's state that says nothing of the epoch, as V1 writes it.
  void write_v1_file(const std::string& from, const std::string& to, const std::string& prefix,
                     std::size_t left_out = 0) const {
    const poster::Checkpoint checkpoint(root_ / from);
    const auto tensors = poster::copies_of(checkpoint.weights());
    ASSERT_GT(tensors.size(), left_out);
    TorchValue::Entries state;
    for (std::size_t i = left_out; i < tensors.size(); ++i)
      state.emplace_back(prefix + tensors[i].name, tensors[i].view());
    poster::io::write_torch_file(
        root_ / to,
        TorchValue::dict(
            {{"iter", 137},
             {"model_state_dict", TorchValue::ordered_dict(std::move(state))},
             {"optimizer_state_dict",
              TorchValue::dict(
                  {{"state", TorchValue::dict({})},
                   {"param_groups", TorchValue::list({TorchValue::dict(
                                        {{"lr", 4e-5}, {"params", TorchValue::list({0, 1})}})})}})}}));
  }
  nlohmann::json evaluation(const std::string& name) const {
    return nlohmann::json::parse(poster::test::read_file(root_ / name));
  }

  fs::path root_;
};

TEST_F(PosterV1FilesTest, AreEvaluatedTrainedOnAndLookedInto) {
  succeed("--data faces --model poster-v1-tiny --batch-size 5 --epochs 1 --lr 1e-3 --out run");
  succeed("--data faces --evaluate run/last.safetensors --out ours");
  const auto ours = evaluation("ours/evaluation-last-test.json");
  for (const std::string prefix : {"", "module."}) {
    SCOPED_TRACE(prefix);
    write_v1_file("run/last.safetensors", "v1.pth", prefix);
    std::string said;
    succeed("--data faces --evaluate v1.pth --out theirs", &said);
    EXPECT_NE(said.find("taken as: 0 anger"), std::string::npos) << said;
    const auto theirs = evaluation("theirs/evaluation-v1-test.json");
    EXPECT_EQ(theirs.at("confusion"), ours.at("confusion"));
    // An average of floats: the batches differ.
    EXPECT_NEAR(theirs.at("loss").get<double>(), ours.at("loss").get<double>(), 1e-5);

    fs::remove_all(root_ / "tuned");
    succeed("--data faces --weights v1.pth --batch-size 5 --epochs 1 --lr 1e-30 --gamma 1 --out tuned");
    const auto settings =
        nlohmann::json::parse(poster::test::read_file(root_ / "tuned/run.json")).at("settings");
    EXPECT_EQ(settings.at("model"), "poster-v1-tiny");
    EXPECT_EQ(settings.at("recipe").at("name"), "raf-db-v1");
    // With a rate of nothing the weights stay: what was loaded is what was in the file.
    const poster::Checkpoint tuned(root_ / "tuned/last.safetensors"), first(root_ / "run/last.safetensors");
    const auto loaded = poster::copies_of(tuned.weights()), wanted = poster::copies_of(first.weights());
    ASSERT_EQ(loaded.size(), wanted.size());
    std::size_t compared = 0;
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      EXPECT_EQ(loaded[i].name, wanted[i].name);
      if (!loaded[i].name.ends_with(".weight")) continue;
      EXPECT_EQ(loaded[i].data, wanted[i].data) << loaded[i].name;
      ++compared;
    }
    EXPECT_GT(compared, 150u);

    const Outcome inspected = run_other("poster_checkpoint", "inspect v1.pth");
    ASSERT_EQ(inspected.exit_code, 0) << inspected.errors;
    for (const std::string part : {"poster-v1-tiny", "weights under \"model_state_dict\""})
      EXPECT_NE(inspected.output.find(part), std::string::npos) << inspected.output;
  }
}

TEST_F(PosterV1FilesTest, MayNotLackATensor) {
  succeed("--data faces --model poster-v1-tiny --batch-size 5 --epochs 1 --lr 1e-3 --out run");
  write_v1_file("run/last.safetensors", "short.pth", "module.", 1);
  expect_error("--data faces --evaluate short.pth --model poster-v1-tiny", {"short.pth"});
}

}  // namespace
