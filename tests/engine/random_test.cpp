#include "engine/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace poster {
namespace {

// Known answers of the authors' Random123 distribution (kat_vectors, philox4x32 10).
TEST(Philox, GivesThePublishedNumbers) {
  const auto zero = kernels::philox4x32({{0, 0, 0, 0}}, 0);
  EXPECT_EQ(zero.x[0], 0x6627e8d5u);
  EXPECT_EQ(zero.x[1], 0xe169c58du);
  EXPECT_EQ(zero.x[2], 0xbc57ac4cu);
  EXPECT_EQ(zero.x[3], 0x9b00dbd8u);
  const auto ones = kernels::philox4x32({{~0u, ~0u, ~0u, ~0u}}, ~0ull);
  EXPECT_EQ(ones.x[0], 0x408f276du);
  EXPECT_EQ(ones.x[1], 0x41c83b0eu);
  EXPECT_EQ(ones.x[2], 0xa20bc7c6u);
  EXPECT_EQ(ones.x[3], 0x6d5451fdu);
}

TEST(RandomStream, EveryPartOfTheKeyMatters) {
  std::set<std::uint32_t> first;
  for (std::uint64_t seed : {0, 1})
    for (auto purpose : {RandomPurpose::shuffle, RandomPurpose::augment})
      for (std::uint64_t a : {0, 1})
        for (std::uint64_t b : {0, 1}) first.insert(RandomStream(seed, purpose, a, b).bits());
  EXPECT_EQ(first.size(), 16u);
}

TEST(RandomStream, MomentsAreRight) {
  RandomStream random(3, RandomPurpose::test);
  constexpr int n = 200000;
  double sum = 0, squares = 0, uniform = 0;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    uniform += random.uniform();
  }
  EXPECT_NEAR(sum / n, 0, 0.01);
  EXPECT_NEAR(squares / n, 1, 0.02);
  EXPECT_NEAR(uniform / n, 0.5, 0.005);
}

TEST(RandomStream, BelowIsUniformAndInRange) {
  RandomStream random(4, RandomPurpose::test);
  int counts[3] = {};
  for (int i = 0; i < 30000; ++i) ++counts[random.below(3)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 400);
  EXPECT_EQ(random.below(1), 0u);
}

}  // namespace
}  // namespace poster
