#include "io/format/input_file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "engine/error.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;
using test::expect_contains;

std::string opening_message(const fs::path& path, std::uint64_t most = 100) {
  return test::message_of<Error>([&] { io::read_file(path, most); });
}

TEST(InputFile, ReadsRegularFilesWholeAndInParts) {
  test::TemporaryFolder folder;
  const std::string content("a\0b\xFF\n", 5);
  test::write_file(folder / "a", content);
  test::write_file(folder / "empty", "");
  EXPECT_EQ(io::read_file(folder / "a", 5), content);
  EXPECT_EQ(read_file_bytes(folder / "a", 5), std::vector<std::uint8_t>(content.begin(), content.end()));
  EXPECT_EQ(io::read_file(folder / "empty", 0), "");
  EXPECT_EQ(read_file_if_there(folder / "a", 5), content);
  EXPECT_EQ(read_file_if_there(folder / "b", 5), std::nullopt);

  InputFile file(folder / "a");
  EXPECT_EQ(file.size(), 5u);
  char two[2];
  file.read_at(1, std::as_writable_bytes(std::span(two)));
  EXPECT_EQ(std::string(two, 2), content.substr(1, 2));
  EXPECT_EQ(file.read_some(4, std::as_writable_bytes(std::span(two))), 1u);
  EXPECT_EQ(file.read_some(9, std::as_writable_bytes(std::span(two))), 0u);
  const InputFile moved = std::move(file);
  EXPECT_EQ(moved.path(), folder / "a");
  moved.read_at(0, std::as_writable_bytes(std::span(two)));
}

TEST(InputFile, RefusesWhatIsNoRegularFileAndNeverWaits) {
  test::TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0666), 0);
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(server);
  fs::create_symlink(folder / "pipe", folder / "link");
  fs::create_symlink("circle", folder / "circle");

  EXPECT_EQ(opening_message(folder / "pipe"),
            (folder / "pipe").string() +
                ": is not a regular file but a pipe; save what it gives to a file and give that");
  for (const auto& [name, kind] :
       {std::pair("link", "but a pipe"), {"socket", "but a socket"}, {"", "is a folder, not a regular file"}})
    expect_contains(opening_message(folder / name), kind);
  expect_contains(opening_message("/dev/zero"), "but a device");
  expect_contains(opening_message(folder / "circle"), "links lead in a circle");
  EXPECT_NE(test::message_of<Error>([&] { read_file_if_there(folder / "pipe", 9); }), "nothing thrown");
}

TEST(InputFile, SaysWhatIsWrongWithAName) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", "1");
  EXPECT_EQ(opening_message(folder / "none"),
            (folder / "none").string() + ": can't be opened (No such file or directory), check the path");
  expect_contains(opening_message(folder / "a" / "b"), "no folder");
  expect_contains(opening_message(folder / std::string(300, 'x')), "too long");
  // The system would open "a".
  const std::string joined = (folder / "a").string() + std::string("\0b", 2);
  EXPECT_EQ(opening_message(joined),
            (folder / "a").string() + ": a zero byte follows in the name; give one name on each line");
  EXPECT_NE(test::message_of<Error>([&] { read_file_if_there(joined, 9); }), "nothing thrown");
}

TEST(InputFile, ReadsAtMostWhatTheCallerAllows) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", std::string(1500, 'x'));
  EXPECT_EQ(io::read_file(folder / "a", 1500).size(), 1500u);
  EXPECT_EQ(opening_message(folder / "a", 1499),
            (folder / "a").string() +
                ": has 1.5 kB, and such a file has at most 1.5 kB here; check that it is the right one");
  // No memory is asked for before the size is looked at.
  test::write_file(folder / "large", "");
  fs::resize_file(folder / "large", std::uintmax_t{1} << 42);
  expect_contains(opening_message(folder / "large"), "has 4.4 TB");
  // Files of /proc are regular, don't know their size, and can be without end.
  EXPECT_FALSE(io::read_file("/proc/self/maps", 1 << 24).empty());
  expect_contains(opening_message("/proc/self/maps", 10), "at most 10 bytes");
}

TEST(InputFile, NoticesAFileThatBecomesShorter) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", "0123456789");
  const InputFile file(folder / "a");
  fs::resize_file(folder / "a", 4);
  char bytes[6];
  EXPECT_EQ(test::message_of<Error>([&] { file.read_at(2, std::as_writable_bytes(std::span(bytes))); }),
            (folder / "a").string() +
                ": was cut short while it was read (it ends at byte 4); give a file that nobody writes to");
}

TEST(InputFile, DescribesSizes) {
  EXPECT_EQ(describe_size(1), "1 byte");
  EXPECT_EQ(describe_size(999), "999 bytes");
  EXPECT_EQ(describe_size(1000), "1.0 kB");
  EXPECT_EQ(describe_size(999'990), "1.0 MB");
  EXPECT_EQ(describe_size(67'108'864), "67 MB");
  EXPECT_EQ(describe_size(5'200'000'000'000'000), "5200 TB");
}

}  // namespace
}  // namespace poster::io
