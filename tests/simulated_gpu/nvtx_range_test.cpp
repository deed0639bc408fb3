// Ranges in a profiler's timeline, seen by the stand-in for NVTX.
#include <gtest/gtest.h>
#include <nvtx3/nvToolsExt.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/cuda/kernel.cuh"
#include "kernels/nvtx_range.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using Names = std::vector<std::string>;

__global__ void sees_its_range(float* out) { *out = cuda_simulator::open_ranges == Names{"outer", "inner"}; }

TEST(NvtxRange, AKernelRunsInARangeOfItsOpsName) {
  cuda_simulator::all_ranges.clear();
  CudaQueue queue;
  test::DeviceArray<float> out(1);
  {
    const NvtxRange outer("outer");
    launch(queue, "inner", sees_its_range, 1, 32, 0, out.data());
    EXPECT_EQ(cuda_simulator::open_ranges, Names{"outer"});
  }
  EXPECT_EQ(out.values(queue), std::vector<double>{1});
  EXPECT_EQ(cuda_simulator::open_ranges, Names{});
  EXPECT_EQ(cuda_simulator::all_ranges, (Names{"outer", "inner"}));
}

TEST(NvtxRange, EndsWhenSomethingIsThrown) {
  EXPECT_THROW(
      {
        const NvtxRange range("thrown out of");
        throw std::runtime_error("");
      },
      std::runtime_error);
  EXPECT_EQ(cuda_simulator::open_ranges, Names{});
}

TEST(NvtxRange, NoneWhilePlanning) {
  cuda_simulator::all_ranges.clear();
  CudaQueue queue;
  queue.set_planning(true);
  launch(queue, "planned", sees_its_range, 1, 32, 0, static_cast<float*>(nullptr));
  EXPECT_EQ(cuda_simulator::all_ranges, Names{});
}

}  // namespace
}  // namespace poster::kernels
