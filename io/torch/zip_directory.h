// The directory of a zip file (PKWARE's APPNOTE 6.3), with where each entry's bytes lie. Our own, because
// that is what memory mapping needs and what libzip doesn't tell. Strict where zip readers are lenient: every
// entry lies within the file and beside the others, has a name of its own, and is described alike in front of
// its data, behind them and in the directory; nothing lies between the directory and the end. So no two
// programs can see different files in one. Zip64 is read; several disks and encryption are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace poster::io {

struct ZipEntry {
  std::string_view name;
  std::uint16_t method;  // 0: stored as it is
  std::uint32_t crc32;
  std::uint64_t size;              // of the content
  std::uint64_t header;            // where the entry's own header begins
  std::span<const std::byte> raw;  // its bytes in the file
};

class ZipDirectory {
 public:
  // Refers to `file` as long as it lives. Throws poster::Error (without the file's name) when it breaks a
  // rule.
  explicit ZipDirectory(std::span<const std::byte> file);

  const std::vector<ZipEntry>& entries() const { return entries_; }  // in the order of the bytes
  const ZipEntry* find(std::string_view name) const;                 // nullptr when there is none
  // The bytes of an entry that is stored as it is. Throws poster::Error for a compressed one.
  std::span<const std::byte> content(const ZipEntry& entry) const;
  // False when every CRC-32 is zero: PyTorch can be told to save computing them.
  bool has_checksums() const { return has_checksums_; }

 private:
  std::vector<ZipEntry> entries_;
  std::vector<std::uint32_t> by_name_;
  bool has_checksums_ = false;
};

// Whether a file begins as zip files do.
bool begins_like_zip(std::span<const std::byte> file);

}  // namespace poster::io
