// A zip archive that is read in place.
//
// Names are UTF-8, or what the rules of texts make of other bytes (CP949, say), in Unicode normal form C.
// What an entry claims is checked before memory is asked for, and never more than that is read; entries are
// read, not unpacked, so what they are called can't reach outside.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/prepare/text_encoding.h"

namespace poster::prepare {

inline constexpr std::uint64_t kMaxArchiveEntries = 8'000'000;
// Deflate packs no better than 1032 : 1. Images and label files stay far below this.
inline constexpr std::uint64_t kMaxExpansion = 200;
inline constexpr std::uint64_t kExpansionFree = std::uint64_t{64} << 20;  // up to here any ratio is taken

struct ArchiveEntry {
  std::string name;  // "/" between parts; folders are left out
  std::uint64_t index = 0, bytes = 0, packed = 0;
};

class Archive {
 public:
  // `name` stands for it in errors; `path` is what is opened. Throws poster::Error: missing, no zip, damaged,
  // too many entries.
  Archive(const std::string& path, std::string name);
  ~Archive();
  Archive(Archive&&) noexcept;
  Archive& operator=(Archive&&) noexcept;

  std::vector<ArchiveEntry> entries(const TextRules& text = {}) const;

  // Throws poster::Error: more than `cap` bytes, a suspicious ratio, encrypted, damaged (the checksum is
  // compared).
  std::vector<std::uint8_t> read(std::uint64_t index, std::uint64_t cap, const std::string& entry_name) const;
  std::string read_text(std::uint64_t index, std::uint64_t cap, const std::string& entry_name) const;
  // The entry, unpacked into the open file.
  void copy_to(std::uint64_t index, int file, std::uint64_t cap, const std::string& entry_name) const;

 private:
  struct Handle;
  template <typename Sink>
  void stream(std::uint64_t index, std::uint64_t cap, const std::string& entry_name, Sink&& sink) const;

  std::unique_ptr<Handle> handle_;
  std::string name_;
};

}  // namespace poster::prepare
