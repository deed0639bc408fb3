#include "kernels/mean_token/mean_token.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::random_values;
using test::Results;
using test::rounded_to;
using test::to_double;

struct Sizes {
  index_t batch, tokens, channels;
  index_t x_count() const { return batch * tokens * channels; }
  index_t y_count() const { return batch * (1 + tokens) * channels; }
};

struct Problem {
  Sizes sizes;
  std::vector<double> x, position, dy;
};

// Maps rounded to T, the position to float.
template <typename T>
Problem random_problem(const Sizes& s) {
  return {s, to_double(rounded_to<T>(random_values<double>(s.x_count(), 1))),
          to_double(rounded_to<float>(random_values<double>((1 + s.tokens) * s.channels, 2))),
          to_double(rounded_to<T>(random_values<double>(s.y_count(), 3)))};
}

// Calls both passes: with a position, and without one.
template <typename T, typename Queue, typename P>
void call(Queue& queue, const Sizes& s, T* y, T* plain, T* dx, const T* x, const P* position, const T* dy) {
  MeanTokenForward<T> forward{
      .y = y, .x = x, .position = position, .batch = s.batch, .tokens = s.tokens, .channels = s.channels};
  mean_token_forward(queue, forward);
  forward.y = plain;
  forward.position = nullptr;
  mean_token_forward(queue, forward);
  mean_token_backward(
      queue,
      MeanTokenBackward<T>{.dx = dx, .dy = dy, .batch = s.batch, .tokens = s.tokens, .channels = s.channels});
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  const Sizes& s = p.sizes;
  test::Output<double> y(s.y_count()), plain(s.y_count()), dx(s.x_count());
  call(queue, s, y.data(), plain.data(), dx.data(), p.x.data(), p.position.data(), p.dy.data());
  return {{"y", y.values()}, {"plain", plain.values()}, {"dx", dx.values()}};
}

template <typename T>
Results run(const Problem& p, index_t misalign = 0) {
  CudaQueue queue;
  const Sizes& s = p.sizes;
  const DeviceArray<T> x(rounded_to<T>(p.x), misalign), dy(rounded_to<T>(p.dy), misalign);
  const DeviceArray<float> position(rounded_to<float>(p.position));
  DeviceArray<T> y(s.y_count()), plain(s.y_count()), dx(s.x_count());
  call(queue, s, y.data(), plain.data(), dx.data(), x.data(), position.data(), dy.data());
  return {{"y", y.values(queue)}, {"plain", plain.values(queue)}, {"dx", dx.values(queue)}};
}

class MeanTokenCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Problem p = random_problem<T>(GetParam());
    const Results expected = run_cpu(p), actual = test::for_each_order([&] { return run<T>(p); });
    for (const char* name : {"y", "plain", "dx"})
      EXPECT_TRUE(test::close<T>(actual.at(name), expected.at(name), 1e-6)) << name;
    EXPECT_EQ(run<T>(p, 1), actual) << "the alignment changes bits";
  }
};

TEST_P(MeanTokenCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(MeanTokenCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Shapes, MeanTokenCuda,
                         testing::Values(Sizes{3, 49, 64}, Sizes{1, 1, 1}, Sizes{70, 2, 8}, Sizes{3, 5, 7},
                                         Sizes{2, 4, 264}, Sizes{5, 3, 36}));

class MeanTokenCudaEdges : public test::CudaTest {};

TEST_F(MeanTokenCudaEdges, MoreImagesThanAGridIsHigh) {
  const Problem p = random_problem<float>({65'540, 1, 2});
  const Results expected = run_cpu(p), actual = run<float>(p);
  for (const char* name : {"y", "plain", "dx"})
    EXPECT_TRUE(test::close<float>(actual.at(name), expected.at(name), 1e-6)) << name;
}

}  // namespace
}  // namespace poster::kernels
