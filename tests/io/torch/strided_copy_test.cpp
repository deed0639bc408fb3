#include "io/torch/strided_copy.h"

#include <gtest/gtest.h>

#include <cstring>

namespace poster::io {
namespace {

using Sizes = std::vector<std::int64_t>;

// Element `index` of the source is its index; what copying gives, element by element.
template <typename T>
void expect_gathered(const Sizes& shape, const Sizes& strides) {
  std::int64_t reach = 1, count = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) reach += (shape[d] - 1) * strides[d], count *= shape[d];
  std::vector<T> from(reach), to(count), expected;
  for (std::int64_t i = 0; i < reach; ++i) from[i] = static_cast<T>(i);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i, offset = 0;
    for (std::size_t d = shape.size(); d-- > 0; rest /= shape[d]) offset += rest % shape[d] * strides[d];
    expected.push_back(static_cast<T>(offset));
  }
  copy_strided(std::as_writable_bytes(std::span(to)).data(), std::as_bytes(std::span(from)).data(), sizeof(T),
               shape, strides);
  EXPECT_EQ(to, expected);
}

TEST(StridedCopy, GathersInRowMajorOrder) {
  const std::pair<Sizes, Sizes> cases[] = {
      {{}, {}},
      {{5}, {1}},
      {{5}, {3}},
      {{5}, {0}},
      {{4, 6}, {6, 1}},
      {{6, 4}, {1, 6}},
      {{3, 2}, {10, 2}},
      {{3, 4, 5}, {20, 5, 1}},
      {{5, 3, 4}, {1, 20, 5}},
      {{2, 3, 4, 5}, {60, 1, 15, 3}},  // channels last
      {{2, 3, 4, 5}, {0, 1, 0, 2}},
      {{4, 4}, {1, 2}},  // overlapping
      {{1, 7, 1}, {100, 2, 50}},
  };
  for (const auto& [shape, strides] : cases) {
    expect_gathered<std::uint8_t>(shape, strides);
    expect_gathered<std::uint16_t>(shape, strides);
    expect_gathered<std::uint32_t>(shape, strides);
    expect_gathered<std::uint64_t>(shape, strides);
  }
}

TEST(StridedCopy, KnowsWhatLiesInRowMajorOrder) {
  EXPECT_TRUE(is_row_major(Sizes{}, Sizes{}));
  EXPECT_TRUE(is_row_major(Sizes{4, 6}, Sizes{6, 1}));
  EXPECT_TRUE(is_row_major(Sizes{1, 6}, Sizes{99, 1}));
  EXPECT_TRUE(is_row_major(Sizes{6, 1}, Sizes{1, 99}));
  EXPECT_TRUE(is_row_major(Sizes{1}, Sizes{0}));
  EXPECT_FALSE(is_row_major(Sizes{6, 4}, Sizes{1, 6}));
  EXPECT_FALSE(is_row_major(Sizes{4, 6}, Sizes{7, 1}));
  EXPECT_FALSE(is_row_major(Sizes{4}, Sizes{2}));
  EXPECT_FALSE(is_row_major(Sizes{4}, Sizes{0}));
  EXPECT_FALSE(is_row_major(Sizes{2, 3, 4}, Sizes{12, 4, 0}));
}

}  // namespace
}  // namespace poster::io
