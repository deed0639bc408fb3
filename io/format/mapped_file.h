// A file mapped into memory, to be read: pages come from the page cache when they are touched, and can be
// given back. When somebody cuts the file short or writes to it meanwhile, or its disk fails, bytes() may
// show zeros or other bytes than before, and check() says so: call it after the bytes were used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "io/format/input_file.h"
#include "io/format/mapping_guard.h"

namespace poster::io {

class MappedFile {
 public:
  MappedFile() = default;  // holds nothing
  // Throws poster::Error when the file can't be opened or is not a regular file.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept = default;
  MappedFile& operator=(MappedFile&& other) noexcept = default;

  std::span<const std::byte> bytes() const { return mapping_.bytes; }
  // Throws poster::Error, which names the file, when what bytes() showed until now is not the file as it was
  // opened.
  void check() const;
  // Gives back the pages that looking at `part` brought in; they come again when they are touched. Nothing
  // happens for memory outside of the mapping.
  void release(std::span<const std::byte> part) const;

 private:
  struct Mapping {
    Mapping() = default;
    ~Mapping();
    Mapping(Mapping&& other) noexcept : bytes(std::exchange(other.bytes, {})) {}
    Mapping& operator=(Mapping&& other) noexcept {
      std::swap(bytes, other.bytes);
      return *this;
    }
    std::span<const std::byte> bytes;
  };

  std::optional<InputFile> file_;
  std::int64_t modified_ = 0;  // nanoseconds
  Mapping mapping_;
  MappingGuard guard_;  // goes before the mapping
};

}  // namespace poster::io
