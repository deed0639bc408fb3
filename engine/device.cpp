#include "engine/device.h"

#include <cstdlib>
#include <cstring>

#include "engine/byte_text.h"
#include "engine/environment.h"
#include "engine/error.h"
#include "kernels/cuda_device.h"
#include "kernels/isa.h"

namespace poster {
namespace {

constexpr int kMaxThreads = 4096;

[[noreturn]] void out_of_memory(std::size_t bytes) {
  throw Error("out of memory: " + mebibytes(bytes) + " more are needed; use a smaller --batch-size");
}

std::byte* host_memory(std::size_t bytes) {
  const std::size_t rounded = (bytes + 63) / 64 * 64;
  auto* data = static_cast<std::byte*>(std::aligned_alloc(64, rounded));
  if (!data) out_of_memory(bytes);
  std::memset(data, 0, rounded);
  return data;
}

}  // namespace

Precision precision_by_name(std::string_view name) {
  for (Precision precision : {Precision::float32, Precision::tf32, Precision::float16})
    if (name == precision_name(precision)) return precision;
  throw Error("--precision " + std::string(name) + ": unknown precision; use fp32, tf32 or fp16");
}

const char* precision_name(Precision precision) {
  switch (precision) {
    case Precision::tf32:
      return "tf32";
    case Precision::float16:
      return "fp16";
    default:
      return "fp32";
  }
}

Device Device::open(std::string_view name, int threads, Precision precision) {
  if (name != "cpu" && name != "auto" && name != "cuda")
    throw Error("--device " + std::string(name) + ": unknown device; use auto, cpu or cuda");
  if (threads < 0 || threads > kMaxThreads)
    throw Error("--threads " + std::to_string(threads) + ": use 1 to " + std::to_string(kMaxThreads) +
                ", or 0 for one each core");
  check_environment();
  const std::string unavailable = name == "cpu" ? "the CPU was asked for" : kernels::cuda_unavailable();
  if (unavailable.empty()) {
    const auto products = precision == Precision::tf32 ? kernels::CudaQueue::FloatProducts::tf32
                                                       : kernels::CudaQueue::FloatProducts::exact;
    return Device(std::make_unique<kernels::CudaQueue>(0, products), precision);
  }
  if (name == "cuda") throw Error("--device cuda: " + unavailable + "; use --device cpu");
  if (precision != Precision::float32)
    throw Error("--precision " + std::string(precision_name(precision)) + ": needs a CUDA device (" +
                unavailable + "); use --precision fp32");
  return Device(std::make_unique<kernels::CpuQueue>(threads), precision);
}

void Device::refuse_type() {
  throw Error(
      "this device does not compute in the type asked for; use --device cpu for double, cuda for fp16");
}

void Device::open_queues() {
  while (queues() < kQueues) beside_.push_back(cuda()->beside());
}

DeviceBuffer Device::allocate(std::size_t bytes) {
  if (bytes == 0) return {};
  if (!cuda()) return DeviceBuffer(host_memory(bytes), bytes, [](std::byte* p) { std::free(p); });
  try {
    return DeviceBuffer(static_cast<std::byte*>(kernels::cuda_allocate(bytes)), bytes,
                        [](std::byte* p) { kernels::cuda_free(p); });
  } catch (const kernels::CudaError&) {
    std::size_t free = bytes;  // unknown, after an error that nothing works after: that one is to be told
    try {
      free = kernels::cuda_memory().free;
    } catch (const kernels::CudaError&) {
    }
    if (bytes > free) out_of_memory(bytes);
    throw;
  }
}

DeviceBuffer Device::allocate_host(std::size_t bytes) {
  if (bytes == 0) return {};
  if (!cuda()) return DeviceBuffer(host_memory(bytes), bytes, [](std::byte* p) { std::free(p); });
  return DeviceBuffer(static_cast<std::byte*>(kernels::cuda_allocate_pinned(bytes)), bytes,
                      [](std::byte* p) { kernels::cuda_free_pinned(p); });
}

void Device::send(void* device, const void* host, std::size_t bytes) {
  if (bytes == 0) return;
  if (auto* queue = cuda())
    kernels::cuda_copy_to_device(*queue, device, host, bytes);
  else
    std::memcpy(device, host, bytes);
}
void Device::fetch(void* host, const void* device, std::size_t bytes) {
  if (bytes == 0) return;
  if (auto* queue = cuda())
    kernels::cuda_copy_to_host(*queue, host, device, bytes);
  else
    std::memcpy(host, device, bytes);
}

void Device::copy_from_host(void* device, const void* host, std::size_t bytes) {
  send(device, host, bytes);
  if (auto* queue = cuda()) kernels::cuda_synchronize(*queue);
}
void Device::copy_to_host(void* host, const void* device, std::size_t bytes) {
  fetch(host, device, bytes);
  if (auto* queue = cuda()) kernels::cuda_synchronize(*queue);
}

std::optional<std::size_t> Device::free_memory() const {
  if (std::holds_alternative<std::unique_ptr<kernels::CpuQueue>>(queue_)) return std::nullopt;
  return kernels::cuda_memory().free;
}

int Device::host_threads() const {
  const auto* cpu = std::get_if<std::unique_ptr<kernels::CpuQueue>>(&queue_);
  return cpu ? (*cpu)->threads() : kernels::usable_cores();
}

std::string Device::description() const {
  if (const auto* cuda = std::get_if<std::unique_ptr<kernels::CudaQueue>>(&queue_))
    return "cuda, " + kernels::cuda_device_name((*cuda)->device()) + ", " + precision_name(precision_);
  const auto& cpu = std::get<std::unique_ptr<kernels::CpuQueue>>(queue_);
  return "cpu, " + std::to_string(cpu->threads()) + (cpu->threads() == 1 ? " thread, " : " threads, ") +
         kernels::isa_name(kernels::cpu_isa());
}

}  // namespace poster
