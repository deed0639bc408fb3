#include "engine/environment.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>

#include "engine/error.h"
#include "kernels/environment.h"

namespace poster {
namespace {

// "unknown instruction set; use baseline, avx2 or avx512".
std::string advice(const EnvironmentVariable& variable) {
  if (variable.values.front() == "0") return "use 1 for yes, 0 for no";
  std::string list;
  for (std::size_t i = 0; i < variable.values.size(); ++i)
    list.append(i == 0 ? "" : i + 1 < variable.values.size() ? ", " : " or ").append(variable.values[i]);
  return std::string("unknown ") + variable.kind + "; use " + list;
}

}  // namespace

void check_environment() {
  for (const EnvironmentVariable& variable : kEnvironmentVariables) {
    const char* const value = environment(variable.id);
    if (!value || variable.values.empty()) continue;
    if (std::ranges::find(variable.values, value) == variable.values.end())
      throw Error(std::string(variable.name) + "=" + value + ": " + advice(variable));
  }
  if (const char* const folders = environment(Variable::cuda_library_path)) {
    std::istringstream text(folders);
    for (std::string folder; std::getline(text, folder, ':');)
      if (std::error_code ignored; !folder.empty() && !std::filesystem::is_directory(folder, ignored))
        throw Error("POSTER_CUDA_LIBRARY_PATH=" + std::string(folders) + ": there is no folder " + folder);
  }
}

}  // namespace poster
