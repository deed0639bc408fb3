// Damaged files: every cut and many changed bytes of every sample, and zip directories and legacy frames made
// wrong by hand. An error or a valid result, and never more.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/error.h"
#include "tests/io/torch/torch_bytes.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using namespace test;

constexpr const char* kSamples[] = {
    "dtypes_and_views.pth",     "dtypes_and_views_legacy.pth",     "hostile_os_system.pth",
    "reference_checkpoint.pth", "reference_checkpoint_legacy.pth", "reference_model_best_optimizer_only.pth"};

std::string sample(const std::string& name) {
  return test::read_file(std::string(POSTER_TEST_DATA) + "/checkpoints/" + name);
}

TEST(TorchDamage, EveryCutIsRefused) {
  for (const char* name : kSamples) {
    const std::string whole = sample(name);
    EXPECT_EQ(error_of_file(whole, true), "") << name;
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_NE(error_of_file(whole.substr(0, size), true), "") << name << " " << size;
    EXPECT_NE(error_of_file(whole + "x", true), "") << name;
  }
}

TEST(TorchDamage, ChangedBytesAreAnErrorOrAValidFile) {
  for (const char* name : kSamples) {
    const std::string whole = sample(name);
    const bool is_zip = whole[0] == 'P';
    int unnoticed = 0;
    for (std::size_t i = 0; i < whole.size(); ++i)
      for (const int change : {0x01, 0x80, 0xFF}) {
        std::string changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ change);
        const std::string error = error_of_file(changed, true);
        unnoticed += error.empty();
        EXPECT_EQ(error.find('\n'), std::string::npos);
      }
    // In a zip file all is described twice or has a CRC-32, but for padding, dates, versions and attributes.
    if (is_zip) {
      EXPECT_LT(unnoticed, 3 * static_cast<int>(whole.size()) / 2) << name;
    }
  }
}

// Seeds of the fuzzers and what they found: an error or a valid file. (A seed that is no zip file is a
// pickle.)
TEST(TorchDamage, InputsOfTheFuzzers) {
  int count = 0;
  for (const char* folder : {"torch_zip", "torch_legacy"})
    for (const auto& entry :
         std::filesystem::directory_iterator(POSTER_SOURCE_DIR "/tests/fuzz/corpus/" + std::string(folder))) {
      const std::string bytes = test::read_file(entry.path());
      const bool is_pickle = folder == std::string("torch_zip") && !bytes.starts_with("PK");
      const std::string error = error_of_file(
          is_pickle ? zip_bytes({{"a/data.pkl", bytes}, {"a/data/0", std::string(64, 'x')}}) : bytes, true);
      EXPECT_EQ(error.find('\n'), std::string::npos) << entry.path();
      ++count;
    }
  EXPECT_GE(count, 20);
}

TEST(TorchDamage, ADamagedTensorIsNoticedWhenItIsRead) {
  std::string bytes =
      torch_zip(tensor(storage("FloatStorage", "0", 4), 0, {4}, {1}), {{"0", "0123456789abcdef"}});
  bytes[bytes.find("0123456789abcdef") + 5] ^= 1;
  const TorchFile file = open(bytes);
  EXPECT_NE(message_of<Error>([&] { file.read(0); }).find("CRC-32 of its storage \"0\" doesn't fit"),
            std::string::npos);
  bytes[bytes.find("torch._utils")] ^= 1;
  EXPECT_NE(error_of_file(bytes).find("CRC-32 of its entry \"a/data.pkl\" doesn't fit"), std::string::npos);
}

TEST(TorchDamage, LegacyFramesMadeByHand) {
  const std::string value = tensor(storage("FloatStorage", "k", 2), 0, {2}, {1});
  const std::string keys = "](" + text("k") + "e", data = little_endian(std::int64_t{2}) + "01234567";
  EXPECT_EQ(error_of_file(torch_legacy(value, keys, data)), "");
  const auto view = [](std::int64_t begin, std::int64_t size, std::vector<std::int64_t> shape) {
    return tensor(tuple({text("storage"), global("torch", "FloatStorage"), text("k"), text("cpu"), number(2),
                         tuple({text("v"), number(begin), number(size)})}) +
                      "Q",
                  0, shape, {1});
  };
  const std::string part = torch_legacy(view(1, 1, {1}), keys, data);
  const TorchFile file = open(part);
  EXPECT_EQ(std::memcmp(file.read(0).view().bytes.data(), "4567", 4), 0);
  const std::pair<std::string, std::string> cases[] = {
      {torch_legacy(value, keys, little_endian(std::int64_t{3}) + "01234567"),
       "has 3 elements, its tensors expect 2"},
      {torch_legacy(value, keys, little_endian(std::int64_t{-1}) + "01234567"), "has -1 elements"},
      {torch_legacy(value, keys, little_endian(std::int64_t{2}) + "0123456"),
       "cut short within its storages"},
      {torch_legacy(value, keys, data + "x"), "behind its last storage"},
      {torch_legacy(value, keys, ""), "cut short within its storages"},
      {torch_legacy(value, "]", ""), "storage \"k\" is missing"},
      {torch_legacy(value, "](" + text("x") + "e", data), "storage 'x', which no tensor uses"},
      {torch_legacy(value, "](" + text("k") + text("k") + "e", data + data), "storage 'k' twice"},
      {torch_legacy(value, "K\1", data), "list of storages is 1"},
      {torch_legacy(value, global("a", "B"), data), "name \"a\" stands where a number belongs"},
      {torch_legacy(value, keys, data, dict({{"little_endian", "\x89"}})), "big-endian machine"},
      {torch_legacy(value, keys, data, dict({})), "system info is {}"},
      {torch_legacy(view(1, 2, {1}), keys, data), "a part of the storage \"k\" reaches beyond it"},
      {torch_legacy(view(1, 1, {2}), keys, data), "reaches beyond its storage"},
      {torch_legacy(view(-1, 1, {1}), keys, data), "begin of a part of a tensor is -1"},
      {torch_legacy(tensor(storage("FloatStorage", "k", INT64_MAX), 0, {2}, {1}), keys,
                    little_endian(INT64_MAX)),
       "impossible storage"},
  };
  for (const auto& [bytes, what] : cases) expect_contains(error_of_file(bytes), what);
  std::string other = torch_legacy(value, keys, data);
  other[other.find("M\xe9\x03") + 1] = 'x';
  expect_contains(error_of_file(other), "protocol 888 of PyTorch's legacy format");
}

TEST(TorchDamage, OtherFilesAreCalledByTheirNames) {
  const std::string zip_of_checkpoint = zip_bytes({{"model.pth", "x"}}),
                    script = zip_bytes({{"m/data.pkl", "N."}, {"m/constants.pkl", "N."}});
  std::string tar(600, '\0');
  tar.replace(257, 5, "ustar");
  const std::pair<std::string, std::string> cases[] = {
      {"", "is empty"},
      {"<!DOCTYPE html><html>", "is a web page"},
      {"\n  <HTML lang=\"en\">", "is a web page"},
      {"\xEF\xBB\xBF<html>", "is a web page"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:", "is a Git LFS pointer"},
      {script, "is a TorchScript program"},
      {zip_of_checkpoint, "zip file with other files in it"},
      {zip_bytes({{"notes.txt", "x"}}), "not one of torch.save"},
      {zip_bytes({{"a/b/data.pkl", "N."}}), "not one of torch.save"},
      {little_endian(std::uint64_t{2}) + "{}", "is a safetensors file"},
      {"\x1f\x8b\x08", "is a gzip file"},
      {tar, "is a tar file"},
      {"\x89HDF\r\n", "HDF5"},
      {pickle(dict({})), "is a Python pickle, but not one of torch.save"},
      {"hello", "is no file of weights, but a text that begins with \"hello\""},
      {"\1\2\3", "is not a PyTorch checkpoint"},
      {"PK\3\4 and nothing more", "without its end, cut short"},
      {zip_bytes({{"a/data.pkl", "N."}, {"a/byteorder", "big"}}), "big-endian machine"},
      {zip_bytes({{"a/data.pkl", "N."}, {"a/byteorder", "middle"}}), "byte order is \"middle\""},
      {zip_bytes({{"a/data.pkl", "N."}, {"a/version", "11\n"}}), "version 11"},
      {zip_bytes({{"a/data.pkl", "N."}, {"a/version", "x"}}), "version is \"x\""},
  };
  TemporaryFolder folder;
  for (const auto& [bytes, part] : cases) {
    expect_contains(error_of_file(bytes), part);
    EXPECT_EQ(error_of_file(bytes).find("hand.pth: "), 0u);
    write_file(folder / "a.pth", bytes);
    expect_contains(message_of<Error>([&] { TorchFile file(folder / "a.pth"); }), part);
    const bool is_one = bytes.find("data.pkl") != std::string::npos && bytes != script &&
                        bytes.find("b/data") == std::string::npos;
    EXPECT_EQ(is_torch_file(folder / "a.pth"), is_one) << part;
  }
  expect_contains(message_of<Error>([&] { TorchFile file(folder / "none.pth"); }), "can't be opened");
  expect_contains(message_of<Error>([&] { TorchFile file(folder.path()); }), "not a regular file");
  EXPECT_FALSE(is_torch_file(folder / "none.pth"));
}

}  // namespace
}  // namespace poster::io
