// The device that computes: its queue, its memory, and copies to and from the host.
//
// The queue is a variant with one alternative for each kind of device. Layers call kernels through
// Device::run, which hands the queue in hand to the call, so a layer is written once and the overload is
// chosen by the queue's type.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "kernels/cpu_queue.h"

namespace poster {

// Memory on a device, zeroed; freed with the object.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  friend class Device;
  using Free = void (*)(std::byte*);
  DeviceBuffer(std::byte* data, std::size_t size, Free free) : data_(data, free), size_(size) {}
  std::unique_ptr<std::byte, Free> data_{nullptr, [](std::byte*) {}};
  std::size_t size_ = 0;
};

class Device {
 public:
  // name: "auto" (the best there is), "cpu" or "cuda". threads: of the CPU; 0 for one each core.
  // Throws Error when this build or this machine lacks the device asked for.
  static Device open(std::string_view name, int threads);

  // Calls f(queue) with the queue of this device.
  template <typename F>
  void run(F&& f) {
    std::visit([&](auto& queue) { f(*queue); }, queue_);
  }

  // Throws Error that says how much was asked for when there is not enough.
  DeviceBuffer allocate(std::size_t bytes);
  void copy_from_host(void* device, const void* host, std::size_t bytes);
  void copy_to_host(void* host, const void* device, std::size_t bytes);

  std::string description() const;  // "cpu, 2 threads, avx2"

 private:
  using Queue = std::variant<std::unique_ptr<kernels::CpuQueue>>;
  explicit Device(Queue queue) : queue_(std::move(queue)) {}
  Queue queue_;
};

}  // namespace poster
