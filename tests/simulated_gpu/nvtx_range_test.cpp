// Ranges in a profiler's timeline, seen by the stand-in for NVTX.
#include <gtest/gtest.h>
#include <nvtx3/nvToolsExt.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/planning_scope.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/matmul/matmul.h"
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

// A product on the device as layers run it: cuBLASLt computes it, nothing is launched.
class Product {
 public:
  void plan() {
    PlanningScope scope(device_, arena_);
    run(3);
    scope.finish();
  }
  // c = a b with a [2, k] and b [k, 2]. Rows of a are 3 apart: more than that is refused.
  void run(index_t k) {
    const Resources<float> resources{.device = device_, .arena = arena_, .parameters = parameters_};
    const Context<float> c{.resources = resources};
    c.run(Matmul<float>{.c = c_.data(),
                        .a = a_.data(),
                        .b = b_.data(),
                        .m = 2,
                        .n = 2,
                        .k = k,
                        .lda = 3,
                        .ldb = 2,
                        .ldc = 2});
  }

 private:
  Device device_ = Device::open("cuda", 1);
  Arena arena_;
  ParameterTable table_;
  Parameters<float> parameters_{device_, table_};
  test::DeviceArray<float> a_{6}, b_{6}, c_{4};
};

TEST(NvtxRange, AnOpOfALibraryHasOneInItsContext) {
  Product product;
  cuda_simulator::all_ranges.clear();
  product.plan();
  EXPECT_EQ(cuda_simulator::all_ranges, Names{});
  const NvtxRange outer("outer");
  product.run(3);
  EXPECT_EQ(cuda_simulator::all_ranges, (Names{"outer", "matmul"}));
  EXPECT_EQ(cuda_simulator::open_ranges, Names{"outer"});
}

TEST(NvtxRange, OfAnOpThatIsRefusedEnds) {
  Product product;
  product.plan();
  cuda_simulator::all_ranges.clear();
  EXPECT_THROW(product.run(4), OperandError);
  EXPECT_EQ(cuda_simulator::all_ranges, Names{"matmul"});
  EXPECT_EQ(cuda_simulator::open_ranges, Names{});
}

}  // namespace
}  // namespace poster::kernels
