#include "kernels/cuda_device.h"

#include <algorithm>
#include <string>

#include "kernels/cuda/check.h"
#include "kernels/cuda/libraries.h"
#include "kernels/launch_observer.h"

namespace poster::kernels {
namespace {

std::string version_text(int version) {  // 12040 is 12.4
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

std::string cuda_unavailable() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count > 0) return libraries_unavailable();
  cudaGetLastError();
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  cudaGetLastError();
  if (driver == 0) return "no CUDA driver is installed";
  if (error == cudaErrorInsufficientDriver)
    return "the NVIDIA driver is too old: it knows CUDA " + version_text(driver) + ", this build needs " +
           version_text(runtime);
  if (error == cudaSuccess || error == cudaErrorNoDevice) return "no CUDA device was found";
  return "CUDA does not start: " + std::string(cudaGetErrorString(error));
}

std::string cuda_device_name(int device) {
  cudaDeviceProp properties;
  POSTER_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  return std::string(properties.name) + ", compute capability " + std::to_string(properties.major) + "." +
         std::to_string(properties.minor) + ", " +
         std::to_string((properties.totalGlobalMem + 500'000'000) / 1'000'000'000) + " GB";
}

void* cuda_allocate(std::size_t bytes) {
  void* memory = nullptr;
  bytes = std::max<std::size_t>(bytes, 1);
  POSTER_CUDA_CHECK(cudaMalloc(&memory, bytes));
  cudaError_t error = cudaMemset(memory, 0, bytes);
  // The queues' streams don't wait for the one that memset uses.
  if (error == cudaSuccess) error = cudaStreamSynchronize(nullptr);
  if (error != cudaSuccess) cudaFree(memory);
  cuda_check(error, "cudaMemset");
  return memory;
}

void cuda_free(void* memory) noexcept { cudaFree(memory); }

void* cuda_allocate_pinned(std::size_t bytes) {
  void* memory = nullptr;
  POSTER_CUDA_CHECK(cudaHostAlloc(&memory, std::max<std::size_t>(bytes, 1), cudaHostAllocDefault));
  return memory;
}

void cuda_free_pinned(void* memory) noexcept { cudaFreeHost(memory); }

CudaMemory cuda_memory() {
  CudaMemory memory{};
  POSTER_CUDA_CHECK(cudaMemGetInfo(&memory.free, &memory.total));
  return memory;
}

namespace {

void copy(CudaQueue& queue, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  if (bytes == 0) return;
  if (queue.planning()) {
    if (auto* const observer = queue.observer()) observer->memory(queue, "copy", bytes);
    return;
  }
  POSTER_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, kind, queue.stream()));
}

}  // namespace

void cuda_copy_to_device(CudaQueue& queue, void* device, const void* host, std::size_t bytes) {
  copy(queue, device, host, bytes, cudaMemcpyHostToDevice);
}
void cuda_copy_to_host(CudaQueue& queue, void* host, const void* device, std::size_t bytes) {
  copy(queue, host, device, bytes, cudaMemcpyDeviceToHost);
}

void cuda_synchronize(CudaQueue& queue) { POSTER_CUDA_CHECK(cudaStreamSynchronize(queue.stream())); }

}  // namespace poster::kernels
