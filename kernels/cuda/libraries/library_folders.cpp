#include "kernels/cuda/libraries/library_folders.h"

#include <glob.h>

#include <optional>
#include <sstream>

#include "kernels/environment.h"

namespace poster::kernels {
namespace {

// Folders whose path begins with what an environment variable holds.
struct Place {
  std::optional<Variable> variable;  // none: a path of its own
  const char* pattern;               // of glob(7)
};

constexpr Place kPlaces[] = {
    {Variable::virtual_env, "/lib/python3*/site-packages/nvidia/*/lib"},
    {Variable::conda_prefix, "/lib"},
    {Variable::conda_prefix, "/lib/python3*/site-packages/nvidia/*/lib"},
    {Variable::cuda_home, "/lib64"},
    {Variable::cuda_path, "/lib64"},
    {std::nullopt, "/usr/local/cuda/lib64"},
    {std::nullopt, "/usr/local/cuda/lib"},
    {Variable::home, "/.local/lib/python3*/site-packages/nvidia/*/lib"},
    {std::nullopt, "/usr/local/lib/python3*/*-packages/nvidia/*/lib"},
    {std::nullopt, "/usr/lib/python3/dist-packages/nvidia/*/lib"},
};

}  // namespace

std::vector<std::string> named_library_folders() {
  std::vector<std::string> folders;
  if (const char* const value = environment(Variable::cuda_library_path)) {
    std::istringstream text(value);
    for (std::string folder; std::getline(text, folder, ':');)
      if (!folder.empty()) folders.push_back(folder);
  }
  return folders;
}

std::vector<std::string> usual_library_folders() {
  std::vector<std::string> folders;
  for (const Place& place : kPlaces) {
    const char* const root = place.variable ? environment(*place.variable) : "";
    if (!root || (place.variable && !*root)) continue;
    glob_t found{};
    if (::glob((root + std::string(place.pattern)).c_str(), 0, nullptr, &found) == 0)
      folders.insert(folders.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
  }
  return folders;
}

}  // namespace poster::kernels
