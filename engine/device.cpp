#include "engine/device.h"

#include <cstdlib>
#include <cstring>

#include "engine/error.h"
#include "kernels/cpu/isa.h"

namespace poster {

Device Device::open(std::string_view name, int threads) {
  if (name == "cuda") throw Error("--device cuda: this build has no CUDA backend; use --device cpu");
  if (name != "cpu" && name != "auto")
    throw Error("--device " + std::string(name) + ": unknown device; use auto, cpu or cuda");
  if (threads < 0)
    throw Error("--threads " + std::to_string(threads) + ": use 1 or more, or 0 for one each core");
  return Device(std::make_unique<kernels::CpuQueue>(threads));
}

DeviceBuffer Device::allocate(std::size_t bytes) {
  if (bytes == 0) return {};
  const std::size_t rounded = (bytes + 63) / 64 * 64;
  auto* data = static_cast<std::byte*>(std::aligned_alloc(64, rounded));
  if (!data)
    throw Error("out of memory: " + std::to_string(bytes >> 20) +
                " MiB more are needed; use a smaller --batch-size");
  std::memset(data, 0, rounded);
  return DeviceBuffer(data, bytes, [](std::byte* p) { std::free(p); });
}

void Device::copy_from_host(void* device, const void* host, std::size_t bytes) {
  if (bytes) std::memcpy(device, host, bytes);
}
void Device::copy_to_host(void* host, const void* device, std::size_t bytes) {
  if (bytes) std::memcpy(host, device, bytes);
}

std::string Device::description() const {
  const auto& cpu = std::get<std::unique_ptr<kernels::CpuQueue>>(queue_);
  return "cpu, " + std::to_string(cpu->threads()) + (cpu->threads() == 1 ? " thread, " : " threads, ") +
         kernels::isa_name(kernels::cpu_isa());
}

}  // namespace poster
