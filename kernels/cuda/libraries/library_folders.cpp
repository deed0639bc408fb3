#include "kernels/cuda/libraries/library_folders.h"

#include <glob.h>

#include <cstdlib>
#include <sstream>

namespace poster::kernels {
namespace {

// Folders whose path begins with what an environment variable holds.
struct Place {
  const char* variable;  // null: a path of its own
  const char* pattern;   // of glob(7)
};

constexpr Place kPlaces[] = {
    {"VIRTUAL_ENV", "/lib/python3*/site-packages/nvidia/*/lib"},
    {"CONDA_PREFIX", "/lib"},
    {"CONDA_PREFIX", "/lib/python3*/site-packages/nvidia/*/lib"},
    {"CUDA_HOME", "/lib64"},
    {"CUDA_PATH", "/lib64"},
    {nullptr, "/usr/local/cuda/lib64"},
    {nullptr, "/usr/local/cuda/lib"},
    {"HOME", "/.local/lib/python3*/site-packages/nvidia/*/lib"},
    {nullptr, "/usr/local/lib/python3*/*-packages/nvidia/*/lib"},
    {nullptr, "/usr/lib/python3/dist-packages/nvidia/*/lib"},
};

}  // namespace

std::vector<std::string> named_library_folders() {
  std::vector<std::string> folders;
  if (const char* const value = std::getenv("POSTER_CUDA_LIBRARY_PATH")) {
    std::istringstream text(value);
    for (std::string folder; std::getline(text, folder, ':');)
      if (!folder.empty()) folders.push_back(folder);
  }
  return folders;
}

std::vector<std::string> usual_library_folders() {
  std::vector<std::string> folders;
  for (const Place& place : kPlaces) {
    const char* const root = place.variable ? std::getenv(place.variable) : "";
    if (!root || (place.variable && !*root)) continue;
    glob_t found{};
    if (::glob((root + std::string(place.pattern)).c_str(), 0, nullptr, &found) == 0)
      folders.insert(folders.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
  }
  return folders;
}

}  // namespace poster::kernels
