#include "kernels/cpu_queue.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

namespace poster::kernels {

int usable_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

namespace {

class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  ~Scratch() { std::free(data_); }
  void* at_least(std::size_t bytes) {
    if (bytes > size_) {
      std::free(data_);
      data_ = nullptr;
      size_ = 0;
      const std::size_t rounded = (bytes + 4095) / 4096 * 4096;
      data_ = std::aligned_alloc(64, rounded);
      if (!data_) throw std::bad_alloc();
      size_ = rounded;
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// A small network starts hundreds of short parallel loops a step: workers spin this long (about 50
// microseconds) for the next one before they sleep.
constexpr int kSpins = 2000;

}  // namespace

struct CpuQueue::Impl {
  explicit Impl(int thread_count) : threads(thread_count), worker_scratch(thread_count) {
    try {
      for (int worker = 1; worker < threads; ++worker) pool.emplace_back([this, worker] { work(worker); });
    } catch (...) {
      end();
      throw;
    }
  }
  ~Impl() { end(); }

  void end() {
    {
      std::lock_guard lock(mutex);
      stop = true;
      generation.fetch_add(1, std::memory_order_release);
    }
    wake.notify_all();
    for (auto& thread : pool) thread.join();
  }

  // Scratch can run out of memory: the first error goes to the caller, and no further task begins.
  void run_tasks(int worker) {
    try {
      for (index_t task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;)
        function(context, task, worker);
    } catch (...) {
      next.store(tasks, std::memory_order_relaxed);
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  }

  void work(int worker) {
    std::uint64_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < kSpins && generation.load(std::memory_order_acquire) == seen; ++spin) pause();
      if (generation.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return generation.load(std::memory_order_acquire) != seen; });
      }
      seen = generation.load(std::memory_order_acquire);
      if (stop) return;
      run_tasks(worker);
      busy.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  int threads;
  std::vector<std::thread> pool;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<std::uint64_t> generation{0};
  std::atomic<int> busy{0};
  std::atomic<index_t> next{0};
  bool stop = false;
  index_t tasks = 0;
  Task function = nullptr;
  void* context = nullptr;
  std::exception_ptr failure;
  std::vector<Scratch> worker_scratch;
  Scratch shared_scratch;
};

CpuQueue::CpuQueue(int threads) : impl_(std::make_unique<Impl>(threads > 0 ? threads : usable_cores())) {}
CpuQueue::~CpuQueue() = default;

int CpuQueue::threads() const { return impl_->threads; }

void CpuQueue::run(index_t tasks, Task task, void* context) {
  Impl& p = *impl_;
  if (tasks <= 1 || p.threads == 1) {
    for (index_t i = 0; i < tasks; ++i) task(context, i, 0);
    return;
  }
  p.tasks = tasks;
  p.function = task;
  p.context = context;
  p.next.store(0, std::memory_order_relaxed);
  p.busy.store(p.threads - 1, std::memory_order_relaxed);
  {
    // The lock keeps a worker that is about to sleep from missing the new generation.
    std::lock_guard lock(p.mutex);
    p.generation.fetch_add(1, std::memory_order_release);
  }
  p.wake.notify_all();
  p.run_tasks(0);
  for (int spin = 0; p.busy.load(std::memory_order_acquire) != 0; ++spin) {
    if (spin < 20 * kSpins)
      pause();
    else
      std::this_thread::yield();
  }
  if (p.failure) std::rethrow_exception(std::exchange(p.failure, nullptr));
}

void* CpuQueue::worker_scratch_bytes(int worker, std::size_t bytes) {
  return impl_->worker_scratch[worker].at_least(bytes);
}
void* CpuQueue::shared_scratch_bytes(std::size_t bytes) { return impl_->shared_scratch.at_least(bytes); }

}  // namespace poster::kernels
