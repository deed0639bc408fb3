#include "io/mapped_file.h"

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <fstream>

#include "engine/error.h"
#include "io/torch/torch_file.h"
#include "io/torch/torch_writer.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

// Bytes in memory of the mapping that `address` belongs to.
std::size_t resident(const std::byte* address) {
  std::ifstream maps("/proc/self/smaps");
  bool is_here = false;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin, end;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " ", &begin, &end) == 2) {
      const auto place = reinterpret_cast<std::uint64_t>(address);
      is_here = place >= begin && place < end;
    } else if (is_here && line.starts_with("Rss:")) {
      return std::stoul(line.substr(4)) * 1024;
    }
  }
  return 0;
}

std::size_t sum_of(std::span<const std::byte> bytes) {
  std::size_t sum = 0;
  for (const std::byte byte : bytes) sum += static_cast<std::size_t>(byte);
  return sum;
}

constexpr std::size_t kMiB = 1 << 20;

TEST(MappedFile, TakesAndGivesBackMemory) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", std::string(8 * kMiB, 'x'));
  MappedFile first(folder / "a");
  const MappedFile file = std::move(first);
  EXPECT_TRUE(first.bytes().empty());
  const auto bytes = file.bytes();
  ASSERT_EQ(bytes.size(), 8 * kMiB);
  EXPECT_EQ(sum_of(bytes), 8 * kMiB * 'x');
  EXPECT_EQ(resident(bytes.data()), 8 * kMiB);
  file.release(bytes.subspan(4 * kMiB + 100, 3 * kMiB));
  EXPECT_LE(resident(bytes.data()), 5 * kMiB);
  EXPECT_GE(resident(bytes.data()), kMiB);  // large pages go as a whole
  file.release(bytes);
  EXPECT_EQ(resident(bytes.data()), 0u);
  EXPECT_EQ(sum_of(bytes), 8 * kMiB * 'x');
  const std::byte elsewhere[10]{};
  file.release(elsewhere);
  file.release({});
  EXPECT_EQ(resident(bytes.data()), 8 * kMiB);
}

TEST(MappedFile, EmptyFilesAndNoFiles) {
  test::TemporaryFolder folder;
  test::write_file(folder / "empty", "");
  const MappedFile empty(folder / "empty"), none;
  EXPECT_TRUE(empty.bytes().empty());
  empty.release(empty.bytes());
  none.release({});
  const auto message = [](const std::filesystem::path& path) {
    return test::message_of<Error>([&] { MappedFile file(path); });
  };
  EXPECT_EQ(message(folder / "x"),
            (folder / "x").string() + ": can't be opened (No such file or directory), check the path");
  EXPECT_EQ(message(folder.path()), folder.path().string() + ": is not a regular file, give a file");
  EXPECT_EQ(message("/dev/null"), "/dev/null: is not a regular file, give a file");
}

// What a loader that copies tensors one by one needs beside the copies.
TEST(MappedFile, ACheckpointTakesOneTensorAtATime) {
  test::TemporaryFolder folder;
  const std::vector<std::byte> memory(kMiB + 4 * 1234, std::byte{1});
  const TensorView view{DType::f32, {static_cast<std::int64_t>(memory.size() / 4)}, memory};
  TorchValue::Entries entries;
  for (int i = 0; i < 32; ++i) entries.emplace_back(std::to_string(i), view);
  write_torch_file(folder / "a.pth", TorchValue::dict(std::move(entries)));
  const TorchFile file(folder / "a.pth");
  ASSERT_EQ(file.tensors().size(), 32u);
  for (std::size_t i = 0; i < file.tensors().size(); ++i) {
    const TorchElements elements = file.read(i);
    EXPECT_EQ(sum_of(elements.view().bytes), memory.size());
    EXPECT_LE(resident(elements.view().bytes.data()), memory.size() + 3 * kMiB) << i;  // in large pages
    file.release(i);
  }
}

}  // namespace
}  // namespace poster::io
