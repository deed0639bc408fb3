// The one way to open a file for reading. Regular files only: a named pipe, a device, a socket or a folder is
// refused by name before it is opened, so that nothing blocks and nothing is read without end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace poster::io {

class InputFile {
 public:
  // Throws poster::Error that names the file: not there, no permission, not a regular file, a zero byte in
  // the name.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // bytes, when it was opened
  int descriptor() const { return file_; }      // stays this object's

  // Reads from `offset` until `bytes` is full or the file ends; returns how many bytes were read. Throws
  // poster::Error when the disk or the network fails.
  std::size_t read_some(std::uint64_t offset, std::span<std::byte> bytes) const;
  // The same for bytes that must be there: throws poster::Error when the file has become shorter.
  void read_at(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  std::filesystem::path path_;
  std::uint64_t size_ = 0;
  int file_ = -1;
};

// Whole files, as long as they were when they were opened. Throw poster::Error also for more than
// `most_bytes` (says how large the file is and what is allowed), and when the file becomes shorter meanwhile.
std::string read_file(const std::filesystem::path& path, std::uint64_t most_bytes);
std::vector<std::uint8_t> read_file_bytes(const std::filesystem::path& path, std::uint64_t most_bytes);
// Nothing when there is no such file; what is there and can't be read is an error all the same.
std::optional<std::string> read_file_if_there(const std::filesystem::path& path, std::uint64_t most_bytes);

// "512 bytes", "1.5 MB" (10^6 bytes), for messages.
std::string describe_size(std::uint64_t bytes);

// "…: can't be read (…)", with what can be done about it. `error_number` is that of open or read.
[[noreturn]] void throw_read_error(const std::filesystem::path& path, int error_number);

}  // namespace poster::io
