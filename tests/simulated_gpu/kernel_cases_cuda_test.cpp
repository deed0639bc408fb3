// The microbenchmarks' cases on a CUDA device: each runs and writes all of its outputs. On the stand-in those
// of moderate size alone.
#include "bench/kernels/kernel_cases.h"

#include <gtest/gtest.h>

#include "bench/kernels/device_timer.h"
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
      if (stand_in && (operands.bytes() > 2e6 || c.flops > 2e7)) continue;
      call();
      EXPECT_EQ(operands.unwritten(), 0);
      ++ran;
    }
    EXPECT_GE(ran, 50);
  }
};

TEST_F(KernelCasesCuda, RunInFloat) { run_all<float>(Precision::float32); }
TEST_F(KernelCasesCuda, RunInHalf) { run_all<Half>(Precision::float16); }

TEST_F(KernelCasesCuda, TimerTakesTheTimeBetweenEvents) {
  if (test::order_count() > 1) GTEST_SKIP() << "overwrites half a gigabyte";
  Device device = Device::open("cuda", 0);
  DeviceTimer timer(device);
  EXPECT_GT(timer.best_seconds([&] { kernels::cuda_synchronize(*device.cuda()); }, 2), 0);
}

}  // namespace
}  // namespace poster::bench
