// The checkpoints in tests/data/checkpoints, written by the reference's own code with PyTorch, hold what they
// are known to hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "engine/error.h"
#include "io/torch/torch_file.h"
#include "io/weights/safetensors.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::message_of;

const std::filesystem::path kFolder = std::filesystem::path(POSTER_TEST_DATA) / "checkpoints";

std::vector<double> tensor_numbers(const TorchFile& file, const PickleValue& tensor) {
  return converted<double>(file.read(tensor).view());
}

const PickleValue& at(const PickleValue& dict, std::string_view key) {
  const PickleValue* value = dict.find(key);
  if (value == nullptr) throw std::runtime_error("no key " + std::string(key));
  return *value;
}

class ReferenceCheckpoint : public testing::TestWithParam<std::string> {};

TEST_P(ReferenceCheckpoint, HoldsWhatIsExpected) {
  const TorchFile file(kFolder / GetParam());
  const SafetensorsFile expected(kFolder / "reference_checkpoint_expected.safetensors");
  EXPECT_EQ(file.format(), GetParam() == "reference_checkpoint.pth" ? TorchFormat::zip : TorchFormat::legacy);
  EXPECT_TRUE(is_torch_file(file.path()));
  const PickleValue& state = at(file.root(), "state_dict");
  ASSERT_EQ(state.entry_count(), expected.names().size());
  for (std::size_t i = 0; i < state.entry_count(); ++i) {
    const std::string name = expected.names()[i];
    EXPECT_EQ(state.key(i).as_text(), "module." + name);
    const TorchElements elements = file.read(state.value(i));
    const TensorView &found = elements.view(), &wanted = expected.at(name);
    EXPECT_EQ(found.dtype, wanted.dtype) << name;
    if (name == "bn.num_batches_tracked")
      EXPECT_TRUE(found.shape.empty());  // a scalar, which the safetensors file has as [1]
    else
      EXPECT_EQ(found.shape, wanted.shape) << name;
    EXPECT_TRUE(std::ranges::equal(found.bytes, wanted.bytes)) << name;
    EXPECT_FALSE(elements.is_copy());
  }
  EXPECT_TRUE(at(state.state(), "_metadata").is(PickleKind::dict));
  EXPECT_EQ(at(file.root(), "epoch").as_integer(), 3);
  EXPECT_EQ(tensor_numbers(file, at(file.root(), "best_acc")), std::vector<double>{81.25});
  const PickleValue group = at(at(file.root(), "optimizer"), "param_groups")[0];
  EXPECT_EQ(at(group, "rho").as_number(), 0.05);
  EXPECT_EQ(at(group, "adaptive").as_boolean(), false);
  EXPECT_TRUE(at(group, "foreach").is_none());
  EXPECT_EQ(at(group, "betas")[1].as_number(), 0.999);
  EXPECT_EQ(at(group, "params").size(), 6u);
}

TEST_P(ReferenceCheckpoint, ObjectsOfUnknownClassesAreData) {
  const TorchFile file(kFolder / GetParam());
  const PickleValue& recorder = at(file.root(), "recorder1");
  EXPECT_EQ(recorder.kind(), PickleKind::object);
  EXPECT_EQ(recorder.text(), "__main__.RecorderMeter1");
  EXPECT_EQ(at(recorder.state(), "total_epoch").as_integer(), 4);
  const PickleValue& accuracy = at(recorder.state(), "epoch_accuracy");
  EXPECT_EQ(accuracy.text(), "numpy.ndarray");
  EXPECT_EQ(accuracy.state()[1][0].as_integer(), 4);
  const std::string_view fifties = accuracy.state()[4].as_bytes();
  ASSERT_EQ(fifties.size(), 32u);
  float first;
  std::memcpy(&first, fifties.data(), sizeof first);
  EXPECT_EQ(first, 50.0f);
  EXPECT_EQ(file.unknown_names(),
            (std::vector<std::string>{"__main__.RecorderMeter", "__main__.RecorderMeter1"}));
  EXPECT_TRUE(file.unsafe_names().empty());
  EXPECT_TRUE(file.unsupported_tensors().empty());
}

INSTANTIATE_TEST_SUITE_P(Formats, ReferenceCheckpoint,
                         testing::Values("reference_checkpoint.pth", "reference_checkpoint_legacy.pth"),
                         [](const auto& test) { return test.index == 0 ? "Zip" : "Legacy"; });

TEST(TorchCheckpoints, BestModelThatHoldsAnOptimizerAlone) {
  const TorchFile file(kFolder / "reference_model_best_optimizer_only.pth");
  const SafetensorsFile expected(kFolder / "reference_checkpoint_expected.safetensors");
  EXPECT_EQ(file.root().find("state_dict"), nullptr);
  const PickleValue& states = at(file.root(), "state");
  const char* const names[] = {"conv.weight", "bn.weight", "bn.bias", "act.weight", "fc.weight", "fc.bias"};
  ASSERT_EQ(states.entry_count(), std::size(names));
  for (std::size_t i = 0; i < std::size(names); ++i) {
    EXPECT_EQ(states.key(i).as_integer(), static_cast<std::int64_t>(i));
    const TorchElements elements = file.read(at(states.value(i), "old_p"));
    EXPECT_EQ(elements.view().shape, expected.at(names[i]).shape);
    EXPECT_TRUE(std::ranges::equal(elements.view().bytes, expected.at(names[i]).bytes)) << names[i];
  }
}

std::vector<double> arange(int n) {
  std::vector<double> values(n);
  for (int i = 0; i < n; ++i) values[i] = i;
  return values;
}

void expect_views(const TorchFile& file) {
  const PickleValue& root = file.root();
  const auto shape = [&](std::string_view name) { return file.read(at(root, name)).view().shape; };
  EXPECT_EQ(file.read(at(root, "f16")).view().dtype, DType::f16);
  EXPECT_EQ(shape("f16"), (std::vector<std::int64_t>{4, 6}));
  EXPECT_EQ(tensor_numbers(file, at(root, "f16")), arange(24));
  EXPECT_EQ(shape("transposed"), (std::vector<std::int64_t>{6, 4}));
  EXPECT_TRUE(file.read(at(root, "transposed")).is_copy());
  const std::vector<double> transposed = tensor_numbers(file, at(root, "transposed"));
  for (int i = 0; i < 24; ++i) EXPECT_EQ(transposed[i], i % 4 * 6 + i / 4) << i;
  EXPECT_EQ(tensor_numbers(file, at(root, "slice")), (std::vector<double>{8, 9, 10, 14, 15, 16}));
  EXPECT_EQ(tensor_numbers(file, at(root, "shared")), arange(24));
  EXPECT_EQ(file.tensors()[at(root, "shared").index()].storage,
            file.tensors()[at(root, "transposed").index()].storage);
  EXPECT_NE(file.tensors()[at(root, "shared").index()].storage,
            file.tensors()[at(root, "f16").index()].storage);
}

TEST(TorchCheckpoints, TypesAndViews) {
  const TorchFile file(kFolder / "dtypes_and_views.pth");
  expect_views(file);
  const PickleValue& root = file.root();
  const std::pair<const char*, DType> types[] = {{"f16", DType::f16}, {"bf16", DType::bf16},
                                                 {"f64", DType::f64}, {"i64", DType::i64},
                                                 {"i32", DType::i32}, {"u8", DType::u8}};
  for (const auto& [name, dtype] : types) {
    EXPECT_EQ(file.read(at(root, name)).view().dtype, dtype) << name;
    EXPECT_EQ(tensor_numbers(file, at(root, name)), arange(24)) << name;
  }
  EXPECT_EQ(file.read(at(root, "bool")).view().dtype, DType::boolean);
  const std::vector<double> flags = tensor_numbers(file, at(root, "bool"));
  ASSERT_EQ(flags.size(), 24u);
  for (int i = 0; i < 24; ++i) EXPECT_EQ(flags[i], i > 5) << i;
  EXPECT_TRUE(file.read(at(root, "scalar")).view().shape.empty());
  EXPECT_EQ(tensor_numbers(file, at(root, "scalar")), std::vector<double>{3.5});
  EXPECT_EQ(file.read(at(root, "empty")).view().shape, (std::vector<std::int64_t>{0, 3}));
  EXPECT_TRUE(tensor_numbers(file, at(root, "empty")).empty());
  const PickleValue list = at(at(root, "nested"), "list");
  EXPECT_EQ(tensor_numbers(file, list[0]), arange(6));
  EXPECT_EQ(describe(list), "[<tensor 12>, 1, 2.5, 'x', None, True]");
  EXPECT_EQ(tensor_numbers(file, at(root, "param")), arange(24));
  EXPECT_TRUE(file.tensors()[at(root, "param").index()].requires_grad);
  EXPECT_FALSE(file.tensors()[at(root, "shared").index()].requires_grad);
}

TEST(TorchCheckpoints, TypesAndViewsOfTheLegacyFormat) {
  expect_views(TorchFile(kFolder / "dtypes_and_views_legacy.pth"));
}

TEST(TorchCheckpoints, AHostileFileIsRefusedAndRunsNothing) {
  const auto path = kFolder / "hostile_os_system.pth";
  test::TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const std::string message = message_of<Error>([&] { TorchFile file(path); });
  EXPECT_EQ(message.find(path.string() + ": wants to run \"posix.system\" when loaded"), 0u) << message;
  EXPECT_NE(message.find("--ignore-unsafe"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);

  const TorchFile file(path, {.ignore_unsafe = true});
  EXPECT_EQ(tensor_numbers(file, at(at(file.root(), "state_dict"), "w")), arange(24));
  EXPECT_EQ(at(file.root(), "x").kind(), PickleKind::object);
  EXPECT_EQ(describe(at(file.root(), "x")), "posix.system('touch this_must_never_exist',)");
  EXPECT_EQ(file.unsafe_names(), std::vector<std::string>{"posix.system"});
  EXPECT_EQ(folder.entries(), 0);
  std::filesystem::current_path(before);
  EXPECT_FALSE(std::filesystem::exists("this_must_never_exist"));
}

TEST(TorchCheckpoints, ReleasedTensorsAreReadAgain) {
  const TorchFile file(kFolder / "dtypes_and_views.pth");
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < file.tensors().size(); ++i) {
      file.read(i);
      file.release(i);
    }
  expect_views(file);
}

}  // namespace
}  // namespace poster::io
