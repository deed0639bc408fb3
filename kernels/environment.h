// The environment variables that Poster reads: every one of them, here and through here alone (scripts/check_environment.sh).
// docs/environment_variables.md says the same to people; a test holds the two together.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <span>
#include <string_view>

namespace poster {

enum class Variable {
  isa,
  cuda_sync,
  cuda_poison,
  cuda_one_stream,
  cudnn_tune,
  cudnn_plans,
  cuda_library_path,
  virtual_env,
  conda_prefix,
  cuda_home,
  cuda_path,
  home,
  cascades,
  terminal,
  display,
  wayland_display,
  python,
  bench_threads,
  bench_data,
};

struct EnvironmentVariable {
  Variable id;
  const char* name;
  // "instruction set", "folder".
  const char* kind;
  // All that it may be, held by check_environment(); empty: any text.
  std::span<const std::string_view> values;
  const char* purpose;
};

// In the order of Variable.
inline constexpr std::string_view kInstructionSets[] = {"baseline", "avx2", "avx512"};
inline constexpr std::string_view kYesOrNo[] = {"0", "1"};

inline constexpr EnvironmentVariable kEnvironmentVariables[] = {
    {Variable::isa, "POSTER_ISA", "instruction set", kInstructionSets,
     "the CPU's instructions that are used at most, for tests and for comparing"},
    {Variable::cuda_sync, "POSTER_CUDA_SYNC", "yes or no", kYesOrNo,
     "1: wait after every kernel, so that an error names the one that failed; without CUDA graphs"},
    {Variable::cuda_poison, "POSTER_CUDA_POISON", "yes or no", kYesOrNo,
     "1: fill the scratch memory of every kernel and every new activation with NaN, for tests"},
    {Variable::cuda_one_stream, "POSTER_CUDA_ONE_STREAM", "yes or no", kYesOrNo,
     "1: run everything in one order, nothing beside other work, for comparing; results are the same bits"},
    {Variable::cudnn_tune, "POSTER_CUDNN_TUNE", "yes or no", kYesOrNo,
     "1: time cuDNN's first few engines and take the fastest, at the price of equal bits between runs"},
    {Variable::cudnn_plans,
     "POSTER_CUDNN_PLANS",
     "file",
     {},
     "cuDNN's engines that were measured to be the fastest here (network_times --tune): taken by every run"},
    {Variable::cuda_library_path,
     "POSTER_CUDA_LIBRARY_PATH",
     "folders",
     {},
     "where cuBLASLt and cuDNN lie, colons between the folders; looked at before all others"},
    {Variable::virtual_env,
     "VIRTUAL_ENV",
     "folder",
     {},
     "a Python environment that may hold cuBLASLt and cuDNN"},
    {Variable::conda_prefix,
     "CONDA_PREFIX",
     "folder",
     {},
     "a Conda environment that may hold cuBLASLt and cuDNN"},
    {Variable::cuda_home, "CUDA_HOME", "folder", {}, "a CUDA toolkit that may hold cuBLASLt and cuDNN"},
    {Variable::cuda_path, "CUDA_PATH", "folder", {}, "a CUDA toolkit that may hold cuBLASLt and cuDNN"},
    {Variable::home, "HOME", "folder", {}, "its Python packages may hold cuBLASLt and cuDNN"},
    {Variable::cascades,
     "POSTER_CASCADES",
     "folder",
     {},
     "where OpenCV's Haar cascades lie, when not where its packages put them"},
    {Variable::terminal, "TERM", "name", {}, "dumb: no progress bar"},
    {Variable::display, "DISPLAY", "address", {}, "X11: whether a window can be shown"},
    {Variable::wayland_display, "WAYLAND_DISPLAY", "address", {}, "Wayland: whether a window can be shown"},
    {Variable::python,
     "POSTER_PYTHON",
     "program",
     {},
     "tests: a Python with torch and numpy, in place of python3"},
    {Variable::bench_threads,
     "POSTER_BENCH_THREADS",
     "number",
     {},
     "benchmarks: how many threads compute, in place of all"},
    {Variable::bench_data, "POSTER_BENCH_DATA", "folder", {}, "loader_bench: the data set that is loaded"},
};

constexpr bool variables_are_in_order() {
  for (std::size_t i = 0; i < std::size(kEnvironmentVariables); ++i)
    if (static_cast<std::size_t>(kEnvironmentVariables[i].id) != i) return false;
  return true;
}
static_assert(variables_are_in_order());

// Its value; null where it isn't set.
inline const char* environment(Variable variable) {
  return std::getenv(kEnvironmentVariables[static_cast<std::size_t>(variable)].name);
}

// Whether it is "1".
inline bool environment_flag(Variable variable) {
  const char* const value = environment(variable);
  return value && std::string_view(value) == "1";
}

}  // namespace poster
