#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/error.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferSize = 1 << 16;
// Linux transfers at most 2 GiB less a page in one write.
constexpr std::size_t kLargestWrite = 1 << 30;

class FileDescriptor {
 public:
  explicit FileDescriptor(int value) : value_(value) {}
  ~FileDescriptor() { close_unchecked(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return value_; }
  void close_unchecked() {
    if (value_ >= 0) ::close(value_);
    value_ = -1;
  }

 private:
  int value_;
};

fs::path folder_of(const fs::path& path) {
  return path.parent_path().empty() ? fs::path(".") : path.parent_path();
}

fs::path temporary_path(const fs::path& path) {
  fs::path name = ".";
  name += path.filename();
  name += ".tmp";
  return folder_of(path) / name;
}

// A link is followed, so that the file it points to is replaced and not the link. Anything else that is no
// regular file is refused: a rename onto /dev/null would replace the device.
fs::path resolve_target(const fs::path& path) {
  if (path.filename().empty() || path.filename() == "." || path.filename() == "..")
    throw Error(path.string() + ": this names a folder, give a file name");
  std::error_code error;
  fs::path target = path;
  if (fs::is_symlink(path, error)) {
    target = fs::weakly_canonical(path, error);
    if (error) throw_write_error(path, error.value());
  }
  const fs::file_status status = fs::status(target, error);
  if (status.type() == fs::file_type::directory)
    throw Error(path.string() + ": is a folder, give a file name");
  if (fs::exists(status) && status.type() != fs::file_type::regular)
    throw Error(path.string() + ": is not a regular file, give another name");
  return target;
}

// Opens the temporary and locks it. The writer before us may have renamed the file that we were waiting for,
// so look again whether the name still belongs to it.
int open_temporary(const fs::path& temporary, const fs::path& path) {
  while (true) {
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (file < 0) throw_write_error(path, errno);
    int locked;
    do locked = ::flock(file, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    struct stat by_name, by_file;
    const bool same = ::stat(temporary.c_str(), &by_name) == 0 && ::fstat(file, &by_file) == 0 &&
                      by_name.st_ino == by_file.st_ino && by_name.st_dev == by_file.st_dev;
    if (same && ::ftruncate(file, 0) == 0) return file;
    const int error_number = errno;
    ::close(file);
    if (same) throw_write_error(path, error_number);
  }
}

void sync_folder(const fs::path& folder, const fs::path& path) {
  const FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == EACCES) return;  // a folder that may be written and not read
    throw_write_error(path, errno);
  }
  // Some network and user-space file systems can't sync a folder.
  if (::fsync(file.get()) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
    throw_write_error(path, errno);
}

// Gives the existing file a second name by a hard link, so that PATH stays in place until the new file is
// renamed onto it.
void keep_as_previous(const fs::path& path) {
  const fs::path previous = previous_path(path), link = temporary_path(previous);
  ::unlink(link.c_str());
  if (::link(path.c_str(), link.c_str()) == 0) {
    const bool renamed = ::rename(link.c_str(), previous.c_str()) == 0;
    const int error_number = errno;
    // rename does nothing when both names are already the same file.
    ::unlink(link.c_str());
    if (!renamed) throw_write_error(previous, error_number);
    return;
  }
  if (errno == ENOENT) return;
  // A file system without hard links: for a moment only the previous file is there.
  if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK && errno != ENOSYS)
    throw_write_error(previous, errno);
  if (::rename(path.c_str(), previous.c_str()) != 0 && errno != ENOENT) throw_write_error(previous, errno);
}

}  // namespace

void throw_write_error(const fs::path& path, int error_number) {
  const std::string name = path.string(), folder = folder_of(path).string();
  switch (error_number) {
    case ENOSPC:
      throw Error(name + ": disk full, free some space or choose another folder");
    case EDQUOT:
      throw Error(name + ": disk quota used up, free some space or choose another folder");
    case EFBIG:
      throw Error(name + ": larger than files may be here, see ulimit -f or choose another folder");
    case EACCES:
    case EPERM:
      throw Error(name + ": no permission to write in " + folder + ", choose another folder");
    case EROFS:
      throw Error(name + ": " + folder + " is read-only, choose another folder");
    case ENOENT:
      throw Error(name + ": the folder " + folder + " doesn't exist, create it or choose another");
    case ENOTDIR:
      throw Error(name + ": " + folder + " is not a folder, choose another");
    case ENAMETOOLONG:
      throw Error(name + ": the name is too long, choose a shorter one");
    default:
      throw Error(name + ": can't be written (" + std::strerror(error_number) + "), choose another folder");
  }
}

fs::path previous_path(const fs::path& path) {
  fs::path name = path.stem();
  name += ".previous";
  name += path.extension();
  return path.parent_path() / name;
}

void AtomicFileSink::write_through(const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file_, data, std::min(size, kLargestWrite));
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_write_error(path_, errno);
    }
    if (written == 0) throw_write_error(path_, ENOSPC);
    data += written;
    size -= static_cast<std::size_t>(written);
  }
}

void AtomicFileSink::write(const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  if (buffer_.size() + size > kBufferSize) flush();
  if (size > kBufferSize)
    write_through(bytes, size);
  else
    buffer_.append(bytes, size);
}

void AtomicFileSink::flush() {
  write_through(buffer_.data(), buffer_.size());
  buffer_.clear();
}

void write_file_atomically(const fs::path& path, const std::function<void(AtomicFileSink&)>& fill,
                           KeepPrevious keep_previous) {
  const fs::path target = resolve_target(path), temporary = temporary_path(target);
  const FileDescriptor file(open_temporary(temporary, path));
  try {
    AtomicFileSink sink(file.get(), path);
    fill(sink);
    sink.flush();
    if (::fsync(file.get()) != 0) throw_write_error(path, errno);
    if (keep_previous == KeepPrevious::yes) keep_as_previous(target);
    // Renamed while still open and locked: a waiting writer must not take the finished file for its
    // temporary.
    if (::rename(temporary.c_str(), target.c_str()) != 0) throw_write_error(path, errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(folder_of(target), path);
}

void write_file_atomically(const fs::path& path, std::span<const std::span<const std::byte>> pieces,
                           KeepPrevious keep_previous) {
  write_file_atomically(
      path,
      [&](AtomicFileSink& sink) {
        for (const auto& piece : pieces) sink.write(piece.data(), piece.size());
      },
      keep_previous);
}

void write_file_atomically(const fs::path& path, std::string_view text, KeepPrevious keep_previous) {
  write_file_atomically(
      path, [&](AtomicFileSink& sink) { sink.write(text); }, keep_previous);
}

}  // namespace poster::io
