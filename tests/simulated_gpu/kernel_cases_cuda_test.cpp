// The microbenchmarks' cases on a CUDA device: each runs and writes all of its outputs. On the stand-in those
// of moderate size alone.
#include "bench/kernels/kernel_cases.h"

#include <gtest/gtest.h>

#include "bench/kernels/device_timer.h"
#include "engine/launch_graph.h"
#include "kernels/cuda_device.h"
#include "tests/support/cuda_ops.h"

namespace poster::bench {
namespace {

class KernelCasesCuda : public test::CudaTest {
 protected:
  template <typename T>
  void run_all(Precision precision) {
    const bool stand_in = test::order_count() > 1;
    Device device = Device::open("cuda", 0, precision);
    int ran = 0;
    for (const KernelCase& c : kernel_cases<T>({.batch = 2, .parameters = 1000})) {
      SCOPED_TRACE(c.name());
      Operands operands(device);
      const auto call = c.prepare(operands);
      if (stand_in && (operands.bytes() > 2e6 || operands.flops() > 2e7)) continue;
      call();
      EXPECT_EQ(operands.unwritten(), 0);
      ++ran;
    }
    EXPECT_GE(ran, 50);
  }
};

TEST_F(KernelCasesCuda, RunInFloat) { run_all<float>(Precision::float32); }
TEST_F(KernelCasesCuda, RunInHalf) { run_all<Half>(Precision::float16); }

// Knows also how many nodes are calls of libraries.
class LaunchCount : public LaunchGraph {
 public:
  void library(const kernels::CudaQueue& queue, const char* name) override {
    LaunchGraph::library(queue, name);
    ++calls;
  }
  std::size_t calls = 0;
};

// What is counted while a queue plans is what a graph of the op holds.
TEST_F(KernelCasesCuda, PlanningCountsTheLaunches) {
  const bool stand_in = test::order_count() > 1;
  Device device = Device::open("cuda", 0, Precision::float16);
  kernels::CudaQueue& queue = *device.cuda();
  std::size_t several = 0;
  for (const KernelCase& c : kernel_cases<Half>({.batch = 2, .parameters = 1000})) {
    SCOPED_TRACE(c.name());
    Operands operands(device);
    const auto call = c.prepare(operands);
    LaunchCount count;
    queue.set_observer(&count);
    queue.set_planning(true);
    call();
    queue.set_planning(false);
    queue.set_observer(nullptr);
    queue.reserve_scratch(queue.scratch_peak());
    if (!stand_in) call();  // loads what a capture can't
    kernels::CudaGraph graph;
    graph.begin(queue);
    call();
    graph.end(queue);
    EXPECT_GE(count.nodes().size(), 1u);
    if (stand_in || count.calls == 0)
      EXPECT_EQ(graph.nodes(), count.nodes().size());
    else
      EXPECT_GE(graph.nodes(), count.nodes().size());  // a library may launch more than one
    several += count.nodes().size() > 1;
  }
  EXPECT_GE(several, 10u);
}

TEST_F(KernelCasesCuda, TimerTakesTheTimeBetweenEvents) {
  if (test::order_count() > 1) GTEST_SKIP() << "overwrites half a gigabyte";
  Device device = Device::open("cuda", 0);
  DeviceTimer timer(device);
  EXPECT_GT(timer.best_seconds([&] { kernels::cuda_synchronize(*device.cuda()); }, 2), 0);
}

}  // namespace
}  // namespace poster::bench
