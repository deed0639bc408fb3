// What the op suite (tests/ops/matmul.cpp) leaves: on a GPU cuBLASLt's products, elsewhere their stand-in,
// tests/cuda_simulator/matmul_stand_in.cpp.
#include "kernels/matmul/matmul.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::rounded_to;

class MatmulCudaEdges : public test::CudaTest {
 protected:
  // A linear layer's product, m = 24.
  template <typename T>
  struct Product {
    Product(index_t n, index_t k)
        : size_n(n),
          size_k(k),
          a(rounded_to<T>(test::random_values<double>(24 * k, 1))),
          b(rounded_to<T>(test::random_values<double>(n * k, 2))),
          bias(rounded_to<T>(test::random_values<double>(n, 3))),
          c(24 * n) {}
    void run_on(CudaQueue& queue) {
      run(queue, Matmul<T>{.c = c.data(),
                           .a = a.data(),
                           .b = b.data(),
                           .bias = bias.data(),
                           .m = 24,
                           .n = size_n,
                           .k = size_k,
                           .lda = size_k,
                           .ldb = size_k,
                           .ldc = size_n,
                           .transpose_b = true});
    }
    index_t size_n, size_k;
    DeviceArray<T> a, b, bias, c;
  };
};

TEST_F(MatmulCudaEdges, ProductsRoundedToTf32) {
  CudaQueue exact, tf32(0, CudaQueue::FloatProducts::tf32);
  Product<float> product(96, 256);
  product.run_on(exact);
  const auto expected = product.c.values(exact);
  product.run_on(tf32);
  EXPECT_TRUE(test::close<float>(product.c.values(tf32), expected, 2e-3, 1));
}

TEST_F(MatmulCudaEdges, TheSameBitsInEveryRun) {
  std::vector<double> first;
  for (int i = 0; i < 4; ++i) {
    CudaQueue queue;
    Product<Half> product(72, 2048);
    product.run_on(queue);
    const auto values = product.c.values(queue);
    if (i == 0) first = values;
    EXPECT_EQ(values, first);
  }
}

TEST_F(MatmulCudaEdges, PlannedAndCaptured) {
  CudaQueue queue;
  Product<Half> product(40, 56);
  queue.set_planning(true);
  product.run_on(queue);
  queue.set_planning(false);
  EXPECT_GT(queue.scratch_peak(), 0u);
  const std::vector<Half> untouched = product.c.download(queue);
  EXPECT_TRUE(std::isnan(static_cast<double>(untouched[0]))) << "something ran while planning";
  product.run_on(queue);
  const auto once = product.c.values(queue);
  product.c.upload(untouched);
  CudaGraph graph;
  graph.begin(queue);
  product.run_on(queue);
  graph.end(queue);
  EXPECT_TRUE(std::isnan(product.c.values(queue)[0])) << "something ran while capturing";
  graph.launch(queue);
  EXPECT_EQ(product.c.values(queue), once);
}

}  // namespace
}  // namespace poster::kernels
