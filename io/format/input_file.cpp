#include "io/format/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "engine/error.h"
#include "engine/out_of_memory.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

// Linux transfers at most 2 GiB less a page in one read.
constexpr std::size_t kMaxRead = 1 << 30;
// Files that don't know their size (/proc) are read in pieces of this.
constexpr std::size_t kPiece = 1 << 16;

[[noreturn]] void refuse_kind(const fs::path& path, mode_t mode) {
  const std::string name = path.string();
  if (S_ISDIR(mode)) throw Error(name + ": is a folder, not a regular file; give a file");
  const char* kind = S_ISFIFO(mode)   ? "a pipe"
                     : S_ISSOCK(mode) ? "a socket"
                     : S_ISCHR(mode)  ? "a device"
                     : S_ISBLK(mode)  ? "a disk"
                                      : "something else";
  throw Error(name + ": is not a regular file but " + kind + "; save what it gives to a file and give that");
}

[[noreturn]] void refuse_size(const fs::path& path, std::uint64_t size, std::uint64_t most_bytes) {
  throw Error(path.string() + ": has " + describe_size(size) + ", and such a file has at most " +
              describe_size(most_bytes) + " here; check that it is the right one");
}

template <typename Container>
Container read_whole(const InputFile& file, std::uint64_t most_bytes) {
  if (file.size() > most_bytes) refuse_size(file.path(), file.size(), most_bytes);
  Container content;
  if (file.size() > 0) {
    content.resize(static_cast<std::size_t>(file.size()));
    file.read_at(0, std::as_writable_bytes(std::span(content)));
    return content;
  }
  while (true) {
    const std::size_t before = content.size();
    content.resize(before + kPiece);
    const std::size_t got =
        file.read_some(before, std::as_writable_bytes(std::span(content).subspan(before)));
    content.resize(before + got);
    if (content.size() > most_bytes) refuse_size(file.path(), content.size(), most_bytes);
    if (got < kPiece) return content;
  }
}

}  // namespace

std::string describe_size(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  const char* unit = "";
  double value = static_cast<double>(bytes);
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (value < 999.95 && *unit != '\0') break;
    value /= 1000;
    unit = next;
  }
  char text[32];
  std::snprintf(text, sizeof text, value < 9.95 ? "%.1f %s" : "%.0f %s", value, unit);
  return text;
}

void throw_read_error(const fs::path& path, int error_number) {
  const std::string name = path.string();
  switch (error_number) {
    case EACCES:
    case EPERM:
      throw Error(name + ": can't be opened (no permission), check its permissions and its folders'");
    case ENOTDIR:
      throw Error(name + ": can't be opened (a part of the path is no folder), check the path");
    case ENAMETOOLONG:
      throw Error(name + ": can't be opened (the name is too long), check the path");
    case ELOOP:
      throw Error(name + ": can't be opened (its links lead in a circle), check the path");
    case EMFILE:
    case ENFILE:
      throw Error(name + ": can't be opened (too many open files), see ulimit -n");
    case ENOMEM:
      throw OutOfMemory("reading", name);
    case EIO:
    case ESTALE:
      throw Error(name + ": can't be read (" + std::strerror(error_number) +
                  "), check the disk or the network, or copy the file again");
    default:
      throw Error(name + ": can't be opened (" + std::strerror(error_number) + "), check the path");
  }
}

InputFile::InputFile(const fs::path& path) : path_(path) {
  // The system would open another file, whose name ends there.
  if (path.native().find('\0') != std::string::npos)
    throw Error(path.string().substr(0, path.native().find('\0')) +
                ": a zero byte follows in the name; give one name on each line");
  // Looked at before it is opened: opening a pipe wakes its writer, opening a device can do anything.
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) throw_read_error(path, errno);
  if (!S_ISREG(status.st_mode)) refuse_kind(path, status.st_mode);
  // Another file may have taken its place since.
  do file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  while (file_ < 0 && errno == EINTR);
  if (file_ < 0) throw_read_error(path, errno);
  const bool known = ::fstat(file_, &status) == 0;
  const int error_number = errno;
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(file_);
    if (!known) throw_read_error(path, error_number);
    refuse_kind(path, status.st_mode);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  if (file_ >= 0) ::close(file_);
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)), size_(other.size_), file_(std::exchange(other.file_, -1)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  path_.swap(other.path_);
  std::swap(size_, other.size_);
  std::swap(file_, other.file_);
  return *this;
}

std::size_t InputFile::read_some(std::uint64_t offset, std::span<std::byte> bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(file_, bytes.data() + done, std::min(bytes.size() - done, kMaxRead),
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(path_.string() + ": can't be read (" + std::strerror(errno) +
                  "), check the disk or the network, or copy the file again");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void InputFile::read_at(std::uint64_t offset, std::span<std::byte> bytes) const {
  const std::size_t got = read_some(offset, bytes);
  if (got < bytes.size())
    throw Error(path_.string() + ": was cut short while it was read (it ends at byte " +
                std::to_string(offset + got) + "); give a file that nobody writes to");
}

std::string read_file(const fs::path& path, std::uint64_t most_bytes) {
  return read_whole<std::string>(InputFile(path), most_bytes);
}

std::vector<std::uint8_t> read_file_bytes(const fs::path& path, std::uint64_t most_bytes) {
  return read_whole<std::vector<std::uint8_t>>(InputFile(path), most_bytes);
}

std::optional<std::string> read_file_if_there(const fs::path& path, std::uint64_t most_bytes) {
  struct stat status = {};
  if (path.native().find('\0') == std::string::npos && ::stat(path.c_str(), &status) != 0 && errno == ENOENT)
    return std::nullopt;
  return read_file(path, most_bytes);
}

}  // namespace poster::io
