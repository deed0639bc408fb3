#include "kernels/cpu_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <new>
#include <stdexcept>

namespace poster::kernels {
namespace {

TEST(CpuQueue, AnErrorOfATaskArrivesInTheCallerAndTheQueueGoesOn) {
  for (const int threads : {1, 2, 5}) {
    CpuQueue queue(threads);
    for (const index_t bad : {0, 7, 63}) {
      std::atomic<int> running{0};
      EXPECT_THROW(queue.parallel_for(64,
                                      [&](index_t task) {
                                        ++running;
                                        if (task == bad) --running, throw std::runtime_error("task");
                                        --running;
                                      }),
                   std::runtime_error);
      EXPECT_EQ(running, 0);  // none is left behind
      std::atomic<index_t> sum{0};
      queue.parallel_for(64, [&](index_t task) { sum += task; });
      EXPECT_EQ(sum, 2016);
    }
  }
}

TEST(CpuQueue, ScratchThatCannotBeHadIsAnErrorOfTheCaller) {
  for (const int threads : {1, 3}) {
    CpuQueue queue(threads);
    EXPECT_THROW(queue.parallel_for(
                     16, [&](index_t, int worker) { queue.worker_scratch<char>(worker, index_t{1} << 60); }),
                 std::bad_alloc);
    queue.parallel_for(16, [&](index_t, int worker) { *queue.worker_scratch<char>(worker, 1) = 0; });
  }
}

}  // namespace
}  // namespace poster::kernels
