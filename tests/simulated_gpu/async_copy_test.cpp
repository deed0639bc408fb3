#include "kernels/cuda/async_copy.cuh"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cuda/kernel.cuh"
#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::random_values;
using test::rounded_to;

__global__ void copy_kernel(float* out, const float* from, bool wait) {
  float* const shared = dynamic_shared<float>();
  const int i = 4 * static_cast<int>(threadIdx.x);
  copy_async_16(shared + i, from + i, true);
  close_copy_group();
  copy_async_16(shared + 128 + i, from + 128 + i, threadIdx.x % 2 == 0);
  close_copy_group();
  if (wait) wait_for_copies<1>();
  __syncthreads();
  for (int e = 0; e < 4; ++e) out[i + e] = shared[124 - i + e];
  for (int e = 0; e < 4; ++e) out[128 + i + e] = shared[128 + i + e];
  __syncthreads();
  wait_for_copies<0>();
  __syncthreads();
  for (int e = 0; e < 4; ++e) out[256 + i + e] = shared[252 - i + e];
}

// The stand-in hands a copy over no sooner than it is waited for.
TEST(AsyncCopy, IsThereAfterTheWait) {
  CudaQueue queue;
  const auto values = random_values<double>(256, 5);
  const DeviceArray<float> from(rounded_to<float>(values));
  for (const bool wait : {false, true}) {
    DeviceArray<float> out(384);
    launch(queue, "copy", copy_kernel, 1, 32, 1024, out.data(), from.data(), wait);
    const auto result = out.values(queue);
    for (int i = 0; i < 128; ++i) {
      const int mirrored = 124 - i / 4 * 4 + i % 4;
      if (wait)
        EXPECT_EQ(result[i], static_cast<float>(values[mirrored])) << i;
      else
        EXPECT_TRUE(std::isnan(result[i])) << i;
      EXPECT_TRUE(std::isnan(result[128 + i])) << i;
      EXPECT_EQ(result[256 + i], mirrored / 4 % 2 ? 0 : static_cast<float>(values[128 + mirrored])) << i;
    }
  }
}

}  // namespace
}  // namespace poster::kernels
