#include "io/torch/torch_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/error.h"
#include "io/torch/torch_file.h"
#include "io/torch/zip_directory.h"
#include "tests/io/torch/torch_bytes.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::message_of;

constexpr DType kTypes[] = {DType::f64, DType::f32, DType::f16,    DType::bf16, DType::i64,
                            DType::i32, DType::i16, DType::i8,     DType::u64,  DType::u32,
                            DType::u16, DType::u8,  DType::boolean};

// Bytes that differ from one place to the next; booleans stay 0 or 1.
std::vector<std::byte> some_bytes(std::size_t size, DType dtype) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = std::byte(dtype == DType::boolean ? i % 3 == 0 : i * 37 + size);
  return bytes;
}

// Owns what the values to write refer to.
struct Sample {
  std::vector<std::vector<std::byte>> memory;

  TorchValue tensor(DType dtype, std::vector<std::int64_t> shape) {
    std::size_t size = size_of(dtype);
    for (const std::int64_t side : shape) size *= static_cast<std::size_t>(side);
    memory.push_back(some_bytes(size, dtype));
    return TensorView{dtype, std::move(shape), memory.back()};
  }
  // A checkpoint as the reference writes it, with tensors of every type and of odd sizes.
  TorchValue checkpoint() {
    TorchValue::Entries state, metadata;
    for (const DType dtype : kTypes) {
      const std::string name = "module." + std::string(name_of(dtype));
      state.emplace_back(name, tensor(dtype, {3, 5, 7}));
      metadata.emplace_back(name, TorchValue::dict({{"version", 1}}));
    }
    state.emplace_back("module.scalar", tensor(DType::f32, {}));
    state.emplace_back("module.empty", tensor(DType::f32, {0, 3}));
    state.emplace_back("module.größe \"q\"", tensor(DType::f32, {1000, 33}));
    return TorchValue::dict(
        {{"epoch", 7},
         {"state_dict",
          TorchValue::ordered_dict(std::move(state), TorchValue::ordered_dict(std::move(metadata)))},
         {"best_acc", tensor(DType::f32, {1})},
         {"optimizer",
          TorchValue::dict({{"state", TorchValue::dict({{0, TorchValue::dict({{"step", 12.5}})}})},
                            {"betas", TorchValue::tuple({0.9, 0.999})},
                            {"params", TorchValue::list({0, 1, 255, 256, -1, std::int64_t{1} << 40,
                                                         std::numeric_limits<std::int64_t>::min()})},
                            {"foreach", TorchValue()},
                            {"amsgrad", false},
                            {"maximize", true},
                            {"nothing", TorchValue::list({})}})}});
  }
};

TEST(TorchWriter, WhatIsWrittenIsReadBackToTheBit) {
  test::TemporaryFolder folder;
  Sample sample;
  write_torch_file(folder / "a.pth", sample.checkpoint());
  const TorchFile file(folder / "a.pth");
  EXPECT_EQ(file.format(), TorchFormat::zip);
  const PickleValue& root = file.root();
  EXPECT_EQ(root.find("epoch")->as_integer(), 7);
  const PickleValue& state = *root.find("state_dict");
  ASSERT_EQ(state.entry_count(), std::size(kTypes) + 3);
  for (std::size_t i = 0; i < state.entry_count(); ++i) {
    const TorchElements elements = file.read(state.value(i));
    EXPECT_TRUE(std::ranges::equal(elements.view().bytes, sample.memory[i])) << i;
    EXPECT_FALSE(elements.is_copy());
    EXPECT_FALSE(file.tensors()[state.value(i).index()].requires_grad);
    if (i < std::size(kTypes)) {
      EXPECT_EQ(state.key(i).as_text(), "module." + std::string(name_of(kTypes[i])));
      EXPECT_EQ(elements.view().dtype, kTypes[i]);
      EXPECT_EQ(elements.view().shape, (std::vector<std::int64_t>{3, 5, 7}));
    }
    if (!elements.view().bytes.empty()) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(elements.view().bytes.data()) % 64, 0u) << i;
    }
  }
  EXPECT_EQ(state.key(15).as_text(), "module.größe \"q\"");
  EXPECT_EQ(state.state().find("_metadata")->entry_count(), std::size(kTypes));
  EXPECT_EQ(
      describe(*root.find("optimizer"), 500),
      "{'state': {0: {'step': 12.5}}, 'betas': (0.9, 0.999), 'params': [0, 1, 255, 256, -1, 1099511627776, "
      "-9223372036854775808], 'foreach': None, 'amsgrad': False, 'maximize': True, 'nothing': []}");
  EXPECT_TRUE(file.unknown_names().empty());
}

TEST(TorchWriter, EqualContentGivesEqualBytes) {
  test::TemporaryFolder folder;
  Sample first, second;
  write_torch_file(folder / "a.pth", first.checkpoint());
  write_torch_file(folder / "another name.pth", second.checkpoint());
  EXPECT_EQ(test::read_file(folder / "a.pth"), test::read_file(folder / "another name.pth"));
}

TEST(TorchWriter, KeepsThePreviousFile) {
  test::TemporaryFolder folder;
  write_torch_file(folder / "a.pth", 1, KeepPrevious::yes);
  write_torch_file(folder / "a.pth", 2, KeepPrevious::yes);
  EXPECT_EQ(TorchFile(folder / "a.pth").root().as_integer(), 2);
  EXPECT_EQ(TorchFile(folder / "a.previous.pth").root().as_integer(), 1);
}

TEST(TorchWriter, WhatCantBeWrittenIsRefusedAndLeavesTheOldFile) {
  test::TemporaryFolder folder;
  const auto path = folder / "a.pth";
  write_torch_file(path, 1);
  const std::vector<std::byte> four(4);
  TorchValue deep;
  for (int i = 0; i < 200; ++i) deep = TorchValue::list({deep});
  const std::pair<TorchValue, const char*> cases[] = {
      {TorchValue::dict({{"k", 1}, {"k", 2}}), "the key \"k\" stands twice"},
      {TorchValue::dict({{5, 1}, {5, 2}}), "the key 5 stands twice"},
      {TorchValue::dict({{1.5, 1}}), "a key is neither"},
      {"\xff", "is not UTF-8"},
      {TensorView{DType::f32, {2}, four}, "takes 8 bytes, not 4"},
      {TensorView{DType::f32, {-1}, four}, "impossible shape [-1]"},
      {TensorView{DType::f32, {std::int64_t{1} << 62, 4}, four}, "impossible shape"},
      {TensorView{DType::f32, {0, std::int64_t{1} << 62, 4}, {}}, "impossible shape"},
      {deep, "nested too deeply"},
  };
  for (const auto& wrong : cases) {
    const std::string message = message_of<Error>([&] { write_torch_file(path, wrong.first); });
    EXPECT_EQ(message.find(path.string() + ": can't be written: "), 0u) << message;
    EXPECT_NE(message.find(wrong.second), std::string::npos) << message;
  }
  EXPECT_EQ(TorchFile(path).root().as_integer(), 1);
  EXPECT_EQ(folder.entries(), 1);
}

// Content beyond 4 GiB, which a sparse file holds without taking room.
class SparseFile {
 public:
  explicit SparseFile(const std::filesystem::path& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT, 0600)),
        zeros_(::mmap(nullptr, kSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~SparseFile() {
    ::munmap(zeros_, kSize);
    ::close(file_);
  }
  static constexpr std::size_t kSize = (std::size_t{1} << 32) + 12345;
  std::span<const std::byte> zeros() const { return {static_cast<const std::byte*>(zeros_), kSize}; }
  void write(std::span<const std::byte> bytes) {
    if (bytes.data() != zeros_ && ::pwrite(file_, bytes.data(), bytes.size(), position_) < 0)
      throw std::runtime_error("pwrite");
    position_ += static_cast<off_t>(bytes.size());
  }

 private:
  int file_;
  void* zeros_;
  off_t position_ = 0;
};

TEST(ZipWriter, SizesAndOffsetsBeyondFourGigabytes) {
  test::TemporaryFolder folder;
  const std::string small = "behind";
  {
    SparseFile sparse(folder / "large.zip");
    ZipWriter writer([&](std::span<const std::byte> bytes) { sparse.write(bytes); });
    writer.add("a/large", sparse.zeros(), 1);  // its CRC-32 is not looked at here
    writer.add("a/small", test::bytes_of(small), crc32_of(test::bytes_of(small)));
    writer.finish();
  }
  const MappedFile file(folder / "large.zip");
  const ZipDirectory zip(file.bytes());
  ASSERT_EQ(zip.entries().size(), 2u);
  EXPECT_EQ(zip.entries()[0].size, SparseFile::kSize);
  EXPECT_EQ(zip.entries()[0].name, "a/large");
  const auto content = zip.content(*zip.find("a/small"));
  EXPECT_TRUE(std::ranges::equal(content, test::bytes_of(small)));
  EXPECT_EQ((content.data() - file.bytes().data()) % 64, 0);
}

TEST(ZipWriter, MoreEntriesThan16BitsCount) {
  std::string bytes;
  ZipWriter writer([&](std::span<const std::byte> part) {
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  });
  constexpr int kCount = 70000;
  for (int i = 0; i < kCount; ++i) {
    const std::string content = std::to_string(i);
    writer.add("n" + content, test::bytes_of(content), crc32_of(test::bytes_of(content)));
  }
  writer.finish();
  const ZipDirectory zip(test::bytes_of(bytes));
  ASSERT_EQ(zip.entries().size(), std::size_t{kCount});
  for (const int i : {0, 1, 65535, 65536, kCount - 1}) {
    const auto* entry = zip.find("n" + std::to_string(i));
    ASSERT_NE(entry, nullptr);
    EXPECT_TRUE(std::ranges::equal(zip.content(*entry), test::bytes_of(std::to_string(i))));
  }
}

}  // namespace
}  // namespace poster::io
