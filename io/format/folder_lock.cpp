#include "io/format/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/error.h"
#include "io/format/atomic_file.h"
#include "io/format/printable.h"

namespace poster::io {
namespace {

// "poster_train (process 4711)", as the holder wrote it into the file.
std::string holder_of(int file) {
  char text[100];
  const ssize_t size = ::pread(file, text, sizeof text, 0);
  std::string holder(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  holder = printable(holder.substr(0, holder.find('\n')));
  return holder.empty() ? "another program" : "another " + holder;
}

// Written to is only what has no second name elsewhere.
bool has_one_name(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

void replace_content(int file, std::string_view text) {
  if (!has_one_name(file)) return;
  // Only told to people: that a disk is full is said by what matters more.
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, text.data(), text.size(), 0) < 0) errno = 0;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder, std::string_view program,
                       const std::filesystem::path& file, std::string_view mend)
    : folder_(folder), path_(file.empty() ? folder / ".lock" : file) {
  // O_NONBLOCK: somebody's named pipe must not make us wait.
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0666);
  if (file_ < 0) throw_write_error(path_, errno);
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) {
    held_ = true;
    replace_content(file_, std::string(program) + " (process " + std::to_string(::getpid()) + ")\n");
    return;
  }
  const int error_number = errno;
  if (error_number == ENOSYS || error_number == ENOLCK || error_number == EOPNOTSUPP) return;
  const std::string holder = holder_of(file_);
  ::close(file_);
  if (error_number != EWOULDBLOCK)
    throw Error(path_.string() + ": can't be locked (" + std::strerror(error_number) + "); " +
                std::string(mend));
  throw Error(folder.string() + ": " + holder + " is at work in it; " + std::string(mend));
}

FolderLock::~FolderLock() {
  if (file_ < 0) return;
  if (held_) replace_content(file_, "");  // equal runs leave equal folders
  ::close(file_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : folder_(std::move(other.folder_)),
      path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      held_(std::exchange(other.held_, false)) {}

void FolderLock::check() const {
  if (!held_) return;
  struct stat by_name = {}, by_file = {};
  if (::stat(path_.c_str(), &by_name) == 0 && ::fstat(file_, &by_file) == 0 &&
      by_name.st_ino == by_file.st_ino && by_name.st_dev == by_file.st_dev)
    return;
  throw Error(folder_.string() +
              ": was removed or replaced while this program was at work in it; start it again");
}

bool is_locked(const std::filesystem::path& folder) {
  const int file = ::open((folder / ".lock").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (file < 0) return false;
  const bool locked = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return locked;
}

}  // namespace poster::io
