// A libcuda.so.1 for machines without a driver, so that cuDNN plans as it does beside a GPU: the toolkit's stub,
// whose every call fails, but for those that load what has been compiled. These succeed, and nothing runs.
#include <dlfcn.h>

#include <cstdint>
#include <string>

namespace {

char loaded[3];  // addresses for a library, a kernel and a function

int give(void** to, int what) {
  *to = &loaded[what];
  return 0;
}

}  // namespace

extern "C" {

int cuLibraryLoadData(void** library, const void*, void*, void*, unsigned, void*, void*, unsigned) {
  return give(library, 0);
}
int cuLibraryUnload(void*) { return 0; }
int cuLibraryGetKernel(void** kernel, void*, const char*) { return give(kernel, 1); }
int cuKernelGetFunction(void** function, void*) { return give(function, 2); }
int cuKernelSetAttribute(int, int, void*, int) { return 0; }
int cuFuncSetAttribute(void*, int, int) { return 0; }
int cuModuleLoadData(void** module, const void*) { return give(module, 0); }
int cuModuleLoadDataEx(void** module, const void*, unsigned, void*, void*) { return give(module, 0); }
int cuModuleGetFunction(void** function, void*, const char*) { return give(function, 2); }
int cuModuleUnload(void*) { return 0; }

// Of this library, or of the stub behind it.
int cuGetProcAddress_v2(const char* name, void** function, int, std::uint64_t, int* found) {
  void* const self = dlopen("libcuda.so.1", RTLD_NOW);
  *function = dlsym(self, name);
  if (!*function) *function = dlsym(self, (std::string(name) + "_v2").c_str());
  if (found) *found = *function ? 0 : 1;
  return *function ? 0 : 500;
}
int cuGetProcAddress(const char* name, void** function, int version, std::uint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}

}  // extern "C"
