// A file under a name that nobody has: it appears whole or not at all, and nothing is ever overwritten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace poster::io {

class NewFile {
 public:
  // Opens a temporary beside `path`, .NAME.PID.tmp, which goes when take_name() is never called. Throws
  // poster::Error.
  explicit NewFile(const std::filesystem::path& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // Throws poster::Error: a full disk, a limit on file sizes.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  // Brings all of it to the disk and gives it its name. Throws poster::Error: also when that name has been
  // taken meanwhile.
  void take_name();

 private:
  std::filesystem::path path_, temporary_;
  int file_ = -1;
};

}  // namespace poster::io
