// Where in a file the weights lie, and what is said of files that hold none.
#include "io/weights/weights_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/error.h"
#include "io/torch/tensor_paths.h"
#include "io/torch/torch_writer.h"
#include "tests/io/torch/torch_bytes.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::dict;
using test::global;
using Entries = TorchValue::Entries;

class WeightsFileTest : public testing::Test {
 protected:
  TensorView tensor(std::size_t elements) const {
    return {DType::f32, {static_cast<std::int64_t>(elements)}, std::span(bytes_).first(4 * elements)};
  }
  Entries weights() const { return {{"a.weight", tensor(2)}, {"a.bias", tensor(3)}}; }
  std::filesystem::path write(const TorchValue& root) const {
    write_torch_file(folder_ / "file.pth", root);
    return folder_ / "file.pth";
  }
  std::string error_of(const TorchValue& root) const {
    return test::message_of<Error>([&] { WeightsFile file(write(root)); });
  }
  static std::vector<std::string> names(const WeightsFile& file) {
    std::vector<std::string> result;
    for (const auto& entry : file.entries()) result.push_back(entry.name);
    return result;
  }
  // A module as torch.save(model) keeps it.
  static TorchValue module(Entries parameters, Entries buffers, Entries modules) {
    return TorchValue::object("net", "Module",
                              {{"training", true},
                               {"_parameters", TorchValue::ordered_dict(std::move(parameters))},
                               {"_buffers", TorchValue::ordered_dict(std::move(buffers))},
                               {"_modules", TorchValue::ordered_dict(std::move(modules))}});
  }

  std::vector<std::byte> bytes_ = std::vector<std::byte>(64, std::byte{0x3F});
  test::TemporaryFolder folder_;
};

TEST_F(WeightsFileTest, FindsTheStateDictUnderEachUsualName) {
  const std::vector<std::string> expected{"a.weight", "a.bias"};
  {
    const WeightsFile bare(write(TorchValue::ordered_dict(weights())));
    EXPECT_EQ(names(bare), expected);
    EXPECT_EQ(bare.location(), "");
  }
  for (const char* name : {"state_dict", "model_state_dict", "model", "net"}) {
    const WeightsFile file(write(TorchValue::dict({{"epoch", 3},
                                                   {"optimizer", TorchValue::dict({{"x", tensor(1)}})},
                                                   {name, TorchValue::ordered_dict(weights())}})));
    EXPECT_EQ(names(file), expected) << name;
    EXPECT_EQ(file.location(), name);
    int read = 0;
    file.read(1, [&](const TensorView& view) {
      EXPECT_EQ(view.shape, std::vector<std::int64_t>{3});
      EXPECT_TRUE(std::equal(view.bytes.begin(), view.bytes.end(), bytes_.begin()));
      ++read;
    });
    EXPECT_EQ(read, 1);
  }
}

TEST_F(WeightsFileTest, NamesAWholeModulesTensorsAsItsStateDictWould) {
  const TorchValue norm =
      module({{"weight", tensor(2)}, {"bias", TorchValue()}}, {{"running_mean", tensor(2)}}, {});
  const TorchValue net = module({{"token", tensor(1)}}, {}, {{"norm", norm}});
  const std::vector<std::string> expected{"module.token", "module.norm.weight", "module.norm.running_mean"};
  EXPECT_EQ(names(WeightsFile(write(module({}, {}, {{"module", net}})))), expected);
  EXPECT_EQ(names(WeightsFile(write(TorchValue::dict({{"model", module({}, {}, {{"module", net}})}})))),
            expected);
}

// Of several state dicts the one that is no average, or else the greatest, is taken, and that is said.
TEST_F(WeightsFileTest, SaysWhichOfSeveralStateDictsItTakes) {
  const auto weights_dict = [&] { return TorchValue::ordered_dict(weights()); };
  const auto expect = [&](const TorchValue& root, const std::string& location, const std::string& remarks) {
    const WeightsFile file(write(root));
    EXPECT_EQ(file.location(), location);
    EXPECT_EQ(file.remarks(), remarks);
    EXPECT_EQ(names(file), (std::vector<std::string>{"a.weight", "a.bias"}));
  };
  expect(TorchValue::dict({{"state_dict_ema", weights_dict()}, {"state_dict", weights_dict()}}), "state_dict",
         "taken from \"state_dict\", not from \"state_dict_ema\"");
  expect(TorchValue::dict({{"model_ema", weights_dict()}, {"model", weights_dict()}}), "model",
         "taken from \"model\", not from \"model_ema\"");
  expect(TorchValue::dict({{"model_ema", weights_dict()}, {"args", "x"}}), "model_ema",
         "taken from \"model_ema\"");
  expect(TorchValue::dict({{"ema", TorchValue::dict({{"module", weights_dict()}})}, {"step", 1}}),
         "ema.module", "taken from \"ema.module\"");
  expect(TorchValue::dict({{"model", TorchValue::dict({{"state_dict", weights_dict()}})}}),
         "model.state_dict", "");
  expect(TorchValue::dict({{"student", weights_dict()}, {"teacher", weights_dict()}}), "student",
         "taken from \"student\", not from \"teacher\"");
  // A lone number beside them makes no state dict of the file's top; nor are an optimizer's tensors weights.
  expect(TorchValue::dict({{"best_acc", tensor(1)}, {"mine", weights_dict()}}), "mine",
         "taken from \"mine\"");
  expect(TorchValue::dict(
             {{"optimizer_states", TorchValue::dict({{"a", tensor(1)}, {"b", tensor(1)}, {"c", tensor(1)}})},
              {"net", weights_dict()}}),
         "net", "");
  Entries top = weights();
  top.emplace_back("extra", TorchValue::dict({{"x", tensor(1)}}));
  const WeightsFile file(write(TorchValue::dict(std::move(top))));
  EXPECT_EQ(file.location(), "");
  EXPECT_EQ(file.no_tensors(), std::vector<std::string>{"extra"});
}

// Told by content in either reader, whatever the name says.
TEST_F(WeightsFileTest, LookAlikesAreCalledWhatTheyAre) {
  const std::string shards =
      R"({"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors",
          "b": "model-00002-of-00002.safetensors", "c": "model-00001-of-00002.safetensors"}})";
  const std::pair<std::string, std::string> cases[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n", "git lfs pull"},
      {"<!DOCTYPE html><html></html>", "is a web page"},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "is a web page"},
      {shards, "lie in \"model-00001-of-00002.safetensors\", \"model-00002-of-00002.safetensors\"; join"},
      {R"({"hidden_size": 3})", "is a JSON file"},
      {"", "is empty"},
      {"PK\x05\x06" + std::string(18, '\0'), "is a zip file"},
      {"\x1f\x8b\x08 and more", "is a gzip file"},
      {"\xFD"
       "7zXZ and more",
       "is an xz file"},
      {"GGUF\x03 and more", "is a GGUF file"},
      {"\x08\x07\x12\x07pytorch", "is an ONNX model"},
      {"\x89HDF\r\n\x1a\n", "HDF5"},
      {"\x80\x04}.", "is a Python pickle"},
      {"\x93NUMPY", "is a NumPy array"},
      {"Entry not found", "a text that begins with \"Entry not found\""},
      {std::string(2000, '\0'), "zeros alone"}};
  for (const auto& [bytes, part] : cases)
    for (const char* name : {"file.pth", "file.safetensors", "index.json", "no-extension"}) {
      test::write_file(folder_ / name, bytes);
      const std::string message = test::message_of<Error>([&] { WeightsFile file(folder_ / name); });
      EXPECT_TRUE(message.starts_with((folder_ / name).string() + ": ")) << message;
      EXPECT_NE(message.find(part), std::string::npos) << name << ": " << message << " instead of " << part;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
}

// Each under the other's name.
TEST_F(WeightsFileTest, TheContentTellsTheFormat) {
  std::filesystem::rename(write(TorchValue::ordered_dict(weights())), folder_ / "a.safetensors");
  EXPECT_EQ(WeightsFile(folder_ / "a.safetensors").format(), "PyTorch zip");
  const float value = 1;
  write_safetensors(folder_ / "b.pth", {}, std::vector<TensorToWrite>{{"x", DType::f32, {1}, &value}});
  EXPECT_EQ(WeightsFile(folder_ / "b.pth").format(), "safetensors");
  std::filesystem::resize_file(folder_ / "b.pth", 40);
  EXPECT_NE(
      test::message_of<Error>([&] { WeightsFile file(folder_ / "b.pth"); }).find("longer than the file"),
      std::string::npos);
}

TEST_F(WeightsFileTest, ANamedPipeIsRefusedAndNotWaitedFor) {
  for (const char* name : {"pipe.pth", "pipe.safetensors"}) {
    ASSERT_EQ(::mkfifo((folder_ / name).c_str(), 0600), 0);
    EXPECT_NE(test::message_of<Error>([&] { WeightsFile file(folder_ / name); }).find("regular file"),
              std::string::npos);
  }
}

TEST_F(WeightsFileTest, ListsWhatIsNoTensor) {
  Entries entries = weights();
  entries.emplace_back("version", 2);
  EXPECT_EQ(WeightsFile(write(TorchValue::dict(std::move(entries)))).no_tensors(),
            std::vector<std::string>{"version"});
}

TEST_F(WeightsFileTest, FilesWithoutWeightsAreExplained) {
  const std::string optimizer =
      error_of(TorchValue::dict({{"state", TorchValue::dict({})}, {"param_groups", TorchValue::list({})}}));
  EXPECT_NE(optimizer.find("only the state of an optimizer"), std::string::npos) << optimizer;
  const std::string other = error_of(TorchValue::dict({{"epoch", 1}, {"log", "x"}}));
  EXPECT_NE(other.find("file.pth: holds no weights"), std::string::npos) << other;
  EXPECT_NE(other.find("'epoch', 'log'"), std::string::npos) << other;
  EXPECT_NE(error_of(TorchValue::list({1, 2})).find("holds no weights"), std::string::npos);
}

// Each module holds the one before it twice: 2^60 of them in a few kilobytes.
TEST_F(WeightsFileTest, ModulesThatShareModulesEndInAnErrorSoon) {
  std::string pickle;
  for (int level = 0; level < 60; ++level) {
    const std::string below = level == 0 ? "" : "h" + std::string(1, static_cast<char>(level - 1));
    const std::string modules = level == 0 ? "}" : dict({{"a", below}, {"b", below}});
    pickle += global("net", "Module") + ")\x81" + dict({{"_parameters", "}"}, {"_modules", modules}}) + "b" +
              "q" + static_cast<char>(level) + "0";
  }
  test::write_file(folder_ / "bomb.pth", test::torch_zip(pickle + "h" + static_cast<char>(59)));
  const std::string message = test::message_of<Error>([&] { WeightsFile file(folder_ / "bomb.pth"); });
  EXPECT_NE(message.find("too many"), std::string::npos) << message;
  EXPECT_TRUE(tensor_paths(TorchFile(folder_ / "bomb.pth")).empty());
}

// Many dicts that share one with a key of a megabyte: looking for state dicts takes no longer for it.
TEST_F(WeightsFileTest, DictsThatShareDictsEndSoon) {
  const std::string shared = dict({{std::string(1 << 20, 'k'), dict({{"x", "}"}})}});
  std::string pickle = "}q\1(" + test::text("first") + shared + "q\2";
  for (int i = 0; i < 100'000; ++i) pickle += test::text(std::to_string(i)) + "h\2";
  test::write_file(folder_ / "wide.pth", test::torch_zip(pickle + "u"));
  const std::string message = test::message_of<Error>([&] { WeightsFile file(folder_ / "wide.pth"); });
  EXPECT_NE(message.find("holds no weights"), std::string::npos) << message.substr(0, 300);
}

TEST_F(WeightsFileTest, PathsOfTensorsNameTheWayFromTheRoot) {
  const auto file = write(TorchValue::dict(
      {{"best", tensor(1)},
       {"optimizer",
        TorchValue::dict({{"state", TorchValue::dict({{0, TorchValue::dict({{"m", tensor(2)}})}})}})},
       {"list", TorchValue::list({1, tensor(3)})}}));
  const TorchFile torch(file);
  std::vector<std::string> paths;
  for (const auto& [path, index] : tensor_paths(torch)) paths.push_back(path);
  EXPECT_EQ(paths, (std::vector<std::string>{"best", "optimizer.state.0.m", "list.1"}));
}

}  // namespace
}  // namespace poster::io
