#include "tests/cuda_simulator/launch.h"

#include <mutex>

#include "tests/cuda_simulator/block.h"

namespace cuda_simulator {

void check_shape(const std::string& op, const std::source_location& at, dim3 grid, dim3 block,
                 std::size_t shared_bytes) {
  const std::size_t threads = static_cast<std::size_t>(block.x) * block.y * block.z;
  const char* wrong = nullptr;
  if (threads == 0 || threads > 1024 || block.z > 64) wrong = "a block has 1 to 1024 threads, 64 in z";
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) wrong = "the grid is empty";
  if (grid.x > 0x7FFFFFFF || grid.y > 65535 || grid.z > 65535)
    wrong = "a grid has up to 2^31 - 1 blocks in x and 65535 in y and z";
  if (shared_bytes > 227 * 1024) wrong = "a block has up to 227 KB of shared memory";
  if (wrong) throw Error(op + ": " + wrong + ", " + text(at));
}

void run_grid(const std::string& op, const std::source_location& at, dim3 grid, dim3 block,
              std::size_t shared_bytes, const std::function<void()>& kernel) {
  static std::mutex one_at_a_time;  // threadIdx and its kin are plain variables
  const std::lock_guard lock(one_at_a_time);
  const std::uint64_t count = static_cast<std::uint64_t>(grid.x) * grid.y * grid.z;
  if (count > 0x7FFFFFFF) throw Error(op + ": too many blocks to run here, " + text(at));
  Arranger arranger;
  Block runner(op, grid, block, shared_bytes);
  for (const std::uint32_t b : arranger.arrange_blocks(static_cast<std::uint32_t>(count))) {
    try {
      runner.run({b % grid.x, b / grid.x % grid.y, b / grid.x / grid.y}, kernel, arranger);
    } catch (const Error& error) {
      throw Error(error.what() + std::string(" (launched at ") + text(at) + ")");
    }
  }
}

}  // namespace cuda_simulator
