#include "kernels/resample/resample.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

struct Sizes {
  index_t batch, height, width, channels, out_height, out_width;
};

template <typename T>
std::vector<T> resize(CpuQueue& queue, const Sizes& s, const std::vector<T>& x) {
  Output<T> y(s.batch * s.out_height * s.out_width * s.channels);
  nearest_resize(queue, NearestResize<T>{.y = y.data(),
                                         .x = x.data(),
                                         .batch = s.batch,
                                         .height = s.height,
                                         .width = s.width,
                                         .channels = s.channels,
                                         .out_height = s.out_height,
                                         .out_width = s.out_width});
  return y.values();
}

class NearestResizeTest : public testing::TestWithParam<Sizes> {};

TEST_P(NearestResizeTest, PicksTheNearestPixel) {
  CpuQueue queue(2);
  const Sizes s = GetParam();
  const auto x = random_values<float>(s.batch * s.height * s.width * s.channels, 1);
  std::vector<float> expected;
  for (index_t n = 0; n < s.batch; ++n)
    for (index_t i = 0; i < s.out_height; ++i)
      for (index_t j = 0; j < s.out_width; ++j)
        for (index_t c = 0; c < s.channels; ++c) {
          const auto row = static_cast<index_t>(std::floor(static_cast<double>(i * s.height) / s.out_height));
          const auto column =
              static_cast<index_t>(std::floor(static_cast<double>(j * s.width) / s.out_width));
          expected.push_back(x[((n * s.height + row) * s.width + column) * s.channels + c]);
        }
  EXPECT_EQ(resize(queue, s, x), expected);
  const std::vector<double> xd(x.begin(), x.end());
  EXPECT_EQ(resize(queue, s, xd), std::vector<double>(expected.begin(), expected.end()));
}

INSTANTIATE_TEST_SUITE_P(Shapes, NearestResizeTest,
                         testing::Values(Sizes{1, 1, 1, 1, 1, 1}, Sizes{2, 28, 28, 3, 14, 14},
                                         Sizes{3, 7, 9, 5, 4, 3}, Sizes{1, 3, 2, 3, 7, 9},
                                         Sizes{2, 5, 5, 64, 5, 5}, Sizes{1, 1, 1, 3, 4, 4}));

index_t reduced(index_t size, index_t stride) { return (size + stride - 1) / stride; }

struct SubsampleCase {
  index_t batch, height, width, channels, stride;
  index_t input_size() const { return batch * height * width * channels; }
  index_t output_size() const { return batch * reduced(height, stride) * reduced(width, stride) * channels; }
};

template <typename T>
std::vector<T> pick(CpuQueue& queue, const SubsampleCase& s, const std::vector<T>& x) {
  Output<T> y(s.output_size());
  subsample(queue, Subsample<T>{.y = y.data(),
                                .x = x.data(),
                                .batch = s.batch,
                                .height = s.height,
                                .width = s.width,
                                .channels = s.channels,
                                .stride = s.stride});
  return y.values();
}

template <typename T>
void add_back(CpuQueue& queue, const SubsampleCase& s, T* dx, const std::vector<T>& dy) {
  subsample_backward(queue, SubsampleBackward<T>{.dx = dx,
                                                 .dy = dy.data(),
                                                 .batch = s.batch,
                                                 .height = s.height,
                                                 .width = s.width,
                                                 .channels = s.channels,
                                                 .stride = s.stride});
}

class SubsampleTest : public testing::TestWithParam<SubsampleCase> {};

TEST_P(SubsampleTest, PicksEveryStrideThPixelAndAddsBackThere) {
  CpuQueue queue(2);
  const SubsampleCase s = GetParam();
  const auto x = random_values<double>(s.input_size(), 1), dy = random_values<double>(s.output_size(), 2),
             before = random_values<double>(s.input_size(), 3);
  std::vector<double> y_expected, dx_expected = before;
  for (index_t n = 0; n < s.batch; ++n)
    for (index_t i = 0; i < s.height; i += s.stride)
      for (index_t j = 0; j < s.width; j += s.stride)
        for (index_t c = 0; c < s.channels; ++c) {
          const index_t from = ((n * s.height + i) * s.width + j) * s.channels + c;
          dx_expected[from] += dy[y_expected.size()];
          y_expected.push_back(x[from]);
        }
  EXPECT_EQ(pick(queue, s, x), y_expected);
  Output<double> dx(s.input_size());
  std::copy(before.begin(), before.end(), dx.data());
  add_back(queue, s, dx.data(), dy);
  EXPECT_EQ(dx.values(), dx_expected);
}

INSTANTIATE_TEST_SUITE_P(Shapes, SubsampleTest,
                         testing::Values(SubsampleCase{1, 1, 1, 1, 1}, SubsampleCase{1, 1, 1, 3, 2},
                                         SubsampleCase{2, 14, 14, 64, 2}, SubsampleCase{3, 7, 9, 71, 2},
                                         SubsampleCase{1, 8, 7, 5, 3}, SubsampleCase{2, 4, 4, 9, 1}));

TEST(Resample, SameForAnyNumberOfThreadsAndNaNComesThrough) {
  const SubsampleCase s{5, 13, 15, 65, 2};
  auto x = random_values<float>(s.input_size(), 1), dy = random_values<float>(s.output_size(), 2);
  x[0] = dy[1] = std::numeric_limits<float>::quiet_NaN();
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    std::vector<float> dx(s.input_size());
    add_back(queue, s, dx.data(), dy);
    const auto y = pick(queue, s, x), resized = resize(queue, {5, 13, 15, 65, 7, 9}, x);
    EXPECT_TRUE(std::isnan(y[0]) && std::isnan(resized[0]) && std::isnan(dx[1]));
    return test::concatenate<float>({dx, y, resized});
  });
}

}  // namespace
}  // namespace poster::kernels
