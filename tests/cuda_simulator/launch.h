// Launches: what launch() of kernels/cuda/launch.cuh calls where there is no nvcc.
#pragma once

#include <cstddef>
#include <functional>
#include <source_location>
#include <string>
#include <tuple>

#include "tests/cuda_simulator/stream.h"
#include "tests/cuda_simulator/vector_types.h"

namespace cuda_simulator {

// Runs a grid now. Throws Error.
void run_grid(const std::string& op, const std::source_location& at, dim3 grid, dim3 block,
              std::size_t shared_bytes, const std::function<void()>& kernel);

// Throws Error for a shape that no GPU takes.
void check_shape(const std::string& op, const std::source_location& at, dim3 grid, dim3 block,
                 std::size_t shared_bytes);

// The arguments are copied now, as a GPU does.
template <typename... Parameters, typename... Arguments>
void launch(CUstream_st* stream, const char* op, const std::source_location& at,
            void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
            const Arguments&... arguments) {
  check_shape(op, at, grid, block, shared_bytes);
  std::function<void()> thread = [kernel, copies = std::tuple<Parameters...>(arguments...)] {
    std::apply(kernel, copies);
  };
  submit(stream, [=, op = std::string(op)] { run_grid(op, at, grid, block, shared_bytes, thread); });
}

}  // namespace cuda_simulator
