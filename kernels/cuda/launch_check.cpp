#include "kernels/cuda/launch_check.h"

#include <string>

#include "kernels/environment.h"
#include "kernels/launch_observer.h"

namespace poster::kernels {
namespace {

std::string text(dim3 d) {
  return std::to_string(d.x) + "x" + std::to_string(d.y) + "x" + std::to_string(d.z);
}

std::string describe(const LaunchName& name, dim3 grid, dim3 block, std::size_t shared_bytes) {
  return " (grid " + text(grid) + ", block " + text(block) + ", " + std::to_string(shared_bytes) +
         " bytes of shared memory, " + name.at.file_name() + ":" + std::to_string(name.at.line()) + ")";
}

bool synchronise_after_launches() {
  static const bool wanted = environment_flag(Variable::cuda_sync);
  return wanted;
}

cudaError_t last_error(CudaQueue& queue) {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess || !synchronise_after_launches() || capturing(queue)) return error;
  return cudaStreamSynchronize(queue.stream());
}

}  // namespace

unsigned blocks_for(index_t count, index_t per_block) {
  const index_t blocks = ceil_div(count, per_block);
  if (blocks > 0x7FFFFFFF)
    throw CudaError("CUDA: " + std::to_string(count) + " items in blocks of " + std::to_string(per_block) +
                    " are more blocks than a grid holds");
  return static_cast<unsigned>(blocks);
}

void check_launch_shape(const LaunchName& name, dim3 grid, dim3 block, std::size_t shared_bytes) {
  const char* wrong = nullptr;
  const std::size_t threads = static_cast<std::size_t>(block.x) * block.y * block.z;
  if (threads == 0 || threads % 32 != 0) wrong = "the block is no multiple of 32 threads";
  if (threads > 1024 || block.x > 1024 || block.y > 1024 || block.z > 64) wrong = "the block is too large";
  if (grid.x > 0x7FFFFFFF || grid.y > 65535 || grid.z > 65535) wrong = "the grid is too large";
  if (shared_bytes > 227 * 1024) wrong = "more than 227 KB of shared memory";
  if (wrong)
    throw CudaError("CUDA: " + std::string(name.op) + ": " + wrong +
                    describe(name, grid, block, shared_bytes));
}

void check_shared_memory(CudaQueue& queue, const LaunchName& name, dim3 grid, dim3 block,
                         std::size_t shared_bytes, cudaError_t asked) {
  if (asked == cudaSuccess) return;
  cudaGetLastError();  // it must not show up in the next check
  throw CudaError("CUDA: " + std::string(name.op) + ": no block may have that much shared memory (" +
                  cudaGetErrorString(asked) + "), device " + std::to_string(queue.device()) +
                  describe(name, grid, block, shared_bytes));
}

void check_launch(CudaQueue& queue, const LaunchName& name, dim3 grid, dim3 block, std::size_t shared_bytes) {
  const cudaError_t error = last_error(queue);
  if (error != cudaSuccess)
    throw CudaError("CUDA: " + std::string(name.op) + ": " + cudaGetErrorString(error) + ", device " +
                    std::to_string(queue.device()) + describe(name, grid, block, shared_bytes));
}

void check_library_call(CudaQueue& queue, const LaunchName& name) {
  const cudaError_t error = last_error(queue);
  if (error != cudaSuccess)
    throw CudaError("CUDA: " + std::string(name.op) + ": " + cudaGetErrorString(error) + ", device " +
                    std::to_string(queue.device()) + " (" + name.at.file_name() + ":" +
                    std::to_string(name.at.line()) + ")");
}

void note_launch(CudaQueue& queue, const LaunchName& name, dim3 grid, dim3 block, std::size_t shared_bytes) {
  const auto count = [](dim3 d) { return static_cast<std::size_t>(d.x) * d.y * d.z; };
  if (auto* const observer = queue.observer())
    observer->kernel(queue, name.op, name.at, count(grid), count(block), shared_bytes);
}

void note_library_call(CudaQueue& queue, const LaunchName& library) {
  if (auto* const observer = queue.observer()) observer->library(queue, library.op);
}

bool capturing(CudaQueue& queue) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  cudaStreamIsCapturing(queue.stream(), &status);
  return status != cudaStreamCaptureStatusNone;
}

}  // namespace poster::kernels
