#include "engine/environment.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "kernels/cpu/isa.h"

namespace poster {

void check_environment() {
  using kernels::Isa;
  if (const char* const name = std::getenv("POSTER_ISA")) {
    bool known = false;
    for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
      known |= std::string_view(name) == isa_name(isa);
    if (!known)
      throw Error("POSTER_ISA=" + std::string(name) +
                  ": unknown instruction set; use baseline, avx2 or avx512");
  }
  for (const char* variable : {"POSTER_CUDA_SYNC", "POSTER_CUDA_POISON", "POSTER_CUDNN_TUNE"}) {
    const char* const value = std::getenv(variable);
    if (value && std::string_view(value) != "0" && std::string_view(value) != "1")
      throw Error(std::string(variable) + "=" + value + ": use 1 for yes, 0 for no");
  }
  if (const char* const folders = std::getenv("POSTER_CUDA_LIBRARY_PATH")) {
    std::istringstream text(folders);
    for (std::string folder; std::getline(text, folder, ':');)
      if (std::error_code ignored; !folder.empty() && !std::filesystem::is_directory(folder, ignored))
        throw Error("POSTER_CUDA_LIBRARY_PATH=" + std::string(folders) + ": there is no folder " + folder);
  }
}

}  // namespace poster
