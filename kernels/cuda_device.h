// The CUDA device's memory, copies and graphs, for the engine. No CUDA header is needed to use it. Every
// function throws CudaError.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "kernels/cuda_queue.h"

namespace poster::kernels {

// Why CUDA cannot be used here ("no CUDA driver is installed", "no CUDA device", "built without CUDA"), or
// empty.
std::string cuda_unavailable();

// "NVIDIA H200, compute capability 9.0, 141 GB"
std::string cuda_device_name(int device);

void* cuda_allocate(std::size_t bytes);  // zeroed, 256-byte aligned
void cuda_free(void* memory) noexcept;
void* cuda_allocate_pinned(std::size_t bytes);  // host memory for asynchronous copies
void cuda_free_pinned(void* memory) noexcept;

struct CudaMemory {
  std::size_t free, total;
};
CudaMemory cuda_memory();

// In the queue's order. Host memory that is not pinned is copied synchronously. While the queue is planning
// nothing is copied.
void cuda_copy_to_device(CudaQueue& queue, void* device, const void* host, std::size_t bytes);
void cuda_copy_to_host(CudaQueue& queue, void* host, const void* device, std::size_t bytes);
// Waits for everything in the queue.
void cuda_synchronize(CudaQueue& queue);

// Marks a place in a queue's order, for the host or another queue to wait for. Of a queue that is planning the
// observer alone is told.
class CudaEvent {
 public:
  enum class Kind { timing, ordering };
  explicit CudaEvent(Kind kind = Kind::timing);
  ~CudaEvent();
  CudaEvent(CudaEvent&&) noexcept;
  CudaEvent& operator=(CudaEvent&&) noexcept;
  void record(CudaQueue& queue);
  void wait();  // on the host
  // What is put on the queue from here on runs after the place that was marked last. Where a graph is being
  // captured on that place's queue, this queue's work goes into it, too, and must be waited for there.
  void wait_in(CudaQueue& queue);
  // Milliseconds from `start` to this one; both of Kind::timing, recorded and waited for.
  float milliseconds_since(const CudaEvent& start) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What was put on the queue between begin and end, to be run again as a whole.
class CudaGraph {
 public:
  CudaGraph();
  ~CudaGraph();
  CudaGraph(CudaGraph&&) noexcept;
  CudaGraph& operator=(CudaGraph&&) noexcept;
  void begin(CudaQueue& queue);
  // After an exception between begin and end, call abandon(): the queue leaves capturing.
  void end(CudaQueue& queue);
  void abandon(CudaQueue& queue) noexcept;
  void launch(CudaQueue& queue) const;
  bool ready() const;
  std::size_t nodes() const;  // kernels and copies

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace poster::kernels
