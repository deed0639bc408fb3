// The device that computes: its queue, its memory, and copies to and from the host.
//
// The queue is a variant with one alternative for each kind of device. Layers call kernels through
// Device::run, which hands the queue in hand to the call, so a layer is written once and the overload is
// chosen by the queue's type.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster {

// Memory on a device, zeroed, or of the host for copies to and from the device; freed with the object.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }

 private:
  friend class Device;
  using Free = void (*)(std::byte*);
  DeviceBuffer(std::byte* data, std::size_t size, Free free) : data_(data, free), size_(size) {}
  std::unique_ptr<std::byte, Free> data_{nullptr, [](std::byte*) {}};
  std::size_t size_ = 0;
};

// In what numbers maps and products are computed.
enum class Precision {
  float32,  // float throughout
  tf32,     // float, products of floats rounded to TF32 first; CUDA alone
  float16,  // maps, weights of products and their gradients in 16 bits, sums and the rest in float; CUDA
            // alone
};
// "fp32", "tf32" or "fp16"; throws Error for another.
Precision precision_by_name(std::string_view name);
const char* precision_name(Precision precision);

class Device {
 public:
  // name: "auto" (CUDA where there is a device, else the CPU), "cpu" or "cuda". threads: of the CPU; 0 for
  // one each core. Throws Error when this build or this machine lacks the device asked for, or the device the
  // precision.
  static Device open(std::string_view name, int threads, Precision precision = Precision::float32);

  // Calls f(queue) with the queue in use of this device, which must compute in T.
  template <typename T, typename F>
  void run(F&& f) {
    std::visit(
        [&](auto& queue) {
          if constexpr (std::remove_reference_t<decltype(*queue)>::template computes<T>)
            f(in_use(*queue));
          else
            refuse_type();
        },
        queue_);
  }
  // Null on another device.
  kernels::CudaQueue* cuda() {
    auto* queue = std::get_if<std::unique_ptr<kernels::CudaQueue>>(&queue_);
    return queue ? queue->get() : nullptr;
  }
  // On a CUDA device: cuda() is queue 0, and others run beside it (engine/lanes.h).
  static constexpr int kQueues = 3;
  void open_queues();
  int queues() const { return static_cast<int>(beside_.size()) + 1; }
  kernels::CudaQueue& queue(int number) { return number > 0 ? *beside_[number - 1] : *cuda(); }
  // Whose order run() keeps to from here on.
  void use_queue(int number) { queue_in_use_ = number; }
  int queue_in_use() const { return queue_in_use_; }
  Precision precision() const { return precision_; }

  // For work on the host: the CPU's, as many as asked for; beside another device one each core.
  int host_threads() const;

  // For tests: CudaQueue::poison in the order of the queue in use.
  void poison(void* memory, std::size_t bytes) {
    if (cuda()) queue(queue_in_use_).poison(memory, bytes);
  }

  // Throws Error that says how much was asked for when there is not enough.
  DeviceBuffer allocate(std::size_t bytes);
  // Host memory from which and to which copies need not be waited for.
  DeviceBuffer allocate_host(std::size_t bytes);
  void copy_from_host(void* device, const void* host, std::size_t bytes);
  void copy_to_host(void* host, const void* device, std::size_t bytes);
  // In the queue's order; may still run on return. The host memory must be allocate_host's.
  void send(void* device, const void* host, std::size_t bytes);
  void fetch(void* host, const void* device, std::size_t bytes);

  // Bytes that can still be allocated; nothing where nobody knows.
  std::optional<std::size_t> free_memory() const;
  std::string description() const;  // "cpu, 2 threads, avx2"

 private:
  using Queue = std::variant<std::unique_ptr<kernels::CpuQueue>, std::unique_ptr<kernels::CudaQueue>>;
  Device(Queue queue, Precision precision) : queue_(std::move(queue)), precision_(precision) {}
  [[noreturn]] static void refuse_type();
  kernels::CpuQueue& in_use(kernels::CpuQueue& queue) { return queue; }
  kernels::CudaQueue& in_use(kernels::CudaQueue&) { return queue(queue_in_use_); }
  Queue queue_;
  std::vector<std::unique_ptr<kernels::CudaQueue>> beside_;
  int queue_in_use_ = 0;
  Precision precision_;
};

}  // namespace poster
