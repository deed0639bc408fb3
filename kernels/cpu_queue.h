// Where CPU kernels run: a pool of threads and the scratch memory that kernels use inside one call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "kernels/index.h"

namespace poster::kernels {

// One caller at a time. Kernels are called in order and are complete when they return.
//
// Cores that this process may use.
int usable_cores();

// A result must not depend on the number of threads: split work into tasks by the problem's sizes alone, and
// add partial sums in task order.
class CpuQueue {
 public:
  // The types that kernels are compiled for.
  template <typename T>
  static constexpr bool computes = std::is_same_v<T, float> || std::is_same_v<T, double>;

  // threads >= 1; 0 means one for each core that this process may use.
  explicit CpuQueue(int threads = 0);
  ~CpuQueue();
  CpuQueue(const CpuQueue&) = delete;
  CpuQueue& operator=(const CpuQueue&) = delete;

  int threads() const;

  // Calls body(task) or body(task, worker) for every task in [0, tasks), on all threads, and returns when all
  // are done. worker is in [0, threads()). Tasks run in no particular order. Not reentrant. What body throws
  // arrives here (of several errors one) when no task runs any more; the other tasks may not have run then.
  template <typename Body>
  void parallel_for(index_t tasks, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run(
        tasks,
        [](void* context, index_t task, int worker) {
          if constexpr (std::is_invocable_v<Plain&, index_t, int>) {
            (*static_cast<Plain*>(context))(task, worker);
          } else {
            (void)worker;
            (*static_cast<Plain*>(context))(task);
          }
        },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

  // Scratch for one worker, and scratch that all workers of a call share: uninitialised, 64-byte aligned,
  // valid until the next kernel asks. Each grows to the largest size asked for and is then kept, so nothing
  // is allocated after the first step. worker_scratch may be called from inside a task (with its own worker),
  // shared_scratch only outside.
  template <typename T>
  T* worker_scratch(int worker, index_t count) {
    return static_cast<T*>(worker_scratch_bytes(worker, static_cast<std::size_t>(count) * sizeof(T)));
  }
  template <typename T>
  T* shared_scratch(index_t count) {
    return static_cast<T*>(shared_scratch_bytes(static_cast<std::size_t>(count) * sizeof(T)));
  }

 private:
  using Task = void (*)(void* context, index_t task, int worker);
  void run(index_t tasks, Task task, void* context);
  void* worker_scratch_bytes(int worker, std::size_t bytes);
  void* shared_scratch_bytes(std::size_t bytes);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace poster::kernels
