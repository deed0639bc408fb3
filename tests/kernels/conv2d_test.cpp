#include "kernels/conv2d/conv2d.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

index_t x_size(const Conv2dShape& s) { return s.batch * s.height * s.width * s.c_in; }
index_t w_size(const Conv2dShape& s) { return s.c_out * s.kernel * s.kernel * s.c_in; }
index_t y_size(const Conv2dShape& s) { return s.batch * s.out_height() * s.out_width() * s.c_out; }

// The definition in kernels/conv2d/conv2d.h, word for word: calls f(y index, x index, w index) for every
// product.
template <typename F>
void for_each_product(const Conv2dShape& s, F f) {
  for (index_t n = 0; n < s.batch; ++n)
    for (index_t i = 0; i < s.out_height(); ++i)
      for (index_t j = 0; j < s.out_width(); ++j)
        for (index_t r = 0; r < s.kernel; ++r)
          for (index_t q = 0; q < s.kernel; ++q) {
            const index_t row = i * s.stride + r - s.padding, column = j * s.stride + q - s.padding;
            if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
            for (index_t o = 0; o < s.c_out; ++o)
              for (index_t c = 0; c < s.c_in; ++c)
                f(((n * s.out_height() + i) * s.out_width() + j) * s.c_out + o,
                  ((n * s.height + row) * s.width + column) * s.c_in + c,
                  ((o * s.kernel + r) * s.kernel + q) * s.c_in + c);
          }
}

template <typename T>
struct Results {
  std::vector<T> y, dx, dw, dbias;
};

template <typename T>
std::vector<T> input(const Conv2dShape& s) {
  return random_values<T>(x_size(s), 1);
}
template <typename T>
std::vector<T> weights(const Conv2dShape& s) {
  return random_values<T>(w_size(s), 2);
}
template <typename T>
std::vector<T> bias(const Conv2dShape& s) {
  return random_values<T>(s.c_out, 3);
}
template <typename T>
std::vector<T> output_gradient(const Conv2dShape& s) {
  return random_values<T>(y_size(s), 4);
}

template <typename T>
Results<T> run(const Conv2dShape& s, int threads, bool with_bias = true) {
  CpuQueue queue(threads);
  const auto x = input<T>(s), w = weights<T>(s), b = bias<T>(s), dy = output_gradient<T>(s);
  Output<T> y(y_size(s)), dx(x_size(s)), dw(w_size(s)), dbias(s.c_out);
  const auto exact = Conv2dAccuracy::exact;
  conv2d_forward(queue, Conv2dForward<T>{.y = y.data(),
                                         .x = x.data(),
                                         .w = w.data(),
                                         .bias = with_bias ? b.data() : nullptr,
                                         .shape = s,
                                         .accuracy = exact});
  conv2d_backward_data(
      queue,
      Conv2dBackwardData<T>{.dx = dx.data(), .dy = dy.data(), .w = w.data(), .shape = s, .accuracy = exact});
  conv2d_backward_weights(queue, Conv2dBackwardWeights<T>{.dw = dw.data(),
                                                          .dbias = with_bias ? dbias.data() : nullptr,
                                                          .dy = dy.data(),
                                                          .x = x.data(),
                                                          .shape = s,
                                                          .accuracy = exact});
  return {y.values(), dx.values(), dw.values(), dbias.values()};
}

Results<double> expected(const Conv2dShape& s) {
  // What float holds, so that both types are given the same numbers.
  auto as_float = [](const std::vector<float>& v) { return std::vector<double>(v.begin(), v.end()); };
  const auto x = as_float(input<float>(s)), w = as_float(weights<float>(s)), b = as_float(bias<float>(s));
  const auto dy = as_float(output_gradient<float>(s));
  Results<double> e;
  e.y.resize(y_size(s));
  e.dx.resize(x_size(s));
  e.dw.resize(w_size(s));
  e.dbias.resize(s.c_out);
  for (index_t i = 0; i < y_size(s); ++i) {
    e.y[i] = b[i % s.c_out];
    e.dbias[i % s.c_out] += dy[i];
  }
  for_each_product(s, [&](index_t iy, index_t ix, index_t iw) {
    e.y[iy] += x[ix] * w[iw];
    e.dx[ix] += dy[iy] * w[iw];
    e.dw[iw] += dy[iy] * x[ix];
  });
  return e;
}

class Conv2d : public testing::TestWithParam<Conv2dShape> {};

TEST_P(Conv2d, FloatAgreesWithPlainSums) {
  const auto r = run<float>(GetParam(), 2);
  const auto e = expected(GetParam());
  POSTER_EXPECT_CLOSE(r.y, e.y, 2e-6);
  POSTER_EXPECT_CLOSE(r.dx, e.dx, 2e-6);
  POSTER_EXPECT_CLOSE(r.dw, e.dw, 2e-6);
  POSTER_EXPECT_CLOSE(r.dbias, e.dbias, 2e-6);
}

TEST_P(Conv2d, BiasIsOptional) {
  const auto with = run<double>(GetParam(), 1), without = run<double>(GetParam(), 1, false);
  const auto b = bias<double>(GetParam());
  std::vector<double> sum = without.y;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += b[i % b.size()];
  POSTER_EXPECT_CLOSE(with.y, sum, 1e-13);
  EXPECT_EQ(with.dw, without.dw);
}

TEST_P(Conv2d, GradientsMatchCentralDifferences) {
  const Conv2dShape& s = GetParam();
  CpuQueue queue(2);
  auto x = input<double>(s), w = weights<double>(s), b = bias<double>(s);
  const auto dy = output_gradient<double>(s);
  auto loss = [&] {
    Output<double> y(y_size(s));
    conv2d_forward(queue, Conv2dForward<double>{
                              .y = y.data(), .x = x.data(), .w = w.data(), .bias = b.data(), .shape = s});
    return test::dot(dy, y.values());
  };
  // A sample of the elements, spread over the tensor with an odd step.
  auto sample = [](std::size_t size) {
    std::vector<std::size_t> elements;
    for (std::size_t i = 0; i < size; i += std::max<std::size_t>(1, size / 24) | 1) elements.push_back(i);
    return elements;
  };
  auto at = [](const std::vector<double>& v, const std::vector<std::size_t>& elements) {
    std::vector<double> picked;
    for (std::size_t i : elements) picked.push_back(v[i]);
    return picked;
  };
  const auto r = run<double>(s, 2);
  const auto ix = sample(x.size()), iw = sample(w.size()), ib = sample(b.size());
  // The loss is linear in each tensor, so a wide step has no error of its own.
  POSTER_EXPECT_CLOSE(at(r.dx, ix), test::numeric_gradient(x, loss, ix, 0.1), 1e-7);
  POSTER_EXPECT_CLOSE(at(r.dw, iw), test::numeric_gradient(w, loss, iw, 0.1), 1e-7);
  POSTER_EXPECT_CLOSE(at(r.dbias, ib), test::numeric_gradient(b, loss, ib, 0.1), 1e-7);
}

TEST_P(Conv2d, IsTheSameForAnyNumberOfThreads) {
  const auto one = run<float>(GetParam(), 1);
  for (int threads : {2, 3}) {
    const auto r = run<float>(GetParam(), threads);
    EXPECT_EQ(one.y, r.y);
    EXPECT_EQ(one.dx, r.dx);
    EXPECT_EQ(one.dw, r.dw);
    EXPECT_EQ(one.dbias, r.dbias);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Conv2d,
    testing::Values(Conv2dShape{1, 1, 1, 1, 1, 1}, Conv2dShape{2, 5, 7, 3, 5, 3, 1, 1},
                    Conv2dShape{1, 12, 12, 3, 64, 3, 1, 1}, Conv2dShape{2, 9, 9, 3, 17, 3, 2, 1},
                    Conv2dShape{2, 7, 7, 16, 24, 3, 2, 1}, Conv2dShape{1, 8, 6, 33, 19, 3, 2, 1},
                    Conv2dShape{2, 7, 9, 48, 40, 3, 1, 1}, Conv2dShape{2, 14, 14, 32, 48, 1, 2, 0},
                    Conv2dShape{3, 5, 5, 20, 31, 1, 1, 0}, Conv2dShape{1, 9, 8, 18, 7, 5, 3, 2},
                    Conv2dShape{1, 6, 6, 17, 9, 3, 1, 0}, Conv2dShape{1, 11, 11, 2, 3, 9, 1, 4},
                    Conv2dShape{1, 10, 10, 16, 5, 2, 2, 0}, Conv2dShape{1, 5, 5, 400, 18, 3, 1, 1},
                    Conv2dShape{1, 5, 5, 18, 400, 3, 2, 1}, Conv2dShape{1, 30, 40, 17, 9, 3, 1, 1},
                    Conv2dShape{1, 7, 7, 16, 8, 1, 3, 1}));

}  // namespace
}  // namespace poster::kernels
