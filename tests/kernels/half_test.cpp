#include "kernels/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tests/support/buffers.h"

namespace poster {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Half from_bits(unsigned bits) {
  Half half;
  half.bits = static_cast<std::uint16_t>(bits);
  return half;
}
bool is_nan(unsigned bits) { return (bits & 0x7FFF) > 0x7C00; }

// IEEE 754's definition of binary16, computed in double.
double meaning(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31), fraction = static_cast<int>(bits & 1023);
  double magnitude = 0;
  if (exponent == 31)
    magnitude = fraction ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  else if (exponent == 0)
    magnitude = std::ldexp(fraction, -24);
  else
    magnitude = std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

TEST(Half, EveryHalfMeansWhatTheStandardSays) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const float value = static_cast<float>(from_bits(bits));
    const double expected = meaning(bits);
    ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << bits;
    if (is_nan(bits))
      ASSERT_TRUE(std::isnan(value)) << bits;
    else
      ASSERT_EQ(static_cast<double>(value), expected) << bits;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(static_cast<double>(from_bits(bits))),
              std::bit_cast<std::uint64_t>(static_cast<double>(value)))
        << bits;
  }
}

TEST(Half, EveryHalfSurvivesTheWayToFloatAndBack) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const Half back(static_cast<float>(from_bits(bits)));
    if (is_nan(bits))
      ASSERT_EQ(back.bits, (bits & 0x8000) | 0x7FFF) << bits;
    else
      ASSERT_EQ(back.bits, bits);
  }
}

// Between neighbours, everything up to the middle goes to the even one, and everything beyond to the nearer
// one. Infinity takes part as 65536, the number that would follow the largest.
TEST(Half, RoundsToNearestEven) {
  for (unsigned bits = 0; bits < 0x7C00; ++bits)
    for (const unsigned sign : {0u, 0x8000u}) {
      const float low = static_cast<float>(meaning(bits)),
                  high = bits + 1 == 0x7C00 ? 65536.0f : static_cast<float>(meaning(bits + 1));
      const float middle = (low + high) / 2;  // exact: it has 12 significant bits
      const float below = std::nextafter(middle, 0.0f), above = std::nextafter(middle, kInfinity);
      const unsigned even = bits + (bits & 1);
      const auto rounded = [&](float value) { return unsigned{Half(sign ? -value : value).bits}; };
      ASSERT_EQ(rounded(std::nextafter(low, kInfinity)), sign | bits) << bits;
      ASSERT_EQ(rounded(below), sign | bits) << bits;
      ASSERT_EQ(rounded(middle), sign | even) << bits;
      ASSERT_EQ(rounded(above), sign | (bits + 1)) << bits;
      ASSERT_EQ(rounded(std::nextafter(high, 0.0f)), sign | (bits + 1)) << bits;
    }
}

TEST(Half, Edges) {
  EXPECT_EQ(Half(65504.0f).bits, 0x7BFF);
  EXPECT_EQ(Half(65519.996f).bits, 0x7BFF);
  EXPECT_EQ(Half(65520.0f).bits, 0x7C00);
  EXPECT_EQ(Half(-1e30f).bits, 0xFC00);
  EXPECT_EQ(Half(kInfinity).bits, 0x7C00);
  EXPECT_EQ(Half(-kInfinity).bits, 0xFC00);
  EXPECT_EQ(Half(0.0f).bits, 0);
  EXPECT_EQ(Half(-0.0f).bits, 0x8000);
  EXPECT_EQ(Half(std::ldexp(1.0f, -24)).bits, 1);         // the smallest subnormal
  EXPECT_EQ(Half(std::ldexp(1.0f, -25)).bits, 0);         // a tie with zero, which is even
  EXPECT_EQ(Half(std::ldexp(1.0001f, -25)).bits, 1);      // beyond it
  EXPECT_EQ(Half(std::ldexp(1023.5f, -24)).bits, 0x400);  // from subnormal to normal
  EXPECT_EQ(Half(std::numeric_limits<float>::denorm_min()).bits, 0);
  EXPECT_EQ(Half(-std::numeric_limits<float>::denorm_min()).bits, 0x8000);
  EXPECT_EQ(Half(std::numeric_limits<float>::quiet_NaN()).bits & 0x7FFF, 0x7FFF);
  // The NaN with the smallest payload must not become infinity.
  EXPECT_EQ(Half(std::bit_cast<float>(0x7F800001u)).bits, 0x7FFF);
  EXPECT_EQ(Half(1.0 / 3.0).bits, Half(1.0f / 3.0f).bits);
}

// The compiler's own type, where it has one.
#if defined(__FLT16_MAX__)
using Float16 = _Float16;
#define POSTER_FLOAT16
#elif defined(__ARM_FP16_FORMAT_IEEE)
using Float16 = __fp16;
#define POSTER_FLOAT16
#endif
#if defined(POSTER_FLOAT16)
TEST(Half, AgreesWithTheCompilersType) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    if (is_nan(bits)) continue;
    const auto theirs = std::bit_cast<Float16>(static_cast<std::uint16_t>(bits));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(static_cast<float>(theirs)),
              std::bit_cast<std::uint32_t>(static_cast<float>(from_bits(bits))))
        << bits;
  }
  RandomStream random(1, RandomPurpose::test);
  for (int i = 0; i < 2'000'000; ++i) {
    std::uint32_t bits = random.bits();
    // Every other one where Half has its range, 2^-27 to 2^17.
    if (i & 1) bits = (bits & 0x807FFFFF) | (100 + (bits >> 23 & 0xFF) % 45) << 23;
    const auto value = std::bit_cast<float>(bits);
    if (std::isnan(value)) continue;
    ASSERT_EQ(Half(value).bits, std::bit_cast<std::uint16_t>(static_cast<Float16>(value)))
        << std::hexfloat << value;
  }
}
#endif

static_assert(sizeof(Half) == 2 && std::is_trivially_copyable_v<Half>);
static_assert(std::is_same_v<acc_t<Half>, float> && std::is_same_v<acc_t<float>, float> &&
              std::is_same_v<acc_t<double>, double>);

}  // namespace
}  // namespace poster
