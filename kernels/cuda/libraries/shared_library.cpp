#include "kernels/cuda/libraries/shared_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include "kernels/cuda/libraries/library_folders.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {
namespace {

// Where to look, in order. A name without a folder is the system's to find: LD_LIBRARY_PATH, the folders that
// the backend was built with (its RUNPATH), ld.so.conf.
std::vector<std::string> places(const std::vector<std::string>& files) {
  std::vector<std::string> paths;
  const std::vector<std::string> named = named_library_folders();
  if (named.empty()) paths = files;
  for (const std::string& folder : named.empty() ? usual_library_folders() : named)
    for (const std::string& file : files) paths.push_back(folder + "/" + file);
  return paths;
}

bool has_folder(const std::string& path) { return path.find('/') != std::string::npos; }

}  // namespace

SharedLibrary::SharedLibrary(const char* name, const std::vector<std::string>& files, const char* package)
    : name_(name) {
  std::string reason, broken;  // of a file that is there and doesn't load
  for (const std::string& path : places(files)) {
    if (has_folder(path) && ::access(path.c_str(), F_OK) != 0) continue;
    // Local: nothing else in the process sees its functions, or gives it others.
    handle_ = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_) {
      path_ = path;
      return;
    }
    std::string& text = has_folder(path) ? broken : reason;
    if (text.empty()) text = ::dlerror();
  }
  if (!broken.empty()) reason = broken;
  if (reason.empty()) reason = files.front() + " is in no folder of POSTER_CUDA_LIBRARY_PATH";
  throw CudaError(std::string(name) + " does not load (" + reason + "); install " + package +
                  ", or name its folder in POSTER_CUDA_LIBRARY_PATH");
}

SharedLibrary::Function SharedLibrary::function(const char* function_name) const {
  void* const address = ::dlsym(handle_, function_name);
  if (!address)
    throw CudaError(std::string(name_) + " in " + path_ + " has no function " + function_name +
                    ": another version is needed");
  return Function(address);
}

}  // namespace poster::kernels
