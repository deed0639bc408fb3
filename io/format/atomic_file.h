// Files that are either the old one or the new one, whatever happens while they are written: a full disk, a
// missing permission, kill -9, a power cut.
//
// The content goes to a temporary file in the same folder (".NAME.tmp"), every write is checked, the file is
// synced, renamed onto PATH, and the folder is synced. On failure the temporary is removed and the old file
// is untouched. A temporary left by a killed process is overwritten by the next write to that path. Writers
// of the same path don't wait for each other (one may be stopped for ever): each has a temporary of its own,
// and the last to end gives the content.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace poster::io {

enum class KeepPrevious { no, yes };

// Where a writer's callback puts the content. Small writes are gathered.
class AtomicFileSink {
 public:
  AtomicFileSink(int file, const std::filesystem::path& path) : file_(file), path_(path) {}
  void write(const void* data, std::size_t size);  // throws poster::Error
  void write(std::string_view text) { write(text.data(), text.size()); }
  void flush();

 private:
  void write_through(const char* data, std::size_t size);

  int file_;
  const std::filesystem::path& path_;  // for messages
  std::string buffer_;
};

// Writes PATH by calling `fill`. With KeepPrevious::yes an existing PATH also becomes previous_path(PATH)
// first; at no moment is there neither, and on file systems with hard links there is always a PATH.
// Throws poster::Error when the file can't be written, and passes on what `fill` throws.
void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(AtomicFileSink&)>& fill,
                           KeepPrevious keep_previous = KeepPrevious::no);
// The same for content that lies in memory, in pieces or as text.
void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> pieces,
                           KeepPrevious keep_previous = KeepPrevious::no);
void write_file_atomically(const std::filesystem::path& path, std::string_view text,
                           KeepPrevious keep_previous = KeepPrevious::no);

// For many small files that are easily made again: whole or absent after a killed program, but nothing is
// synced, so that a power cut can leave any content.
void write_file_unsynced(const std::filesystem::path& path, std::span<const std::byte> bytes);

// "runs/a/last.safetensors" -> "runs/a/last.previous.safetensors".
std::filesystem::path previous_path(const std::filesystem::path& path);

// Bytes of one write; Linux transfers at most 2 GiB less a page.
inline constexpr std::size_t kMaxWrite = 1 << 30;
// Throws the poster::Error for an errno met while writing PATH: what is wrong and how to mend it.
[[noreturn]] void throw_write_error(const std::filesystem::path& path, int error_number);

}  // namespace poster::io
