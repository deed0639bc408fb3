// On a GPU these test cuBLASLt's products; elsewhere their stand-in, tests/host_cuda/matmul_stand_in.cpp.
#include "kernels/matmul/matmul.h"

#include <gtest/gtest.h>

#include <tuple>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::close;
using test::DeviceArray;
using test::random_values;
using test::Results;
using test::rounded_to;
using test::to_double;

// Sums of products relative to the largest result: float's own error, which tensor cores exceed a little.
template <typename T>
constexpr double kTolerance = std::is_same_v<T, Half> ? 5e-5 : 1e-5;
constexpr double kTf32Tolerance = 2e-3;

struct Sizes {
  index_t m, n, k;
};

struct Options {
  bool transpose_a = false, transpose_b = false, bias = false, a_sums = false, accumulate = false;
  index_t gap_a = 0, gap_b = 0, gap_c = 0;  // between the rows
  index_t misalign = 0, misalign_c = 0;     // elements, of the inputs and of the results
};

// As double; run<T, Out> rounds the inputs to T and what C holds before to Out.
struct Problem {
  Problem(Sizes s, Options o) : sizes(s), options(o) {
    lda = (o.transpose_a ? s.m : s.k) + o.gap_a;
    ldb = (o.transpose_b ? s.k : s.n) + o.gap_b;
    ldc = s.n + o.gap_c;
    a = random_values<double>((o.transpose_a ? s.k : s.m) * lda, 1);
    b = random_values<double>((o.transpose_b ? s.n : s.k) * ldb, 2);
    bias = random_values<double>(s.n, 3);
    before = random_values<double>(s.m * ldc, 4);
  }

  template <typename T, typename Out>
  Problem rounded() const {
    Problem p = *this;
    for (auto* v : {&p.a, &p.b, &p.bias}) *v = to_double(rounded_to<T>(*v));
    p.before = to_double(rounded_to<Out>(before));
    return p;
  }

  // C, all but the gaps and what is added to, is poisoned before.
  template <typename V>
  std::vector<V> result_before() const {
    std::vector<V> c = rounded_to<V>(before);
    for (index_t i = 0; i < sizes.m && !options.accumulate; ++i)
      for (index_t j = 0; j < sizes.n; ++j)
        c[i * ldc + j] = static_cast<V>(std::numeric_limits<float>::quiet_NaN());
    return c;
  }

  // T: double or of the kernel; pointers to where its data is.
  template <typename T, typename Out>
  Matmul<T, Out> arguments(Out* c, Out* a_sums, const T* pa, const T* pb, const T* pbias) const {
    return {.c = c,
            .a = pa,
            .b = pb,
            .bias = options.bias ? pbias : nullptr,
            .a_sums = options.a_sums ? a_sums : nullptr,
            .m = sizes.m,
            .n = sizes.n,
            .k = sizes.k,
            .lda = lda,
            .ldb = ldb,
            .ldc = ldc,
            .transpose_a = options.transpose_a,
            .transpose_b = options.transpose_b,
            .accumulate = options.accumulate};
  }

  Sizes sizes;
  Options options;
  index_t lda, ldb, ldc;
  std::vector<double> a, b, bias, before;
};

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  std::vector<double> c = p.result_before<double>(), sums(p.options.a_sums ? p.sizes.m : 0);
  matmul(queue, p.arguments<double, double>(c.data(), sums.data(), p.a.data(), p.b.data(), p.bias.data()));
  return {{"c", c}, {"a_sums", sums}};
}

template <typename T, typename Out>
struct OnDevice {
  explicit OnDevice(const Problem& p)
      : problem(p),
        a(rounded_to<T>(p.a), p.options.misalign),
        b(rounded_to<T>(p.b), p.options.misalign),
        bias(rounded_to<T>(p.bias), p.options.misalign),
        c(p.result_before<Out>(), p.options.misalign_c),
        a_sums(p.options.a_sums ? p.sizes.m : 0, p.options.misalign_c) {}

  Matmul<T, Out> arguments() {
    return problem.arguments<T, Out>(c.data(), a_sums.data(), a.data(), b.data(), bias.data());
  }
  Results results(CudaQueue& queue) const {
    return {{"c", c.values(queue)}, {"a_sums", a_sums.values(queue)}};
  }

  const Problem& problem;
  DeviceArray<T> a, b, bias;
  DeviceArray<Out> c, a_sums;
};

template <typename T, typename Out>
Results run(CudaQueue& queue, const Problem& p) {
  OnDevice<T, Out> device(p);
  matmul(queue, device.arguments());
  return device.results(queue);
}

template <typename T, typename Out>
void expect_agreement(CudaQueue& queue, const Problem& problem, double tolerance = kTolerance<T>) {
  const Problem p = problem.rounded<T, Out>();
  const Results actual = run<T, Out>(queue, p), expected = run_cpu(p);
  const Options& o = p.options;
  // Where cuBLASLt doesn't add the bias it is added to C before, and the sum rounded.
  if (std::is_same_v<Out, Half> && o.bias && o.accumulate) tolerance += test::kRounding<Half>;
  SCOPED_TRACE(testing::Message() << "m " << p.sizes.m << ", n " << p.sizes.n << ", k " << p.sizes.k
                                  << (o.transpose_a ? ", A transposed" : "")
                                  << (o.transpose_b ? ", B transposed" : "") << (o.bias ? ", bias" : "")
                                  << (o.accumulate ? ", accumulate" : "") << (o.a_sums ? ", sums" : ""));
  EXPECT_TRUE(close<Out>(actual.at("c"), expected.at("c"), tolerance, 1));
  EXPECT_TRUE(close<float>(actual.at("a_sums"), expected.at("a_sums"), kTolerance<T>, 1));
}

class MatmulCuda : public test::CudaTestWith<Sizes> {
 protected:
  // All transpositions, with and without bias and what was there before, dense and with gaps.
  template <typename T, typename Out>
  void expect_agreement_with_the_cpu() {
    CudaQueue queue;
    for (int bits = 0; bits < 32; ++bits) {
      const bool gaps = (bits & 16) != 0;
      expect_agreement<T, Out>(queue, Problem(GetParam(), {.transpose_a = (bits & 1) != 0,
                                                           .transpose_b = (bits & 2) != 0,
                                                           .bias = (bits & 4) != 0,
                                                           .accumulate = (bits & 8) != 0,
                                                           .gap_a = gaps ? 3 : 0,
                                                           .gap_b = gaps ? 8 : 0,
                                                           .gap_c = gaps ? 5 : 0}));
    }
  }
};

TEST_P(MatmulCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float, float>(); }
TEST_P(MatmulCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half, Half>(); }
TEST_P(MatmulCuda, AgreesFromHalfToFloat) { expect_agreement_with_the_cpu<Half, float>(); }

TEST_P(MatmulCuda, WeightAndBiasGradients) {
  CudaQueue queue;
  for (const bool accumulate : {false, true})
    for (const index_t gap : {0, 4}) {
      const Problem p(GetParam(),
                      {.transpose_a = true, .a_sums = true, .accumulate = accumulate, .gap_c = gap});
      expect_agreement<float, float>(queue, p);
      expect_agreement<Half, float>(queue, p);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, MatmulCuda,
                         testing::Values(Sizes{1, 1, 1}, Sizes{1, 37, 70}, Sizes{3, 5, 7}, Sizes{31, 1, 33},
                                         Sizes{5, 33, 129}, Sizes{2, 96, 48}, Sizes{64, 48, 24},
                                         Sizes{74, 96, 200}, Sizes{16, 24, 1568}, Sizes{71, 29, 541}));

class MatmulCudaEdges : public test::CudaTest {};

TEST_F(MatmulCudaEdges, MisalignedPointers) {
  CudaQueue queue;
  for (const index_t in : {0, 1, 2, 4})
    for (const index_t out : {0, 1, 2, 4}) {
      const Problem forward({40, 24, 32},
                            {.transpose_b = true, .bias = true, .misalign = in, .misalign_c = out});
      expect_agreement<float, float>(queue, forward);
      expect_agreement<Half, Half>(queue, forward);
      const Problem backward({40, 24, 32},
                             {.transpose_a = true, .a_sums = true, .misalign = in, .misalign_c = out});
      expect_agreement<float, float>(queue, backward);
      expect_agreement<Half, float>(queue, backward);
    }
}

TEST_F(MatmulCudaEdges, SumsBesideABias) {
  CudaQueue queue;
  for (const index_t n : {1, 24}) {
    const Problem p({40, n, 32}, {.transpose_a = true, .bias = true, .a_sums = true});
    expect_agreement<float, float>(queue, p);
    expect_agreement<Half, float>(queue, p);
  }
}

TEST_F(MatmulCudaEdges, ProductsRoundedToTf32) {
  CudaQueue queue(0, CudaQueue::FloatProducts::tf32);
  const Problem p({128, 96, 256}, {.transpose_b = true, .bias = true});
  expect_agreement<float, float>(queue, p, kTf32Tolerance);
}

TEST_F(MatmulCudaEdges, EmptySums) {
  CudaQueue queue;
  for (const bool accumulate : {false, true})
    for (const bool bias : {false, true}) {
      const Options options{.bias = bias, .accumulate = accumulate, .gap_a = 1, .gap_c = 3};
      expect_agreement<float, float>(queue, Problem({5, 7, 0}, options));
      expect_agreement<Half, Half>(queue, Problem({5, 8, 0}, options));
    }
  expect_agreement<Half, float>(queue, Problem({5, 7, 0}, {.transpose_a = true, .a_sums = true}));
}

TEST_F(MatmulCudaEdges, NoRowsOrColumns) {
  CudaQueue queue;
  expect_agreement<float, float>(queue, Problem({0, 7, 3}, {.transpose_a = true, .a_sums = true}));
  expect_agreement<Half, float>(queue, Problem({5, 0, 3}, {.transpose_a = true, .a_sums = true, .gap_b = 1}));
}

TEST_F(MatmulCudaEdges, TheSameBitsInEveryRun) {
  const Problem p = Problem({96, 72, 2048}, {.transpose_a = true, .a_sums = true}).rounded<Half, float>();
  const auto again = [&] {
    CudaQueue queue;
    return run<Half, float>(queue, p);
  };
  const Results first = again();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(again(), first);
}

TEST_F(MatmulCudaEdges, PlannedAndCaptured) {
  const Problem p = Problem({24, 40, 56}, {.transpose_b = true, .bias = true}).rounded<Half, Half>();
  CudaQueue queue;
  OnDevice<Half, Half> device(p);
  queue.set_planning(true);
  matmul(queue, device.arguments());
  queue.set_planning(false);
  EXPECT_GT(queue.scratch_peak(), 0u);
  EXPECT_TRUE(std::isnan(device.results(queue).at("c")[0])) << "something ran while planning";

  const std::vector<Half> untouched = device.c.download(queue);
  matmul(queue, device.arguments());
  const Results once = device.results(queue);
  EXPECT_TRUE(close<Half>(once.at("c"), run_cpu(p).at("c"), kTolerance<Half>));
  device.c.upload(untouched);
  CudaGraph graph;
  graph.begin(queue);
  matmul(queue, device.arguments());
  graph.end(queue);
  EXPECT_TRUE(std::isnan(device.results(queue).at("c")[0])) << "something ran while capturing";
  graph.launch(queue);
  EXPECT_EQ(device.results(queue), once);
}

}  // namespace
}  // namespace poster::kernels
