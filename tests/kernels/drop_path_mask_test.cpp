// What the op suite can't say of drop path: that it is random.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/residual/residual.h"
#include "tests/support/buffers.h"
#include "tests/support/compare.h"
#include "tests/support/threads.h"
#include "tests/support/to_double.h"

namespace poster::kernels {
namespace {

using test::Output;

template <typename T>
std::vector<T> mask(index_t batch, double rate, std::uint64_t seed, std::uint64_t call, std::uint64_t layer) {
  CpuQueue queue(1);
  Output<T> keep(batch);
  run(queue,
      DropPathMask<T>{
          .keep = keep.data(), .batch = batch, .rate = rate, .seed = seed, .layer = layer, .call = &call});
  return keep.values();
}

TEST(DropPathMaskTest, KeepsTheAskedShare) {
  const index_t batch = 100'000;
  for (double rate : {0.0, 0.01, 0.1, 0.5, 0.9}) {
    index_t kept = 0;
    for (double k : mask<double>(batch, rate, 1, 2, 3)) {
      EXPECT_TRUE(k == 0 || k == 1 / (1 - rate)) << k;
      kept += k != 0;
    }
    // Five standard deviations.
    EXPECT_NEAR(static_cast<double>(kept) / batch, 1 - rate, 5 * std::sqrt(rate * (1 - rate) / batch))
        << rate;
  }
}

TEST(DropPathMaskTest, DependsOnEachKeyAndOnNothingElse) {
  const index_t batch = 200;
  const std::uint64_t high = 1ull << 32;
  const auto base = mask<float>(batch, 0.5, 1, 2, 3);
  EXPECT_EQ(mask<float>(batch, 0.5, 1, 2, 3), base);
  for (const auto& other : {mask<float>(batch, 0.5, 2, 2, 3), mask<float>(batch, 0.5, 1 + high, 2, 3),
                            mask<float>(batch, 0.5, 1, 3, 3), mask<float>(batch, 0.5, 1, 2 + high, 3),
                            mask<float>(batch, 0.5, 1, 2, 4), mask<float>(batch, 0.5, 1, 2, 3 + high),
                            mask<float>(batch, 0.5, 1, 3, 2)}) {
    index_t same = 0;
    for (index_t n = 0; n < batch; ++n) same += other[n] == base[n];
    EXPECT_GT(same, 60);  // independent: 100 expected, deviation 7
    EXPECT_LT(same, 140);
  }
  // A sample's factor does not depend on how many others there are, nor on the type.
  const auto longer = mask<float>(batch + 5, 0.5, 1, 2, 3);
  EXPECT_EQ(std::vector<float>(longer.begin(), longer.end() - 5), base);
  EXPECT_EQ(mask<double>(batch, 0.5, 1, 2, 3), std::vector<double>(base.begin(), base.end()));
}

}  // namespace
}  // namespace poster::kernels
