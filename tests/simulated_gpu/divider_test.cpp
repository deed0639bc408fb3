#include "kernels/cuda/divider.cuh"

#include <gtest/gtest.h>

#include <random>

namespace poster::kernels {
namespace {

constexpr index_t kMax = 0x7FFFFFFFFFFFFFFF;

void expect_right(index_t n, index_t d) {
  const Divider divider(d);
  EXPECT_EQ(divider.quotient(n), n / d) << n << " / " << d;
  EXPECT_EQ(divider.remainder(n), n % d) << n << " % " << d;
}

TEST(Divider, SmallNumbers) {
  for (index_t d = 1; d <= 70; ++d)
    for (index_t n = 0; n <= 300; ++n) expect_right(n, d);
}

TEST(Divider, AroundMultiplesAndPowersOfTwo) {
  for (const index_t d :
       {index_t{1}, index_t{2}, index_t{3}, index_t{7}, index_t{64}, index_t{197 * 768}, index_t{1} << 31,
        (index_t{1} << 31) + 1, (index_t{1} << 40) - 1, (index_t{1} << 62) - 1, index_t{1} << 62})
    for (int bit = 0; bit < 63; ++bit)
      for (const index_t about : {index_t{1} << bit, kMax >> bit, (kMax >> bit) / d * d})
        for (const index_t near : {-2, -1, 0, 1, 2})
          if (about >= -near && about <= kMax - 2) expect_right(about + near, d);
  for (const index_t d : {index_t{1}, index_t{2}, index_t{3}, index_t{1} << 62}) expect_right(kMax, d);
}

TEST(Divider, RandomNumbers) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i)
    expect_right(static_cast<index_t>(random() >> (1 + random() % 63)),
                 1 + static_cast<index_t>(random() >> (2 + random() % 62)));
}

}  // namespace
}  // namespace poster::kernels
