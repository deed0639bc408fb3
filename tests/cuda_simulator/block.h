// Runs one block of threads at a time. Used by launch.h and collectives.h.
//
// Each thread runs until it must wait: at a barrier of the block, or at a warp operation until every lane
// that the mask names has come. When nobody can run, either everybody waits at the same barrier, which opens,
// or the kernel is wrong and an Error says who waits where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "tests/cuda_simulator/error.h"
#include "tests/cuda_simulator/fiber.h"
#include "tests/cuda_simulator/order.h"
#include "tests/cuda_simulator/vector_types.h"

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace cuda_simulator {

// Some lanes of a warp that do one operation together.
struct WarpGroup {
  static constexpr std::size_t kMaxValueBytes = 128;  // bytes a lane

  unsigned mask, arrived;
  int to_leave;
  const char* operation;
  std::source_location at;
  alignas(16) std::byte values[32 * kMaxValueBytes];
};

class Block {
 public:
  // The block whose threads run now; throws Error outside kernels.
  static Block& current();

  Block(std::string op, dim3 grid, dim3 block, std::size_t dynamic_shared_bytes);
  ~Block();

  // Runs every thread of one block. Throws what a thread throws, and Error.
  void run(uint3 index, const std::function<void()>& kernel, Arranger& arranger);

  // What follows is called by the running thread.
  void wait_at_barrier(const std::source_location& at);
  // Deposits `bytes` at `value` as this lane's; returns when all lanes of the mask have. The group's values,
  // `bytes` apart, are valid until leave().
  WarpGroup& join(unsigned mask, const char* operation, const std::source_location& at, const void* value,
                  std::size_t bytes);
  void leave(WarpGroup& group);
  int lane() const;
  // __threadfence by the running thread; and by all, with a barrier behind it, before the block is said to
  // have arrived somewhere. Fails where a thread has not called it since the last time.
  void fence() { threads_[running_].fenced = true; }
  void arrive();
  // Memory of the block for one key; the same for all its threads, NaN bytes at first.
  void* shared_object(const void* key, std::size_t bytes, std::size_t alignment);
  void* dynamic_shared() const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  enum class State { ready, at_barrier, in_warp, done };
  struct Thread {
    State state;
    Fiber* fiber;  // null before it starts
    std::source_location at;
    bool fenced;
  };
  struct Shared {
    const void* key;
    std::size_t bytes;
    void* memory;
  };

  void run_threads(Arranger& arranger);
  void fiber_body();
  void suspend();
  void open_barrier();
  void abandon_threads();
  [[noreturn]] void fail_stuck() const;
  void enter(int thread);

  const std::string op_;
  const int count_;
  std::vector<Thread> threads_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  std::vector<int> round_;
  std::size_t position_ = 0;
  int running_ = 0;
  const std::function<void()>* kernel_ = nullptr;
  bool abandoning_ = false;
  std::exception_ptr error_;
  std::vector<std::vector<std::unique_ptr<WarpGroup>>> groups_, free_groups_;  // of each warp
  std::vector<Shared> shared_;
  std::size_t dynamic_bytes_;
  void* dynamic_;
};

// The block's object of type S.
template <typename S>
S& shared_object() {
  static const char key = 0;
  return *static_cast<S*>(Block::current().shared_object(&key, sizeof(S), alignof(S)));
}
void* dynamic_shared_memory();

[[noreturn]] void fail_alignment(std::size_t alignment);
// Throws Error unless `address` is a multiple of `alignment`. Called at every access of several values.
inline void check_alignment(const void* address, std::size_t alignment) {
  if (reinterpret_cast<std::uintptr_t>(address) % alignment != 0) fail_alignment(alignment);
}

}  // namespace cuda_simulator
