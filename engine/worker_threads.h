// Threads that share one piece of work.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace poster {

// More only take memory; people write a large number for "all there are".
inline constexpr std::size_t kMaxWorkerThreads = 1024;

// Calls work() on `threads` threads, this one among them, and returns when all have ended. What one of them
// throws (of several errors one) arrives here, after stop(), which should make the others end. Where the
// system gives fewer threads, those do it all: work() takes what is to be done next until nothing is left.
template <typename Work, typename Stop>
void run_on_threads(std::size_t threads, Work&& work, Stop&& stop) {
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&] {
    try {
      work();
    } catch (...) {
      stop();
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  threads = std::min(threads, kMaxWorkerThreads);
  std::vector<std::jthread> helpers;  // joined at the end, whatever happens
  try {
    helpers.reserve(threads);
    for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(run);
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
  run();
  helpers.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace poster
