// Linked with the tests of the ops: these programs test the calls, not the stand-ins of tests/cuda_simulator.
#include "tests/cuda_libraries/fake_calls.h"

#include <gtest/gtest.h>

#include "kernels/conv2d/conv2d.h"
#include "kernels/cuda/libraries/shared_library.h"
#include "kernels/matmul/matmul.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;

// Not one of test::CudaTest, which skip where the libraries don't load.
TEST(FakeCalls, ReachTheFakes) {
  ASSERT_EQ(cuda_unavailable(), "");
  const auto counter = [](const char* file, const char* function) -> decltype(fake_cudnn_runs)* {
    return SharedLibrary("fake", {file}, "").function(function);
  };
  auto* const fake_cublaslt_products = counter("libcublasLt.so.13", "fake_cublaslt_products");
  auto* const fake_cudnn_runs = counter("libcudnn.so.9", "fake_cudnn_runs");
  // Other tests of the program may have run before.
  const auto products = fake_cublaslt_products();
  const auto runs = fake_cudnn_runs();
  CudaQueue queue;
  const DeviceArray<float> x(std::vector<float>(36, 1)), w(std::vector<float>(9, 1));
  DeviceArray<float> y(36), product(9);
  run(queue, Matmul<float>{.c = product.data(),
                           .a = x.data(),
                           .b = w.data(),
                           .m = 3,
                           .n = 3,
                           .k = 3,
                           .lda = 3,
                           .ldb = 3,
                           .ldc = 3});
  EXPECT_EQ(fake_cublaslt_products() - products, 1);
  run(queue,
      Conv2dForward<float>{
          .y = y.data(),
          .x = x.data(),
          .w = w.data(),
          .shape = {.batch = 1, .height = 6, .width = 6, .c_in = 1, .c_out = 1, .kernel = 3, .padding = 1}});
  EXPECT_EQ(fake_cudnn_runs() - runs, 1);
  EXPECT_EQ(product.values(queue)[0], 3);
  EXPECT_EQ(y.values(queue)[0], 4);
}

}  // namespace
}  // namespace poster::kernels
