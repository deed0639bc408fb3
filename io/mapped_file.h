// A file mapped into memory, to be read: pages come from the page cache when they are touched, and can be
// given back. Reading beyond the end of a file that somebody cuts short while it is mapped kills the program
// (SIGBUS), as it does every program that maps files: replace files by renaming (io/atomic_file.h).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

namespace poster::io {

class MappedFile {
 public:
  MappedFile() = default;  // holds nothing
  // Throws poster::Error when the file can't be opened or is not a regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  std::span<const std::byte> bytes() const { return bytes_; }
  // Gives back the pages that looking at `part` brought in; they come again when they are touched. Nothing
  // happens for memory outside of the mapping.
  void release(std::span<const std::byte> part) const;

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace poster::io
