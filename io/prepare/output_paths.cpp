#include "io/prepare/output_paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "engine/error.h"
#include "io/format/atomic_file.h"
#include "io/format/input_file.h"
#include "io/prepare/item.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;

// The parts; none when the path is empty, absolute, or leads through "." or "..".
std::vector<std::string> safe_parts(const std::string& relative) {
  if (relative.empty() || relative.front() == '/' || relative.back() == '/' ||
      relative.find('\0') != std::string::npos)
    return {};
  std::vector<std::string> parts = parts_of(relative);
  const bool safe = std::ranges::none_of(
      parts, [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
  return safe ? parts : std::vector<std::string>();
}

enum class Kind { nothing, file, folder, other };

Kind kind_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? Kind::nothing : Kind::other;
  return S_ISREG(status.st_mode) ? Kind::file : S_ISDIR(status.st_mode) ? Kind::folder : Kind::other;
}

}  // namespace

bool is_output_image(const std::string& relative) {
  const std::vector<std::string> parts = safe_parts(relative);
  if (parts.size() != 3 || std::ranges::find(kSplitNames, parts[0]) == kSplitNames.end()) return false;
  return parts[2].ends_with(".jpg") || parts[2].ends_with(".png");
}

std::optional<fs::path> path_within(const fs::path& root, const std::string& relative) {
  const std::vector<std::string> parts = safe_parts(relative);
  if (parts.empty()) return std::nullopt;
  fs::path path = root;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    path /= parts[i];
    const Kind kind = kind_of(path), wanted = i + 1 < parts.size() ? Kind::folder : Kind::file;
    if (kind == Kind::nothing) return root / relative;
    if (kind != wanted) return std::nullopt;
  }
  return path;
}

void create_folder_within(const fs::path& root, const std::string& relative) {
  std::error_code error;
  fs::create_directories(root, error);
  fs::path path = root;
  if (!relative.empty() && safe_parts(relative).empty())
    throw Error((root / relative).string() + ": leads out of the folder; name another with --out");
  for (const std::string& part : safe_parts(relative)) {
    if (error) break;
    path /= part;
    if (kind_of(path) == Kind::other)
      throw Error(path.string() + ": is a link or no folder; remove it, or name another folder with --out");
    fs::create_directory(path, error);
  }
  if (error)
    throw Error(path.string() + ": cannot be created (" + error.message() +
                "); name another folder with --out");
}

fs::path place_within(const fs::path& root, const std::string& relative) {
  if (const auto path = path_within(root, relative)) return *path;
  throw Error((root / relative).string() +
              ": is a link or no regular file; remove it, or name another folder with --out");
}

void write_if_different(const fs::path& root, const std::string& relative, std::string_view content) {
  create_folder_within(root, folder_name(relative));
  const fs::path path = place_within(root, relative);
  std::error_code error;
  if (fs::file_size(path, error) == content.size() && !error) {
    const auto before = io::read_file_if_there(path, std::numeric_limits<std::uint64_t>::max());
    if (before && *before == content) return;
  }
  io::write_file_atomically(path, content);
}

void remove_within(const fs::path& root, const std::string& relative) {
  const auto path = path_within(root, relative);
  if (path && ::unlink(path->c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    const std::error_code error(errno, std::generic_category());
    throw Error(path->string() + ": cannot be removed (" + error.message() +
                "); check its folder's permissions");
  }
}

void write_new_file(const fs::path& path, const std::vector<std::uint8_t>& bytes) {
  // O_EXCL: never into a file that has another name elsewhere, nor through a link.
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file < 0) io::throw_write_error(path, errno);
  const auto fail = [&](int error_number) {
    ::close(file);
    ::unlink(path.c_str());
    io::throw_write_error(path, error_number);
  };
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(file, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    done += static_cast<std::size_t>(written);
  }
  if (::close(file) != 0) {
    const int error_number = errno;
    ::unlink(path.c_str());
    io::throw_write_error(path, error_number);
  }
}

void move_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) io::throw_write_error(to, errno);
}

}  // namespace poster::prepare
