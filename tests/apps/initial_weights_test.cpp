// Backbones' files of the full network, as people have them: found in folders, under either spelling,
// complete or refused.
#include "io/checkpoint/initial_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "engine/error.h"
#include "engine/random.h"
#include "io/checkpoint/torch_checkpoint.h"
#include "model/network.h"
#include "tests/support/memory_source.h"
#include "tests/support/temporary_folder.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

// A value for each tensor that tells it from the others.
float value_of(const std::string& name) {
  const auto number = static_cast<float>(hash_name(name) % 1000);
  return name.ends_with("num_batches_tracked") ? number : number / 8;
}

class InitialWeightsTest : public testing::Test {
 protected:
  InitialWeightsTest() { make_network<float>("poster-v2", 3, table_); }

  // A file of a backbone's tensors under other names; "" leaves one out.
  template <typename Rename>
  void write(const std::string& file, const std::string& prefix, Rename&& rename) const {
    std::vector<NamedTensor> tensors;
    for (const ParameterSpec& spec : table_.specs()) {
      if (!spec.name.starts_with(prefix)) continue;
      const std::string name = rename(spec.name.substr(prefix.size()));
      if (name.empty()) continue;
      NamedTensor tensor{name, DType::f32, spec.shape, {}};
      tensor.data.resize(static_cast<std::size_t>(tensor.count()) * sizeof(float));
      std::fill_n(tensor.as<float>(), tensor.count(), value_of(spec.name));
      tensors.push_back(std::move(tensor));
    }
    fs::create_directories((folder_ / file).parent_path());
    write_torch_state_dict(folder_ / file, test::MemorySource(std::move(tensors)));
  }
  static std::string same(const std::string& name) { return name; }
  // POSTER V1's: body.0 to body.20.
  static std::string v1(const std::string& name) {
    constexpr int kFirst[] = {0, 3, 7};
    if (!name.starts_with("body")) return name;
    return "body." + std::to_string(kFirst[name[4] - '1'] + std::stoi(name.substr(6))) +
           name.substr(name.find('.', 6));
  }
  std::string error_of(const InitialWeightsOptions& options) {
    return test::message_of<Error>([&] {
      InitialWeights weights(options);
      weights.apply(*trainer_, "poster-v2", 0);
    });
  }
  void touch(const std::string& name) const { std::ofstream(folder_ / name).put(' '); }

  ParameterTable table_;
  Device device_ = Device::open("cpu", 0);
  std::unique_ptr<TrainerBase> trainer_ = make_trainer(device_, "poster-v2", 3);
  test::TemporaryFolder folder_;
};

TEST_F(InitialWeightsTest, BothBackbonesOfAFolderGoWhereTheyBelong) {
  write("pretrain/ir50.pth", "ir_back.", v1);
  write("pretrain/mobilefacenet_model_best.pth.tar", "face_landback.", same);
  InitialWeights weights({.pretrained_dir = folder_.path().string()});
  const auto lines = weights.apply(*trainer_, "poster-v2", 0);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("ir50: 304/304 tensors from ")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("landmarks: 333/333 tensors from ")) << lines[1];
  ASSERT_EQ(weights.record().size(), 2u);
  EXPECT_TRUE(weights.record()[0].starts_with("ir50 304/304 tensors ir50.pth xxh64:")) << weights.record()[0];
  for (std::size_t i = 0; i < table_.specs().size(); ++i) {
    const ParameterSpec& spec = table_.specs()[i];
    const auto values = to_doubles(trainer_->parameters().export_value(static_cast<ParameterId>(i)));
    if (!spec.name.starts_with("ir_back.") && !spec.name.starts_with("face_landback.")) continue;
    EXPECT_EQ(std::count(values.begin(), values.end(), value_of(spec.name)), spec.count()) << spec.name;
  }
}

TEST_F(InitialWeightsTest, AMissingTensorIsRefusedByNameUnlessAskedFor) {
  write("ir50.pth", "ir_back.",
        [](const std::string& name) { return name == "body2.3.res_layer.4.bias" ? "" : v1(name); });
  const InitialWeightsOptions options{.ir50 = (folder_ / "ir50.pth").string()};
  const std::string message = error_of(options);
  for (const char* part :
       {"ir50.pth", "303/304", "missing (1): ir_back.body2.3.res_layer.4.bias", "--allow-partial"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  InitialWeightsOptions partial = options;
  partial.allow_partial = true;
  InitialWeights weights(partial);
  const auto lines = weights.apply(*trainer_, "poster-v2", 0);
  EXPECT_NE(lines.at(0).find("303/304"), std::string::npos) << lines.at(0);
  EXPECT_NE(lines.at(0).find("ir_back.body2.3.res_layer.4.bias"), std::string::npos) << lines.at(0);
}

TEST_F(InitialWeightsTest, FilesWithOtherKeysAreRefusedNotDropped) {
  write("ir50.pth", "ir_back.", [](const std::string& name) {
    return name.starts_with("body") ? "layer" + name.substr(4) : name;  // what 19 of 304 come from
  });
  const std::string message = error_of({.ir50 = (folder_ / "ir50.pth").string()});
  for (const char* part : {"19/304", "missing (285)", "left over (285)"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

// Nothing of the file fits: then nothing is begun with it, whatever may be partial.
TEST_F(InitialWeightsTest, AFileOfWhichNothingFitsIsRefused) {
  write("other.pth", "VIT.", [](const std::string& name) { return "x." + name; });
  const std::string message = error_of({.ir50 = (folder_ / "other.pth").string(), .allow_partial = true});
  for (const char* part :
       {"other.pth: none of its", "is one of the 304 of ir50", "its first is x.", "right file"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

// A prefix is taken off and said; less than half of a backbone is none.
TEST_F(InitialWeightsTest, PrefixesAreSaidAndALittleIsNoBackbone) {
  write("ir50.pth", "ir_back.", [](const std::string& name) { return "backbone." + v1(name); });
  write("some.pth", "face_landback.",
        [](const std::string& name) { return name.starts_with("conv1.") ? "net." + name : ""; });
  InitialWeights weights({.ir50 = (folder_ / "ir50.pth").string(),
                          .landmarks = (folder_ / "some.pth").string(),
                          .allow_partial = true});
  const auto lines = weights.apply(*trainer_, "poster-v2", 0);
  EXPECT_NE(lines.at(0).find("304/304 tensors"), std::string::npos) << lines[0];
  EXPECT_NE(lines.at(0).find("names without \"backbone.\""), std::string::npos) << lines[0];
  EXPECT_NE(lines.at(1).find("the rest stays random"), std::string::npos) << lines[1];
  EXPECT_TRUE(weights.have_ir50());
  EXPECT_FALSE(weights.have_landmarks());
}

TEST_F(InitialWeightsTest, VariantsOfTheNamesAreFound) {
  touch("backbone_ir50_ms1m_epoch120.PTH");
  touch("MobileFaceNet_best.safetensors");
  touch("readme_ir50.txt");
  const BackboneFiles files = find_backbones(folder_.path());
  EXPECT_EQ(files.ir50.filename(), "backbone_ir50_ms1m_epoch120.PTH");
  EXPECT_EQ(files.landmarks.filename(), "MobileFaceNet_best.safetensors");
  touch("ir50.pth");  // the usual name wins
  EXPECT_EQ(find_backbones(folder_.path()).ir50.filename(), "ir50.pth");
}

TEST_F(InitialWeightsTest, FoldersThatDoNotHelpAreExplained) {
  const auto message = [&] { return test::message_of<Error>([&] { find_backbones(folder_.path()); }); };
  EXPECT_NE(message().find("holds no ir50.pth"), std::string::npos) << message();
  touch("resnet.pth");
  EXPECT_NE(message().find("resnet.pth"), std::string::npos) << message();
  touch("a_ir50.pth");
  touch("b_ir50.pth");
  EXPECT_NE(message().find("a_ir50.pth, b_ir50.pth could each be"), std::string::npos) << message();
  EXPECT_NE(message().find("--ir50"), std::string::npos) << message();
  const std::string nowhere = test::message_of<Error>([&] { find_backbones(folder_ / "nowhere"); });
  EXPECT_NE(nowhere.find("is no folder"), std::string::npos) << nowhere;
}

TEST_F(InitialWeightsTest, OptionsThatContradictEachOtherAreRefused) {
  EXPECT_NE(error_of({.ir50 = "a", .network = "b"}).find("--weights"), std::string::npos);
  EXPECT_NE(error_of({.ir50 = "a", .new_head = true}).find("--new-head"), std::string::npos);
}

}  // namespace
}  // namespace poster
