#include "io/video/live.h"

#include <dlfcn.h>

#include <string>

#include "engine/error.h"

namespace poster::io {

const LiveLibrary& live_library(const char* what) {
  // Never unloaded: OpenCV's toolkits don't expect it.
  static const void* const found = [] {
    void* const library = ::dlopen("libposter_io_live.so", RTLD_NOW | RTLD_LOCAL);
    return library ? ::dlsym(library, kLiveLibraryName) : nullptr;
  }();
  if (!found) {
    const char* const reason = ::dlerror();
    throw Error(std::string(what) + ": libposter_io_live.so cannot be loaded" +
                (reason ? " (" + std::string(reason) + ")" : "") +
                "; it is built with poster_predict and lies beside it or in lib/: install it there");
  }
  return *static_cast<const LiveLibrary*>(found);
}

}  // namespace poster::io
