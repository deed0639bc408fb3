#include "io/format/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <fstream>

#include "engine/error.h"
#include "io/torch/torch_file.h"
#include "io/torch/torch_writer.h"
#include "io/weights/safetensors.h"
#include "io/weights/weights_file.h"
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

std::string check_message(const MappedFile& file) {
  return test::message_of<Error>([&] { file.check(); });
}

TEST(MappedFile, ReadsZerosWhereTheFileWasCutAndSaysSo) {
  test::TemporaryFolder folder;
  for (const std::size_t left : {kMiB / 2 + 100, std::size_t{0}, kMiB - 1}) {
    test::write_file(folder / "a", std::string(kMiB, 'x'));
    const MappedFile file(folder / "a");
    file.check();
    std::filesystem::resize_file(folder / "a", left);
    EXPECT_EQ(sum_of(file.bytes()), left * 'x');
    EXPECT_EQ(check_message(file),
              (folder / "a").string() +
                  ": was cut short while it was read; give a whole copy that nobody writes to");
    // What has been zeros stays refused, whatever becomes of the file.
    std::filesystem::resize_file(folder / "a", kMiB);
    EXPECT_NE(check_message(file), "nothing thrown");
  }
}

TEST(MappedFile, SaysWhenTheFileIsWrittenTo) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", "old content");
  std::filesystem::last_write_time(folder / "a",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  const MappedFile file(folder / "a");
  {
    std::fstream other(folder / "a", std::ios::in | std::ios::out | std::ios::binary);
    other << "new";
  }
  EXPECT_EQ(check_message(file), (folder / "a").string() +
                                     ": was written to while it was read; wait for the writer and try again");
  // Replaced by renaming, as all files should be: the old one stays whole.
  test::write_file(folder / "b", "one");
  const MappedFile kept(folder / "b");
  test::write_file(folder / "c", "two");
  std::filesystem::rename(folder / "c", folder / "b");
  kept.check();
  EXPECT_EQ(sum_of(kept.bytes()), sum_of(std::as_bytes(std::span("one", 3))));
}

TEST(MappedFile, FaultsOfOthersAreNotHidden) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", std::string(kMiB, 'x'));
  const MappedFile guarded(folder / "a");
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    const int file = ::open((folder / "a").c_str(), O_RDONLY);
    const auto* bytes =
        static_cast<const volatile char*>(::mmap(nullptr, kMiB, PROT_READ, MAP_PRIVATE, file, 0));
    std::filesystem::resize_file(folder / "a", 0);
    ::_exit(bytes[kMiB - 1] == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0);  // SIGBUS, or what a sanitizer makes of it
}

TEST(MappedFile, ReadersOfWeightsSayThatTheirFileWasCut) {
  test::TemporaryFolder folder;
  const std::vector<float> values(kMiB);
  const TensorToWrite tensor{"a", DType::f32, {static_cast<std::int64_t>(values.size())}, values.data()};
  write_safetensors(folder / "a.safetensors", {}, {&tensor, 1});
  TorchValue::Entries entries;
  entries.emplace_back("a", TensorView{DType::f32, {std::ssize(values)}, std::as_bytes(std::span(values))});
  write_torch_file(folder / "a.pth", TorchValue::dict(std::move(entries)));
  for (const char* name : {"a.safetensors", "a.pth"}) {
    const WeightsFile file(folder / name);
    std::size_t reads = 0;
    EXPECT_EQ(test::message_of<Error>([&] {
                file.read(0, [&](const TensorView& view) {
                  std::filesystem::resize_file(folder / name, 1000);
                  sum_of(view.bytes);
                  ++reads;
                });
              }),
              (folder / name).string() +
                  ": was cut short while it was read; give a whole copy that nobody writes to");
    EXPECT_EQ(reads, 1u);
  }
}

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
  EXPECT_EQ(message(folder.path()),
            folder.path().string() + ": is a folder, not a regular file; give a file");
  EXPECT_TRUE(message("/dev/null").starts_with("/dev/null: is not a regular file but a device"));
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
