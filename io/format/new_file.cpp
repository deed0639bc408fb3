#include "io/format/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>

#include "engine/error.h"
#include "io/format/atomic_file.h"

namespace poster::io {
namespace {

// 0, or an errno: EEXIST when the name is taken.
int rename_to_new(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system that doesn't know that: a second name by a hard link, which never replaces either.
  if (::link(from, to) == 0) {
    ::unlink(from);
    return 0;
  }
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  if (::faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return ::rename(from, to) == 0 ? 0 : errno;
}

}  // namespace

NewFile::NewFile(const std::filesystem::path& path) : path_(path), temporary_(path) {
  temporary_.replace_filename("." + path.filename().string() + "." + std::to_string(::getpid()) + ".tmp");
  file_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file_ < 0) throw_write_error(path_, errno);
}

NewFile::~NewFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

void NewFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(file_, bytes.data(), std::min(bytes.size(), kMaxWrite), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw_write_error(path_, written < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void NewFile::take_name() {
  if (::fsync(file_) != 0 && errno != EINVAL && errno != ENOTSUP) throw_write_error(path_, errno);
  const int closed = ::close(file_) == 0 ? 0 : errno;
  file_ = -1;
  const int error = closed != 0 ? closed : rename_to_new(temporary_.c_str(), path_.c_str());
  if (error == 0) return;
  ::unlink(temporary_.c_str());
  if (error == EEXIST)
    throw Error(path_.string() + ": is there already, and is not overwritten; give another folder");
  throw_write_error(path_, error);
}

}  // namespace poster::io
