#include "apps/predict/demo.h"

#include <filesystem>
#include <system_error>

#include "engine/error.h"

namespace poster {

DemoFiles demo_files() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path folder = program.parent_path().parent_path() / "share/poster/demo";
  const DemoFiles files = {(folder / "weights.safetensors").string(), (folder / "face.png").string()};
  for (const std::string& file : {files.checkpoint, files.face})
    if (!fs::is_regular_file(file, error))
      throw Error(file + ": this file of the demonstration is missing; build or install Poster again");
  return files;
}

}  // namespace poster
