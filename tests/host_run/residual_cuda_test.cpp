#include "kernels/residual/residual.h"

#include <gtest/gtest.h>

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

struct Problem {
  index_t batch, rows, channels;
  bool has_gamma, has_keep;
  std::vector<double> x, f, dy, gamma, keep;
  index_t count() const { return batch * rows * channels; }
};

template <typename T>
Problem random_problem(index_t batch, index_t rows, index_t channels, bool gamma, bool keep) {
  auto map = [&](std::uint64_t seed) {
    return to_double(rounded_to<T>(random_values<double>(batch * rows * channels, seed)));
  };
  Problem p{batch,
            rows,
            channels,
            gamma,
            keep,
            map(1),
            map(2),
            map(3),
            to_double(random_values<float>(channels, 4, -1.5, 1.5)),
            to_double(random_values<float>(batch, 5, 1, 2))};
  for (std::size_t n = 1; n < p.keep.size(); n += 3) p.keep[n] = 0;
  return p;
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  test::Output<double> y(p.count()), df(p.count()), dgamma(p.channels);
  const double *const gamma = p.has_gamma ? p.gamma.data() : nullptr, *const keep = p.has_keep ? p.keep.data()
                                                                                               : nullptr;
  residual_forward(queue, ResidualForward<double>{.y = y.data(),
                                                  .x = p.x.data(),
                                                  .f = p.f.data(),
                                                  .gamma = gamma,
                                                  .keep = keep,
                                                  .batch = p.batch,
                                                  .rows = p.rows,
                                                  .channels = p.channels});
  residual_backward(queue, ResidualBackward<double>{.df = df.data(),
                                                    .dgamma = gamma ? dgamma.data() : nullptr,
                                                    .dy = p.dy.data(),
                                                    .f = gamma ? p.f.data() : nullptr,
                                                    .gamma = gamma,
                                                    .keep = keep,
                                                    .batch = p.batch,
                                                    .rows = p.rows,
                                                    .channels = p.channels});
  Results results{{"y", y.values()}, {"df", df.values()}};
  if (gamma) results["dgamma"] = dgamma.values();
  return results;
}

enum class Place { separate, over_x, over_f };
struct Options {
  Place place = Place::separate;
  index_t misalign = 0, misalign_gamma = 0;
};

template <typename T>
Results run(const Problem& p, Options options = {}) {
  CudaQueue queue;
  DeviceArray<T> x(rounded_to<T>(p.x)), f(rounded_to<T>(p.f), options.misalign), y(p.count()), df(p.count());
  const DeviceArray<T> dy(rounded_to<T>(p.dy), options.misalign);
  const DeviceArray<float> gammas(rounded_to<float>(p.gamma), options.misalign_gamma),
      keeps(rounded_to<float>(p.keep));
  DeviceArray<float> dgamma(p.channels);
  const float *const gamma = p.has_gamma ? gammas.data() : nullptr, *const keep =
                                                                        p.has_keep ? keeps.data() : nullptr;
  residual_backward(queue, ResidualBackward<T>{.df = df.data(),
                                               .dgamma = gamma ? dgamma.data() : nullptr,
                                               .dy = dy.data(),
                                               .f = gamma ? f.data() : nullptr,
                                               .gamma = gamma,
                                               .keep = keep,
                                               .batch = p.batch,
                                               .rows = p.rows,
                                               .channels = p.channels});
  DeviceArray<T>& place = options.place == Place::over_x ? x : options.place == Place::over_f ? f : y;
  residual_forward(queue, ResidualForward<T>{.y = place.data(),
                                             .x = x.data(),
                                             .f = f.data(),
                                             .gamma = gamma,
                                             .keep = keep,
                                             .batch = p.batch,
                                             .rows = p.rows,
                                             .channels = p.channels});
  Results results{{"y", place.values(queue)}, {"df", df.values(queue)}};
  if (gamma) results["dgamma"] = dgamma.values(queue);
  return results;
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  EXPECT_TRUE(close<T>(actual.at("y"), expected.at("y"), 2e-7));
  EXPECT_TRUE(close<T>(actual.at("df"), expected.at("df"), 2e-7));
  if (expected.count("dgamma")) {
    EXPECT_TRUE(close<float>(actual.at("dgamma"), expected.at("dgamma"), 1e-6, 1));
  }
}

struct Sizes {
  index_t batch, rows, channels;
};

class ResidualCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    for (const bool gamma : {false, true})
      for (const bool keep : {false, true}) {
        const auto p = random_problem<T>(GetParam().batch, GetParam().rows, GetParam().channels, gamma, keep);
        const Results expected = run_cpu(p);
        const Place place = gamma == keep ? Place::separate : gamma ? Place::over_x : Place::over_f;
        expect_close<T>(test::for_each_order([&] { return run<T>(p, {.place = place}); }), expected);
        expect_close<T>(run<T>(p, {.misalign = 1}), expected);
        expect_close<T>(run<T>(p, {.misalign_gamma = 1}), expected);
      }
  }
};

TEST_P(ResidualCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(ResidualCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Shapes, ResidualCuda,
                         testing::Values(Sizes{1, 1, 1}, Sizes{5, 1, 3}, Sizes{3, 7, 1}, Sizes{4, 1, 8},
                                         Sizes{3, 17, 71}, Sizes{2, 50, 96}, Sizes{5, 49, 64},
                                         Sizes{2, 9, 768}, Sizes{3, 2, 2056}));

class ResidualCudaEdges : public test::CudaTest {};

TEST_F(ResidualCudaEdges, MoreRowsThanOneOfEachBlock) {
  const auto p = random_problem<Half>(3, 357, 251, true, true);
  expect_close<Half>(run<Half>(p), run_cpu(p));
}

TEST_F(ResidualCudaEdges, PlanningAsksForTheSameScratch) {
  CudaQueue plan, queue;
  plan.set_planning(true);
  ResidualBackward<float> backward{.df = nullptr, .dy = nullptr, .batch = 6, .rows = 50, .channels = 24};
  residual_backward(plan, backward);
  DeviceArray<float> map(std::vector<float>(300 * 24, 1)), gamma(std::vector<float>(24, 1)), dgamma(24);
  backward.df = map.data();
  backward.dy = backward.f = map.data();
  backward.gamma = gamma.data();
  backward.dgamma = dgamma.data();
  residual_backward(queue, backward);
  EXPECT_GT(plan.scratch_peak(), 0u);
  EXPECT_EQ(queue.scratch_peak(), plan.scratch_peak());
}

TEST_F(ResidualCudaEdges, NoSamples) {
  EXPECT_EQ(run<float>(random_problem<float>(0, 7, 64, true, true)).at("dgamma"), std::vector<double>(64, 0));
}

using DropPathMaskCuda = ResidualCudaEdges;

TEST_F(DropPathMaskCuda, SameBitsAsOnTheCpu) {
  for (const std::uint64_t call : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
    const DropPathMask<float> arguments{
        .keep = nullptr, .batch = 301, .rate = 0.3, .seed = 42, .layer = 0xABCDEF0123456789, .call = &call};
    CpuQueue cpu(1);
    test::Output<float> expected(301);
    auto on_cpu = arguments;
    on_cpu.keep = expected.data();
    drop_path_mask(cpu, on_cpu);
    const Results results = test::for_each_order([&] {
      CudaQueue queue;
      const DeviceArray<std::uint64_t> call_on_device(std::vector<std::uint64_t>{call});
      DeviceArray<float> keep(301);
      auto on_device = arguments;
      on_device.keep = keep.data();
      on_device.call = call_on_device.data();
      drop_path_mask(queue, on_device);
      return Results{{"keep", keep.values(queue)}};
    });
    EXPECT_EQ(results.at("keep"), to_double(expected.values()));
    EXPECT_NEAR(std::count(results.at("keep").begin(), results.at("keep").end(), 0), 90, 25);
  }
}

class AddCuda : public test::CudaTestWith<index_t> {
 protected:
  template <typename T>
  void expect_sums() {
    const auto a = rounded_to<T>(random_values<double>(GetParam(), 1)),
               b = rounded_to<T>(random_values<double>(GetParam(), 2));
    std::vector<double> sums;
    for (std::size_t i = 0; i < a.size(); ++i)
      sums.push_back(static_cast<double>(a[i]) + static_cast<double>(b[i]));
    for (const int place : {0, 1, 2})
      for (const index_t misalign : {0, 1}) {
        const Results results = test::for_each_order([&] {
          CudaQueue queue;
          DeviceArray<T> out(GetParam()), a_on_device(a, misalign), b_on_device(b);
          DeviceArray<T>& result = place == 0 ? out : place == 1 ? a_on_device : b_on_device;
          add(queue, Add<T>{.out = result.data(),
                            .a = a_on_device.data(),
                            .b = b_on_device.data(),
                            .count = GetParam()});
          return Results{{"out", result.values(queue)}};
        });
        EXPECT_TRUE(close<T>(results.at("out"), sums, 1e-7));
      }
  }
};

TEST_P(AddCuda, Float) { expect_sums<float>(); }
TEST_P(AddCuda, OfHalf) { expect_sums<Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, AddCuda, testing::Values(1, 7, 8, 2053, 10'001));

}  // namespace
}  // namespace poster::kernels
