// A library that is loaded when something of it is first called, so that programs built with it start where
// it is absent.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

namespace poster::kernels {

class SharedLibrary {
 public:
  // `name` and `package` are for messages: what it is called, and what to install. `files` are its file
  // names, the best first. Looked for in the folders of POSTER_CUDA_LIBRARY_PATH where that is set (colons
  // between them), else where the system looks, then where NVIDIA's toolkit and its Python packages lie.
  // Stays loaded. Throws CudaError with the reason and the mend.
  SharedLibrary(const char* name, const std::vector<std::string>& files, const char* package);

  // A function of the library, for a pointer of its type.
  class Function {
   public:
    template <typename F>
    requires std::is_function_v<F>
    operator F*() const { return reinterpret_cast<F*>(address_); }

   private:
    friend class SharedLibrary;
    explicit Function(void* address) : address_(address) {}
    void* address_;
  };
  // Throws CudaError when it has none of that name.
  Function function(const char* function_name) const;

 private:
  const char* name_;
  std::string path_;
  void* handle_ = nullptr;
};

}  // namespace poster::kernels
