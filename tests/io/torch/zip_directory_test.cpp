#include "io/torch/zip_directory.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/error.h"
#include "tests/io/torch/torch_bytes.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using namespace test;

// Offsets of fields within their records (PKWARE's APPNOTE 4.3).
struct Local {
  static constexpr std::size_t kFlags = 6, kMethod = 8, kCrc = 14, kStored = 18, kSize = 22, kName = 26,
                               kExtra = 28;
};
struct Central {
  static constexpr std::size_t kFlags = 8, kMethod = 10, kCrc = 16, kStored = 20, kSize = 24, kName = 28,
                               kExtra = 30, kComment = 32, kOffset = 42;
};
struct Last {
  static constexpr std::size_t kDisk = 4, kEntriesHere = 8, kEntries = 10, kSize = 12, kOffset = 16,
                               kComment = 20;
};

// A file of two entries, and copies of it with a number changed.
class TwoEntries {
 public:
  TwoEntries() : bytes(zip_bytes({{"one", "first content"}, {"two", "second"}})) {
    local = bytes.find("PK\3\4"), second_local = bytes.find("PK\3\4", local + 1);
    central = bytes.find("PK\1\2"), second_central = bytes.find("PK\1\2", central + 1);
    last = bytes.find("PK\5\6");
  }
  template <typename T>
  std::string with(std::size_t record, std::size_t field, T value) const {
    std::string changed = bytes;
    std::memcpy(changed.data() + record + field, &value, sizeof value);
    return changed;
  }

  std::string bytes;
  std::size_t local, second_local, central, second_central, last;
};

std::string error_of_zip(const std::string& bytes) {
  return error_of([&] { ZipDirectory zip(bytes_of(bytes)); });
}

std::string content(const ZipDirectory& zip, std::string_view name) {
  const auto bytes = zip.content(*zip.find(name));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(ZipDirectory, FindsWhereContentLies) {
  const TwoEntries two;
  const ZipDirectory zip(bytes_of(two.bytes));
  ASSERT_EQ(zip.entries().size(), 2u);
  EXPECT_EQ(content(zip, "one"), "first content");
  EXPECT_EQ(content(zip, "two"), "second");
  EXPECT_EQ(zip.find("tw"), nullptr);
  EXPECT_TRUE(zip.has_checksums());
  const std::string empty = zip_bytes({});
  EXPECT_TRUE(ZipDirectory(bytes_of(empty)).entries().empty());
}

TEST(ZipDirectory, ACommentAtTheEnd) {
  TwoEntries two;
  std::string bytes = two.with<std::uint16_t>(two.last, Last::kComment, 5) + "hello";
  EXPECT_EQ(error_of_zip(bytes), "");
  expect_contains(error_of_zip(two.bytes + "hello"), "without its end");
  expect_contains(error_of_zip(two.with<std::uint16_t>(two.last, Last::kComment, 4) + "hello"),
                  "without its end");
}

TEST(ZipDirectory, WhatContradictsItselfIsRefused) {
  const TwoEntries two;
  const auto size = static_cast<std::uint32_t>(two.bytes.size());
  const std::uint32_t crc = 12345;
  const std::pair<std::string, std::string> cases[] = {
      {"x" + two.bytes, "where the file ends"},
      {two.bytes.substr(0, two.last) + "x" + two.bytes.substr(two.last), "where the file ends"},
      {two.with<std::uint16_t>(two.last, Last::kDisk, 1), "several disks"},
      {two.with<std::uint16_t>(two.last, Last::kEntriesHere, 1), "several disks"},
      {two.with<std::uint32_t>(two.last, Last::kSize, size), "where the file ends"},
      {two.with<std::uint32_t>(two.last, Last::kOffset, 0), "where the file ends"},
      {two.with<std::uint32_t>(two.last, Last::kOffset, 0xFFFFFFFF), "where the file ends"},
      {two.with<std::uint16_t>(two.central, Central::kFlags, 1), "is encrypted"},
      {two.with<std::uint16_t>(two.central, Central::kMethod, 8), "is described differently"},
      {two.with<std::uint16_t>(two.local, Local::kMethod, 8), "is described differently"},
      {two.with<std::uint16_t>(two.local, Local::kFlags, 0), "is described differently"},
      {two.with<std::uint32_t>(two.local, Local::kCrc, crc), "another size or CRC-32 in its own header"},
      {two.with<std::uint32_t>(two.central, Central::kCrc, crc), "another size or CRC-32 in its own header"},
      {two.with<std::uint32_t>(two.local, Local::kSize, 3), "another size or CRC-32 in its own header"},
      {two.with<std::uint32_t>(two.local, Local::kStored, 3), "another size or CRC-32 in its own header"},
      {two.with<std::uint32_t>(two.central, Central::kSize, 3), "has two sizes"},
      {two.with<std::uint32_t>(two.central, Central::kStored, size), "has two sizes"},
      {two.with<std::uint32_t>(two.central, Central::kSize, 0xFFFFFFFF), "lacks a zip64 number"},
      {two.with<std::uint32_t>(two.central, Central::kOffset, 0xFFFFFFFF), "lacks a zip64 number"},
      {two.with<std::uint32_t>(two.central, Central::kOffset, 1), "isn't where the directory says"},
      {two.with<std::uint32_t>(two.central, Central::kOffset, size), "isn't where the directory says"},
      {two.with<std::uint32_t>(two.second_central, Central::kOffset, 0), "is described differently"},
      {two.with<std::uint16_t>(two.local, Local::kName, 0xFFFF), "reaches beyond the data"},
      {two.with<std::uint16_t>(two.second_local, Local::kExtra, 0xFFFF), "reaches beyond the data"},
      {two.with<std::uint16_t>(two.central, Central::kName, 0), "has no name"},
      {two.with<std::uint16_t>(two.second_central, Central::kName, 0xFFFF), "directory is cut short"},
      {two.with<std::uint16_t>(two.second_central, Central::kComment, 9), "directory is cut short"},
      {two.with<char>(two.central, 46, 't'), "is described differently"},
      {two.with<std::uint32_t>(two.central, 0, 0), "directory is broken"},
  };
  for (const auto& [bytes, part] : cases) expect_contains(error_of_zip(bytes), part);
  std::string fewer = two.with<std::uint16_t>(two.last, Last::kEntries, 1);
  fewer[two.last + Last::kEntriesHere] = 1;
  expect_contains(error_of_zip(fewer), "holds more than its entries");
  std::string more = two.with<std::uint16_t>(two.last, Last::kEntries, 3);
  more[two.last + Last::kEntriesHere] = 3;
  expect_contains(error_of_zip(more), "directory");
}

TEST(ZipDirectory, NamesAndPlacesAreTakenOnce) {
  expect_contains(error_of_zip(zip_bytes({{"a", "1"}, {"b", "2"}, {"a", "3"}})), "\"a\" occurs twice");
  expect_contains(error_of_zip(zip_bytes({{"", "1"}})), "has no name");
  expect_contains(error_of_zip(zip_bytes({{"a\0b"s, "1"}})), "has no name");
  // An entry within another's content.
  const std::string inner = zip_bytes({{"inner", "x"}});
  const std::string local = inner.substr(0, inner.find("PK\1\2"));
  std::string bytes = zip_bytes({{"inner", "x"}, {"outer", local}});
  const std::size_t central = bytes.find("PK\1\2");
  const auto inside = static_cast<std::uint32_t>(bytes.find("PK\3\4", bytes.find("outer")));
  std::memcpy(bytes.data() + central + Central::kOffset, &inside, sizeof inside);
  expect_contains(error_of_zip(bytes), "\"inner\" overlaps another");
}

TEST(ZipDirectory, CompressedEntriesAreToldWhenTheyAreWanted) {
  TwoEntries two;
  std::string bytes = two.with<std::uint16_t>(two.local, Local::kMethod, 8);
  bytes[two.central + Central::kMethod] = 8;
  const ZipDirectory zip(bytes_of(bytes));
  EXPECT_EQ(content(zip, "two"), "second");
  expect_contains(error_of([&] { zip.content(*zip.find("one")); }),
                  "is compressed, which torch.save never does");
}

TEST(ZipDirectory, DescriptorsBehindTheData) {
  // What writers to streams do: zeros in the header, flag 8, the numbers behind the data.
  const auto late = [](const std::string& signature, auto stored, auto size, std::uint32_t crc_change = 0) {
    const std::string data = "content";
    const std::uint32_t crc = crc32_of(bytes_of(data));
    const std::string descriptor =
        signature + little_endian(crc + crc_change) + little_endian(stored) + little_endian(size);
    const auto numbers = [&](bool known) {
      return little_endian(known ? crc : 0u) + little_endian(known ? 7u : 0u) +
             little_endian(known ? 7u : 0u);
    };
    const std::string head = little_endian(std::uint16_t{8}) + std::string(6, '\0');
    const std::string local = "PK\3\4\0\0"s + head + numbers(false) + "\1\0\0\0"s + "n" + data + descriptor;
    const std::string central =
        "PK\1\2\0\0\0\0"s + head + numbers(true) + "\1\0"s + std::string(16, '\0') + "n";
    return local + central + "PK\5\6\0\0\0\0\1\0\1\0"s +
           little_endian(static_cast<std::uint32_t>(central.size())) +
           little_endian(static_cast<std::uint32_t>(local.size())) + "\0\0"s;
  };
  const std::string pk = "PK\7\x08";
  EXPECT_EQ(error_of_zip(late(pk, 7u, 7u)), "");
  EXPECT_EQ(error_of_zip(late("", 7u, 7u)), "");
  EXPECT_EQ(error_of_zip(late(pk, std::uint64_t{7}, std::uint64_t{7})), "");
  for (const std::string& wrong :
       {late(pk, 7u, 8u), late(pk, 8u, 7u), late(pk, 7u, 7u, 1), late("PK\7\7", 7u, 7u)})
    expect_contains(error_of_zip(wrong), "another size or CRC-32 behind its data");
}

}  // namespace
}  // namespace poster::io
