// Where CUDA kernels run: a stream of one device, the scratch memory that kernels use inside one call, and
// the libraries that multiply matrices and convolve. No CUDA header is needed to use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "kernels/half.h"
#include "kernels/index.h"

struct CUstream_st;

namespace poster::kernels {

class LaunchObserver;  // kernels/launch_observer.h

// Names the operation, the shapes, the device and the place.
class CudaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Kernels are put on the stream in order; they may still run when a call returns. One caller at a time.
//
// Results depend on sizes and on the device's kind, never on timing.
class CudaQueue {
 public:
  // The types that kernels are compiled for.
  template <typename T>
  static constexpr bool computes = std::is_same_v<T, float> || std::is_same_v<T, Half>;

  // How products of floats are taken by the libraries: in float, or rounded to TF32 (11 significant bits)
  // first.
  enum class FloatProducts { exact, tf32 };

  // Throws CudaError when there is no such device or no driver.
  explicit CudaQueue(int device = 0, FloatProducts products = FloatProducts::exact);
  ~CudaQueue();
  CudaQueue(const CudaQueue&) = delete;
  CudaQueue& operator=(const CudaQueue&) = delete;

  // Another queue of the same device, for work beside this one's: multiprocessors take this one's blocks
  // first. It shares what is known of libraries' plans, and the observer.
  std::unique_ptr<CudaQueue> beside();

  CUstream_st* stream() const;
  int device() const;
  int multiprocessors() const;
  FloatProducts float_products() const;

  // While planning, calls check their arguments and ask for their scratch, and nothing runs: so a dry run of
  // a whole step tells what scratch it needs. Pointers need not point to memory then.
  void set_planning(bool planning);
  bool planning() const;
  // Is told what is planned from now on; null: nobody.
  void set_observer(LaunchObserver* observer);
  LaunchObserver* observer() const;

  // Scratch of one call: uninitialised, 256-byte aligned, valid until the next call asks. Grows when more is
  // asked for than ever before, which must not happen while a graph is captured: plan first. While planning
  // the size is noted alone.
  template <typename T>
  T* scratch(index_t count) {
    return static_cast<T*>(scratch_bytes(static_cast<std::size_t>(count) * sizeof(T)));
  }
  // The most that was asked for, planned or not, since the last restart.
  std::size_t scratch_peak() const;
  void restart_scratch_peak();
  // Has that much scratch ready, so that calls up to it allocate nothing.
  void reserve_scratch(std::size_t bytes);

  // Memory that is zero whenever a kernel of this queue starts, for those that count their blocks
  // (kernels/cuda/last_block.cuh) and leave it so. Throws CudaError for more than kCounters.
  static constexpr index_t kCounters = 1 << 16;
  unsigned* counters(index_t count);

  // With POSTER_CUDA_POISON=1 in the environment fills memory with NaN bytes, in the queue's order: for tests.
  void poison(void* memory, std::size_t bytes);

  // cuBLASLt's and cuDNN's handles and plans; only the files that use them know what is inside.
  struct Libraries;
  Libraries& libraries();

 private:
  void* scratch_bytes(std::size_t bytes);

  struct Impl;
  explicit CudaQueue(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace poster::kernels
