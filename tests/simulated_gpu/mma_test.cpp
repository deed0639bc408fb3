#include "kernels/cuda/mma.cuh"

#include <gtest/gtest.h>

#include "kernels/cuda/kernel.cuh"
#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::random_values;
using test::rounded_to;

constexpr int kLd = 24;  // of tiles in shared memory

struct Tiles {
  alignas(16) Half a[16 * kLd], b[16 * kLd];
};

enum class Right {
  by_definition,       // fragments put together from the layout in mma.h's header
  rows_of_columns,     // b [n][k], by load_matrices
  rows_of_rows,        // b [k][n], by load_matrices_transposed
  left_by_definition,  // as by_definition, and a too
};

__device__ unsigned packed(Half low, Half high) { return low.bits | static_cast<unsigned>(high.bits) << 16; }

// c [16, 16] = c + a [16, 16] b [16, 16], by one warp: two products of 16x8.
__global__ void product_kernel(float* c, const Half* a, const Half* b, Right right) {
  auto& tiles = block_shared<Tiles>();
  const int lane = static_cast<int>(threadIdx.x), g = lane / 4, t = lane % 4;
  for (int i = lane; i < 256; i += 32) {
    tiles.a[i / 16 * kLd + i % 16] = a[i];
    const int row = i / 16, column = i % 16;
    tiles.b[right == Right::rows_of_columns ? column * kLd + row : row * kLd + column] = b[i];
  }
  __syncwarp();
  unsigned left[4];
  if (right == Right::left_by_definition) {
    for (int i = 0; i < 4; ++i) {
      const Half* const pair = tiles.a + (g + i % 2 * 8) * kLd + 2 * t + i / 2 * 8;
      left[i] = packed(pair[0], pair[1]);
    }
  } else {
    load_matrices(left, tiles.a + lane % 16 * kLd + lane / 16 * 8);
  }
  unsigned fragments[4];  // columns 0 to 7, then 8 to 15
  if (right == Right::rows_of_columns) {
    load_matrices(fragments, tiles.b + (lane / 16 * 8 + lane % 8) * kLd + lane / 8 % 2 * 8);
  } else if (right == Right::rows_of_rows) {
    load_matrices_transposed(fragments, tiles.b + lane % 16 * kLd + lane / 16 * 8);
  } else {
    for (int i = 0; i < 4; ++i) {
      const Half* const pair = tiles.b + (2 * t + i % 2 * 8) * kLd + g + i / 2 * 8;
      fragments[i] = packed(pair[0], pair[kLd]);
    }
  }
  for (int half = 0; half < 2; ++half) {
    float* const top = c + g * 16 + half * 8 + 2 * t;
    float* const bottom = top + 8 * 16;
    mma_m16n8k16(top[0], top[1], bottom[0], bottom[1], left, fragments[2 * half], fragments[2 * half + 1]);
  }
}

class Mma : public test::CudaTestWith<Right> {};

TEST_P(Mma, ProductOfRandomTilesIsTheReference) {
  const auto a = test::to_double(rounded_to<Half>(random_values<double>(256, 1)));
  const auto b = test::to_double(rounded_to<Half>(random_values<double>(256, 2)));
  const auto start = test::to_double(rounded_to<float>(random_values<double>(256, 3)));
  std::vector<double> expected = start;
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j)
      for (int k = 0; k < 16; ++k) expected[i * 16 + j] += a[i * 16 + k] * b[k * 16 + j];
  const auto results = test::for_each_order([&]() -> test::Results {
    CudaQueue queue;
    const DeviceArray<Half> left(rounded_to<Half>(a)), right(rounded_to<Half>(b));
    DeviceArray<float> c(rounded_to<float>(start));
    launch(queue, "product", product_kernel, 1, 32, 0, c.data(), left.data(), right.data(), GetParam());
    return {{"c", c.values(queue)}};
  });
  for (int i = 0; i < 256; ++i) EXPECT_NEAR(results.at("c")[i], expected[i], 2e-6) << i;
}

INSTANTIATE_TEST_SUITE_P(Loads, Mma,
                         testing::Values(Right::by_definition, Right::rows_of_columns, Right::rows_of_rows,
                                         Right::left_by_definition));

__global__ void pack_kernel(Half* out, const float* values) {
  const int i = 2 * static_cast<int>(threadIdx.x);
  store_halves(out + i, pack_halves(values[i], values[i + 1]));
}

TEST(MmaPacking, RoundsToNearestEven) {
  CudaQueue queue;
  std::vector<double> values = random_values<double>(64, 4, -70000, 70000);
  values[0] = 1 + 0x1p-11;      // half way: to 1
  values[1] = 1 + 3 * 0x1p-11;  // half way: to 1 + 2^-9
  values[2] = 0x1p-24;
  const DeviceArray<float> from(rounded_to<float>(values));
  DeviceArray<Half> to(64);
  launch(queue, "pack", pack_kernel, 1, 32, 0, to.data(), from.data());
  const auto result = to.values(queue);
  EXPECT_EQ(result[0], 1);
  EXPECT_EQ(result[1], 1 + 0x1p-9);
  EXPECT_EQ(result[2], 0x1p-24);
  const auto expected = test::to_double(rounded_to<Half>(test::to_double(rounded_to<float>(values))));
  for (int i = 0; i < 64; ++i) EXPECT_EQ(result[i], expected[i]) << i;
}

}  // namespace
}  // namespace poster::kernels
