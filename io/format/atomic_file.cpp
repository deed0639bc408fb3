#include "io/format/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "engine/error.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferSize = 1 << 16;

// Writers of the same path that may be at work (or stopped, or hung) at the same time.
constexpr int kMaxWriters = 8;

class FileDescriptor {
 public:
  explicit FileDescriptor(int value = -1) : value_(value) {}
  ~FileDescriptor() {
    if (value_ >= 0) ::close(value_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

fs::path folder_of(const fs::path& path) {
  return path.parent_path().empty() ? fs::path(".") : path.parent_path();
}

// ".NAME.tmp" for the first of the writers at work, ".NAME.2.tmp" for the second, …
fs::path temporary_path(const fs::path& path, int writer) {
  fs::path name = ".";
  name += path.filename();
  if (writer > 1) name += "." + std::to_string(writer);
  name += ".tmp";
  return folder_of(path) / name;
}

// A link is followed, so that the file it points to is replaced and not the link. Anything else that is no
// regular file is refused: a rename onto /dev/null would replace the device.
fs::path resolve_target(const fs::path& path) {
  if (path.native().find('\0') != std::string::npos)
    throw Error(path.string() + ": there is a zero byte in the name, give another");
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

bool is_same_file(const fs::path& name, int file) {
  struct stat by_name = {}, by_file = {};
  return ::lstat(name.c_str(), &by_name) == 0 && ::fstat(file, &by_file) == 0 &&
         by_name.st_ino == by_file.st_ino && by_name.st_dev == by_file.st_dev;
}

int open_again(const fs::path& path, int flags) {
  int file;
  do file = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  while (file < 0 && errno == EINTR);
  return file;
}

// Locked by a writer that is at work, or stopped. File systems without locks have no such writers to our
// knowledge.
bool is_taken(int file) { return ::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; }

struct Temporary {
  fs::path name;
  int writer;
  FileDescriptor file;  // locked
};

// The first of the temporaries that no writer is at work with, empty. Nobody waits for anybody: who holds a
// lock may be stopped for ever.
Temporary open_temporary(const fs::path& target, const fs::path& path) {
  for (int writer = 1; writer <= kMaxWriters;) {
    const fs::path name = temporary_path(target, writer);
    FileDescriptor file(open_again(name, O_WRONLY | O_CREAT));
    if (file.get() < 0) throw_write_error(path, errno);
    if (is_taken(file.get())) {
      ++writer;
      continue;
    }
    // Between our two calls its writer may have renamed it: it is a finished file then.
    if (!is_same_file(name, file.get())) continue;
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
      throw Error(path.string() + ": " + name.string() + " is in the way, remove it");
    if (::ftruncate(file.get(), 0) != 0) {
      const int error_number = errno;
      ::unlink(name.c_str());
      throw_write_error(path, error_number);
    }
    return {name, writer, std::move(file)};
  }
  throw Error(path.string() + ": " + std::to_string(kMaxWriters) +
              " programs are writing it, or are stopped while they do; end them (fuser " +
              temporary_path(target, 1).string() + " names one)");
}

// What a writer left that was killed while others were at work: the next number, so that none stays for long.
void remove_left_over(const fs::path& target, int writer) {
  const fs::path name = temporary_path(target, writer);
  const FileDescriptor file(open_again(name, O_WRONLY));
  if (file.get() >= 0 && !is_taken(file.get()) && is_same_file(name, file.get())) ::unlink(name.c_str());
}

int sync(int file) {
  int result;
  do result = ::fsync(file);
  while (result != 0 && errno == EINTR);
  return result;
}

// Network file systems tell of a full disk when a file is closed.
int close_copy(int file) {
  const int copy = ::dup(file);
  return copy < 0 ? 0 : ::close(copy);
}

void sync_folder(const fs::path& folder, const fs::path& path) {
  const FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == EACCES) return;  // a folder that may be written and not read
    throw_write_error(path, errno);
  }
  // Some network and user-space file systems can't sync a folder.
  if (sync(file.get()) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
    throw_write_error(path, errno);
}

// Gives the existing file a second name by a hard link, so that PATH stays in place until the new file is
// renamed onto it.
void keep_as_previous(const fs::path& path, int writer) {
  const fs::path previous = previous_path(path), link = temporary_path(previous, writer);
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

enum class Sync { no, yes };

void write(const fs::path& path, const std::function<void(AtomicFileSink&)>& fill, KeepPrevious keep_previous,
           Sync synced) {
  const fs::path target = resolve_target(path);
  const Temporary temporary = open_temporary(target, path);
  const int file = temporary.file.get();
  try {
    AtomicFileSink sink(file, path);
    fill(sink);
    sink.flush();
    if ((synced == Sync::yes ? sync(file) : close_copy(file)) != 0) throw_write_error(path, errno);
    if (keep_previous == KeepPrevious::yes) keep_as_previous(target, temporary.writer);
    // Renamed while still open and locked: the next writer must not take the finished file for its temporary.
    if (::rename(temporary.name.c_str(), target.c_str()) != 0) throw_write_error(path, errno);
  } catch (...) {
    ::unlink(temporary.name.c_str());
    throw;
  }
  if (synced == Sync::yes) sync_folder(folder_of(target), path);
  remove_left_over(target, temporary.writer + 1);
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
    const ssize_t written = ::write(file_, data, std::min(size, kMaxWrite));
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
  write(path, fill, keep_previous, Sync::yes);
}

void write_file_unsynced(const fs::path& path, std::span<const std::byte> bytes) {
  write(
      path, [&](AtomicFileSink& sink) { sink.write(bytes.data(), bytes.size()); }, KeepPrevious::no,
      Sync::no);
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
