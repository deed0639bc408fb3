// Linked with the tests of the ops: these programs test the calls, not the stand-ins of tests/cuda_simulator.
#include "tests/cuda_libraries/fake_calls.h"

#include <gtest/gtest.h>

#include "kernels/conv2d/conv2d.h"
#include "kernels/cuda/libraries/shared_library.h"
#include "kernels/library_use.h"
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

// Where an array begins in the arena must not decide how a product is computed.
TEST(FakeCalls, ThePlaceOfAnArrayIsNoNewProblem) {
  ASSERT_EQ(cuda_unavailable(), "");
  int (*const heuristics)() =
      SharedLibrary("fake", {"libcublasLt.so.13"}, "").function("fake_cublaslt_heuristics");
  CudaQueue queue;
  const DeviceArray<float> b(std::vector<float>(16, 1));
  DeviceArray<float> c(16);
  const int before = heuristics();
  for (const index_t place : {0, 4, 16, 32, 64}) {
    const DeviceArray<float> a(std::vector<float>(16, 1), place);
    run(queue, Matmul<float>{.c = c.data(),
                             .a = a.data(),
                             .b = b.data(),
                             .m = 4,
                             .n = 4,
                             .k = 4,
                             .lda = 4,
                             .ldb = 4,
                             .ldc = 4});
    EXPECT_EQ(heuristics() - before, 1) << place;
  }
}

TEST(FakeCalls, EpiloguesAreCounted) {
  ASSERT_EQ(cuda_unavailable(), "");
  CudaQueue queue;
  const DeviceArray<Half> a(std::vector<Half>(32 * 16)), b(std::vector<Half>(32 * 16)),
      bias(std::vector<Half>(32));
  DeviceArray<Half> c(32 * 32);
  DeviceArray<float> dw(32 * 32), sums(32);
  // The fake adds no bias to an odd number of columns, and sums no rows beside fewer than 16 of the other.
  for (const index_t n : {32, 31, 30})
    run(queue, Matmul<Half>{.c = c.data(),
                            .a = a.data(),
                            .b = b.data(),
                            .bias = bias.data(),
                            .m = 16,
                            .n = n,
                            .k = 16,
                            .lda = 16,
                            .ldb = 16,
                            .ldc = n,
                            .transpose_b = true});
  for (const index_t n : {16, 8})
    run(queue, Matmul<Half, float>{.c = dw.data(),
                                   .a = a.data(),
                                   .b = b.data(),
                                   .a_sums = sums.data(),
                                   .m = 32,
                                   .n = n,
                                   .k = 16,
                                   .lda = 32,
                                   .ldb = n,
                                   .ldc = n,
                                   .transpose_a = true});
  queue.set_planning(true);
  run(queue, Matmul<Half>{.c = c.data(),
                          .a = a.data(),
                          .b = b.data(),
                          .bias = bias.data(),
                          .m = 2,
                          .n = 2,
                          .k = 2,
                          .lda = 2,
                          .ldb = 2,
                          .ldc = 2});
  const LibraryUse use = library_use(queue);
  EXPECT_EQ(use.bias.wanted, 3);
  EXPECT_EQ(use.bias.taken, 2);
  EXPECT_EQ(use.row_sums.wanted, 2);
  EXPECT_EQ(use.row_sums.taken, 1);
}

}  // namespace
}  // namespace poster::kernels
