#define POSTER_ISA isa_test
#include "kernels/cpu/vector_math.h"

#include <gtest/gtest.h>

#include <limits>

namespace poster::kernels::isa_test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Calls check(x) for `count` floats spread evenly over [low, high].
template <typename Check>
void sweep(double low, double high, int count, Check check) {
  for (int i = 0; i <= count; ++i) check(static_cast<float>(low + (high - low) * i / count));
}

TEST(VectorMath, ExpIsWithinTwoUnitsInTheLastPlace) {
  double worst = 0;
  sweep(-87.3, 88.7, 1'000'003, [&](float x) {
    const double expected = std::exp(static_cast<double>(x));
    worst = std::fmax(worst, std::fabs(fast_exp(x) / expected - 1));
  });
  EXPECT_LE(worst, 2e-7);
}

TEST(VectorMath, ExpAtTheEndsOfTheRange) {
  EXPECT_EQ(fast_exp(0.0f), 1.0f);
  EXPECT_EQ(fast_exp(-0.0f), 1.0f);
  for (float x : {-87.34f, -88.0f, -100.0f, -1e30f, -kInf}) EXPECT_EQ(fast_exp(x), 0.0f) << x;
  for (float x : {88.73f, 100.0f, 1e30f, kInf}) EXPECT_EQ(fast_exp(x), kInf) << x;
  EXPECT_TRUE(std::isfinite(fast_exp(88.72f)));
  EXPECT_TRUE(std::isnan(fast_exp(kNaN)));
  EXPECT_EQ(fast_exp(1.25), std::exp(1.25));
}

TEST(VectorMath, ErfAndNormal) {
  double erf_worst = 0, cdf_worst = 0, tail_worst = 0, pdf_worst = 0;
  sweep(-12, 12, 1'000'003, [&](float x) {
    const double d = x, cdf = 0.5 * std::erfc(-d * std::sqrt(0.5)),
                 pdf = std::exp(-d * d / 2) * 0.3989422804014327;
    const auto normal = fast_normal(x);
    erf_worst = std::fmax(erf_worst, std::fabs(fast_erf(x) - std::erf(d)));
    cdf_worst = std::fmax(cdf_worst, std::fabs(normal.cdf - cdf));
    pdf_worst = std::fmax(pdf_worst, std::fabs(normal.pdf - pdf));
    if (x < 0) tail_worst = std::fmax(tail_worst, std::fabs(normal.cdf / cdf - 1));
  });
  EXPECT_LE(erf_worst, 3e-7);
  EXPECT_LE(cdf_worst, 1e-7);
  EXPECT_LE(pdf_worst, 1e-7);
  EXPECT_LE(tail_worst, 2e-5);
  EXPECT_EQ(fast_normal(0.3).cdf, 0.5 * std::erfc(-0.707106781186547524400844 * 0.3));
}

TEST(VectorMath, LimitsAndNaN) {
  for (float x : {20.0f, 1e30f, kInf}) {
    EXPECT_EQ(fast_erf(x), 1.0f);
    EXPECT_EQ(fast_erf(-x), -1.0f);
    EXPECT_EQ(fast_normal(-x).cdf, 0.0f);
    EXPECT_EQ(fast_normal(x).pdf, 0.0f);
  }
  EXPECT_EQ(fast_sigmoid(200.0f), 1.0f);
  EXPECT_EQ(fast_sigmoid(-200.0f), 0.0f);
  EXPECT_EQ(fast_sigmoid(0.0f), 0.5f);
  EXPECT_TRUE(std::isnan(fast_erf(kNaN)));
  EXPECT_TRUE(std::isnan(fast_normal(kNaN).cdf));
  EXPECT_TRUE(std::isnan(fast_normal(kNaN).pdf));
  EXPECT_TRUE(std::isnan(fast_sigmoid(kNaN)));
}

}  // namespace
}  // namespace poster::kernels::isa_test
