// Writes zip files whose entries are stored as they are, each beginning at a multiple of 64 bytes as PyTorch
// wants it (padded by an extra field "FB", as PyTorch does). Zip64 records where sizes, offsets or the number
// of entries need them. Everything is known before it is written, so nothing is sought back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace poster::io {

class ZipWriter {
 public:
  using Sink = std::function<void(std::span<const std::byte>)>;

  explicit ZipWriter(Sink sink) : sink_(std::move(sink)) {}

  // Every entry has a name of its own. The CRC-32 is the content's.
  void add(const std::string& name, std::span<const std::byte> content, std::uint32_t crc32);
  void finish();  // writes the directory

 private:
  struct Entry {
    std::string name;
    std::uint64_t size, header;
    std::uint32_t crc32;
  };

  void write(std::span<const std::byte> bytes);
  void write_text(const std::string& text);
  template <typename Record>
  void write_record(const Record& record);
  void write_central(const Entry& entry);

  Sink sink_;
  std::uint64_t position_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace poster::io
