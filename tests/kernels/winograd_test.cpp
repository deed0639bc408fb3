// 3x3 convolutions of stride 1, where float may run as minimal filtering: against double, which never does.
#include <gtest/gtest.h>

#include "kernels/conv2d/conv2d.h"
#include "tests/support/buffers.h"
#include "tests/support/compare.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

index_t x_size(const Conv2dShape& s) { return s.batch * s.height * s.width * s.c_in; }
index_t y_size(const Conv2dShape& s) { return s.batch * s.height * s.width * s.c_out; }

template <typename T>
struct Results {
  std::vector<T> y, dx, dw;
};

template <typename T>
Results<T> run(const Conv2dShape& s, Conv2dAccuracy accuracy, int threads) {
  auto values = [](index_t count, std::uint64_t seed) {
    const auto v = random_values<float>(count, seed);
    return std::vector<T>(v.begin(), v.end());
  };
  const auto x = values(x_size(s), 1), w = values(s.c_out * 9 * s.c_in, 2), bias = values(s.c_out, 3),
             dy = values(y_size(s), 4);
  CpuQueue queue(threads);
  Output<T> y(y_size(s)), dx(x_size(s)), dw(s.c_out * 9 * s.c_in);
  kernels::run(queue, Conv2dForward<T>{.y = y.data(),
                                       .x = x.data(),
                                       .w = w.data(),
                                       .bias = bias.data(),
                                       .shape = s,
                                       .accuracy = accuracy});
  kernels::run(queue, Conv2dBackwardData<T>{
                          .dx = dx.data(), .dy = dy.data(), .w = w.data(), .shape = s, .accuracy = accuracy});
  kernels::run(queue, Conv2dBackwardWeights<T>{
                          .dw = dw.data(), .dy = dy.data(), .x = x.data(), .shape = s, .accuracy = accuracy});
  return {y.values(), dx.values(), dw.values()};
}

class Winograd : public testing::TestWithParam<Conv2dShape> {};

TEST_P(Winograd, AgreesWithDouble) {
  const auto expected = run<double>(GetParam(), Conv2dAccuracy::exact, 2);
  for (auto [accuracy, tolerance] :
       {std::pair{Conv2dAccuracy::exact, 2e-6}, {Conv2dAccuracy::high, 5e-6}, {Conv2dAccuracy::fast, 5e-5}}) {
    SCOPED_TRACE(static_cast<int>(accuracy));
    const auto r = run<float>(GetParam(), accuracy, 2);
    POSTER_EXPECT_CLOSE(r.y, expected.y, tolerance);
    POSTER_EXPECT_CLOSE(r.dx, expected.dx, tolerance);
    POSTER_EXPECT_CLOSE(r.dw, expected.dw, tolerance);
  }
}

TEST_P(Winograd, IsTheSameForAnyNumberOfThreads) {
  for (Conv2dAccuracy accuracy : {Conv2dAccuracy::high, Conv2dAccuracy::fast}) {
    const auto one = run<float>(GetParam(), accuracy, 1);
    for (int threads : {2, 3}) {
      const auto r = run<float>(GetParam(), accuracy, threads);
      EXPECT_EQ(one.y, r.y);
      EXPECT_EQ(one.dx, r.dx);
      EXPECT_EQ(one.dw, r.dw);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Winograd,
    testing::Values(Conv2dShape{1, 1, 1, 64, 64, 3, 1, 1}, Conv2dShape{40, 1, 1, 64, 64, 3, 1, 1},
                    Conv2dShape{40, 3, 5, 64, 32, 3, 1, 1}, Conv2dShape{2, 14, 14, 64, 64, 3, 1, 1},
                    Conv2dShape{1, 29, 23, 64, 64, 3, 1, 1}, Conv2dShape{9, 7, 7, 128, 80, 3, 1, 1},
                    Conv2dShape{3, 14, 14, 256, 256, 3, 1, 1}, Conv2dShape{4, 13, 15, 256, 128, 3, 1, 1},
                    Conv2dShape{4, 7, 7, 512, 256, 3, 1, 1}, Conv2dShape{2, 19, 19, 30, 34, 3, 1, 1}));

}  // namespace
}  // namespace poster::kernels
