#include "io/format/folder_names.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "io/format/input_file.h"

namespace poster::io {
namespace {

struct Close {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::vector<std::string> read_names(DIR* opened, const std::filesystem::path& path) {
  const std::unique_ptr<DIR, Close> folder(opened);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  if (errno != 0) throw_read_error(path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  if (DIR* opened = ::opendir(folder.c_str())) return read_names(opened, folder);
  throw_read_error(folder, errno);
}

std::vector<std::string> names_in_if_there(const std::filesystem::path& folder) {
  if (DIR* opened = ::opendir(folder.c_str())) return read_names(opened, folder);
  if (errno == ENOENT || errno == ENOTDIR) return {};
  throw_read_error(folder, errno);
}

}  // namespace poster::io
