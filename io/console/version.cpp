#include "io/console/version.h"

#include <nlohmann/json.hpp>

#include "kernels/cuda_device.h"
#include "kernels/isa.h"

namespace poster {
namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

}  // namespace

nlohmann::ordered_json version_json() {
  return {{"poster", POSTER_VERSION},
          {"compiler", kCompiler},
          {"instruction_set", kernels::isa_name(kernels::cpu_isa())}};
}

std::string version_line() { return "Poster " POSTER_VERSION; }

std::string version_report() {
  const std::string cuda = kernels::cuda_unavailable();
  return version_line() + "\ncompiler: " + kCompiler +
#if defined(NDEBUG)
         "\nbuild: release" +
#else
         "\nbuild: with assertions" +
#endif
         "\nCPU instructions: " + kernels::isa_name(kernels::cpu_isa()) +
         "\nCUDA: " + (cuda.empty() ? kernels::cuda_device_name(0) : cuda);
}

}  // namespace poster
