// What a run begins with: weights from elsewhere, in poster_train as a user runs it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/weights/safetensors.h"
#include "tests/support/only_file.h"
#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using poster::test::Outcome;

class PosterTrainWeightsTest : public poster::test::ProgramTest {
 protected:
  PosterTrainWeightsTest() : ProgramTest("poster_train"), root_(folder_.path()) {
    make_once("faces", "poster_samples", "--out faces --per-class 4 --size 64 --seed 1");
    for (const char* split : {"train", "valid", "test"}) {
      fs::create_directories(root_ / "three" / split);
      for (const char* name : {"anger", "happiness", "neutral"})
        fs::copy(root_ / "faces" / split / name, root_ / "three" / split / name, fs::copy_options::recursive);
    }
  }

  static std::string flags(const std::string& out, const std::string& more = "") {
    return "--model poster-v2-tiny --batch-size 3 --epochs 1 --lr 1e-3 --print-freq 1 --out " + out + " " +
           more;
  }
  Outcome succeed(const std::string& arguments) const {
    Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << arguments << "\n" << outcome.errors;
    return outcome;
  }
  std::string bytes(const std::string& path) const {
    std::ifstream stream(root_ / path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  nlohmann::json evaluation(const std::string& folder, const std::string& state = "bare") const {
    const auto file = poster::test::only_file(root_ / folder, "evaluation-" + state + "-test", ".json");
    return nlohmann::json::parse(bytes(fs::relative(file, root_).string()));
  }
  static int count(const std::string& text, const std::string& part) {
    int n = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++n;
    return n;
  }
  // Names of tensors that differ between two files.
  std::string difference(const std::string& a, const std::string& b) const {
    return run_other("poster_checkpoint", "diff " + a + " " + b).output;
  }

  fs::path root_;
};

TEST_F(PosterTrainWeightsTest, BackbonesComeFromAWholeNetworkAndAreSaid) {
  succeed(flags("first", "--data faces --checkpoint_path first/last.pth --seed 5"));
  const Outcome outcome = succeed(
      flags("second", "--data three --seed 6 --ir50 first/last.pth --landmarks first/last.safetensors"));
  for (const char* part :
       {"Weights of ir50: ", "Weights of landmarks: ", "first/last.pth", "first/last.safetensors"})
    EXPECT_NE(outcome.output.find(part), std::string::npos) << outcome.output;
  const auto record = nlohmann::json::parse(bytes("second/run.json")).at("settings").at("initial_weights");
  EXPECT_EQ(record.size(), 2u) << record;
}

TEST_F(PosterTrainWeightsTest, TheReferencesFlagsWriteItsFilesAndResumingFromThemIsExact) {
  succeed(
      flags("run", "--data faces --epochs 2 --checkpoint_path pth/last.pth --best_checkpoint_path best.pth"));
  EXPECT_TRUE(fs::exists(root_ / "best.pth"));
  // As after a kill between last.safetensors and the reference's file.
  const auto before = bytes("pth/last.pth");
  fs::remove(root_ / "pth/last.pth");
  succeed("--resume auto --out run --checkpoint_path pth/last.pth");
  EXPECT_EQ(bytes("pth/last.pth"), before);
  succeed("--resume run/last.safetensors --out native --epochs 3");
  succeed("--resume pth/last.pth --out foreign --epochs 3");
  EXPECT_EQ(bytes("foreign/last.safetensors"), bytes("native/last.safetensors"));
}

TEST_F(PosterTrainWeightsTest, SgdsVelocityTravelsToo) {
  succeed(flags("run", "--data faces --optimizer sgd --momentum 0.9 --checkpoint_path last.pth"));
  succeed("--resume run/last.safetensors --out native --epochs 2");
  succeed("--resume last.pth --out foreign --epochs 2");
  EXPECT_EQ(difference("foreign/last.safetensors", "native/last.safetensors").find("differ"),
            std::string::npos);
}

TEST_F(PosterTrainWeightsTest, AWholeNetworkIsEvaluatedAsItWasTrained) {
  succeed(flags("run", "--data faces"));
  run_other("poster_checkpoint", "convert run/best.safetensors bare.safetensors --bare");
  run_other("poster_checkpoint", "convert bare.safetensors bare.pth --module");
  const Outcome ours = succeed("--data faces --evaluate run/best.safetensors --out e1");
  const Outcome bare = succeed("--data faces --evaluate bare.pth --out e2");
  EXPECT_EQ(evaluation("e1", "best").at("confusion"), evaluation("e2").at("confusion"));
  EXPECT_NE(bare.output.find("0 anger, 1 disgust, 2 fear"), std::string::npos) << bare.output;
  EXPECT_EQ(ours.output.find("names no classes"), std::string::npos) << ours.output;
  // Seven outputs for three classes, as the reference's: all seven take part.
  const Outcome three = succeed("--data three --evaluate bare.pth --out e3");
  EXPECT_EQ(evaluation("e3").at("outputs"), 7);
  EXPECT_EQ(evaluation("e3").at("confusion").at(0).size(), 7u);
  EXPECT_NE(three.output.find("and 4 without a class"), std::string::npos) << three.output;
}

// As torch.compile and Lightning leave networks: the same results in every program, and it is said.
TEST_F(PosterTrainWeightsTest, PrefixesAndTensorsBesideTheNetworkChangeNoResult) {
  succeed(flags("run", "--data faces"));
  const auto write = [&](const std::string& to, const std::string& prefix, bool average) {
    const poster::io::SafetensorsFile file(root_ / "run/best.safetensors");
    std::vector<poster::io::TensorToWrite> tensors;
    const std::vector<float> zeros(1 << 21);
    for (const std::string& name : file.names()) {
      if (name.starts_with("optimizer.")) continue;
      const poster::TensorView& view = file.at(name);
      tensors.push_back({prefix + name, view.dtype, view.shape, view.bytes.data()});
      ASSERT_LE(view.bytes.size(), zeros.size() * sizeof(float));
      if (average) tensors.push_back({"ema." + name, view.dtype, view.shape, zeros.data()});
    }
    poster::io::write_safetensors(root_ / to, {}, tensors);
  };
  write("compiled.safetensors", "_orig_mod.", false);
  write("lightning.safetensors", "model.", true);
  const auto wanted =
      (succeed("--data faces --evaluate run/best.safetensors --out e1"), evaluation("e1", "best"));
  for (const auto& [name, said] : {std::pair("compiled", "names without \"_orig_mod.\""),
                                   std::pair("lightning", "beside the network, not taken")}) {
    const std::string file = std::string(name) + ".safetensors";
    const Outcome outcome = succeed("--data faces --evaluate " + file + " --out " + name);
    EXPECT_EQ(evaluation(name, name).at("confusion"), wanted.at("confusion")) << name;
    EXPECT_NE(outcome.output.find(said), std::string::npos) << outcome.output;
    EXPECT_NE(run_other("poster_checkpoint", "inspect " + file).output.find(said), std::string::npos);
  }
  // A run that begins with it, and one that goes on from it.
  for (const char* option : {"--weights", "--resume"}) {
    const Outcome outcome =
        succeed(flags(std::string("run") + option,
                      "--data faces --batch-size 14 " + std::string(option) + " compiled.safetensors"));
    EXPECT_NE(outcome.output.find("names without \"_orig_mod.\""), std::string::npos) << outcome.output;
  }
  // What is written from it has the network's own names.
  ASSERT_EQ(run_other("poster_checkpoint", "convert lightning.safetensors clean.pth").exit_code, 0);
  ASSERT_EQ(run_other("poster_checkpoint", "convert run/best.safetensors bare.safetensors").exit_code, 0);
  ASSERT_EQ(run_other("poster_checkpoint", "convert clean.pth clean.safetensors").exit_code, 0);
  EXPECT_EQ(run_other("poster_checkpoint", "diff clean.safetensors bare.safetensors").exit_code, 0);
}

TEST_F(PosterTrainWeightsTest, AWholeNetworkIsFineTunedWithItsHeadOrANewOne) {
  succeed(flags("run", "--data faces"));
  const Outcome kept = succeed(flags("kept", "--data three --weights run/best.safetensors"));
  EXPECT_NE(kept.output.find("343/343 tensors"), std::string::npos) << kept.output;
  EXPECT_NE(kept.output.find("7 outputs for 3 classes"), std::string::npos) << kept.output;
  const Outcome fresh = succeed(flags("fresh", "--data three --weights run/best.safetensors --new-head"));
  EXPECT_NE(fresh.output.find("341/341 tensors"), std::string::npos) << fresh.output;
  EXPECT_NE(run_other("poster_checkpoint", "inspect fresh/last.safetensors").output.find("outputs        3"),
            std::string::npos);
  // Too few outputs.
  expect_error(flags("few", "--data faces --weights fresh/best.safetensors"),
               {"3 outputs", "7", "--new-head"});
  succeed(flags("grown", "--data faces --weights fresh/best.safetensors --new-head"));
}

TEST_F(PosterTrainWeightsTest, WhatDoesNotFitIsRefusedUnlessAskedFor) {
  succeed(flags("run", "--data faces"));
  const std::string reference = POSTER_TEST_DATA "/checkpoints/reference_checkpoint.pth";
  // Nothing of it fits: then nothing is begun with it, whatever may be partial.
  expect_error(flags("b", "--data faces --allow-partial --ir50 " + reference),
               {reference, "none of its 9 tensors", "conv.weight"});
  expect_error(flags("c", "--data faces --weights " + reference),
               {reference, "not those of a whole network"});
  expect_error("--data faces --evaluate " + reference, {reference});
  expect_error(flags("d", "--data faces --weights run/last.safetensors --model poster-v2"),
               {"poster-v2-tiny"});
  expect_error(flags("e", "--data faces --weights " POSTER_TEST_DATA "/checkpoints/hostile_os_system.pth"),
               {"posix.system", "--ignore-unsafe"});
  expect_error(flags("f", "--data faces --weights " POSTER_TEST_DATA
                          "/checkpoints/reference_model_best_optimizer_only.pth"),
               {"optimizer"});
  expect_error(flags("g", "--data faces --pretrained-dir faces"), {"faces", "ir50.pth"});
  EXPECT_FALSE(fs::exists(root_ / "this_must_never_exist"));
}

TEST_F(PosterTrainWeightsTest, FreezingKeepsWhatItNames) {
  succeed(flags("start", "--data faces --seed 1"));
  for (const char* freeze : {"landmarks", "landmarks,ir50", "none"}) {
    const std::string out = std::string("freeze-") + freeze;
    succeed(flags(out, "--data faces --weights start/last.safetensors --freeze " + std::string(freeze)));
    const std::string differing = difference("start/last.safetensors", out + "/last.safetensors");
    const std::string frozen = freeze;
    // Weights stay; running statistics move.
    EXPECT_EQ(count(differing, "\nface_landback.conv1.conv.weight: 4") > 0, frozen == "none") << differing;
    EXPECT_EQ(count(differing, "\nir_back.body1.0.res_layer.1.weight: ") > 0, frozen != "landmarks,ir50");
    EXPECT_GT(count(differing, "ir_back.body1.0.res_layer.0.running_mean: "), 0);
    EXPECT_GT(count(differing, "\nVIT.head.linear.weight: "), 0);
    // And a run goes on with what it froze.
    succeed("--resume " + out + "/last.safetensors --epochs 2 --out " + out + "-on");
  }
  expect_error(flags("bad", "--data faces --freeze head"), {"--freeze head", "landmarks"});
}

TEST_F(PosterTrainWeightsTest, TheFullNetworkWarnsOnceOfRandomWeights) {
  const Outcome outcome =
      succeed("--data three --model poster-v2 --epochs 1 --batch-size 6 --rho 0 --out full");
  EXPECT_EQ(count(outcome.output, "WARNING: both backbones have RANDOM weights"), 1) << outcome.output;
  EXPECT_EQ(count(outcome.output, "RANDOM"), 1) << outcome.output;
  const Outcome resumed = succeed("--resume full/last.safetensors --epochs 1 --out full");
  EXPECT_EQ(count(resumed.output, "RANDOM"), 0) << resumed.output;
}

}  // namespace
