#include "kernels/token_assembly/token_assembly.h"

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
  index_t rows() const { return 1 + 3 * tokens; }
};

struct Problem {
  Sizes sizes;
  std::vector<double> levels[3], cls, position, dy;
};

// Maps rounded to T, parameters to float.
template <typename T>
Problem random_problem(const Sizes& s) {
  const auto map = [](index_t count, int seed) {
    return to_double(rounded_to<T>(random_values<double>(count, seed)));
  };
  const auto parameter = [](index_t count, int seed) {
    return to_double(rounded_to<float>(random_values<double>(count, seed)));
  };
  const index_t level = s.batch * s.tokens * s.channels;
  return {s,
          {map(level, 1), map(level, 2), map(level, 3)},
          parameter(s.channels, 4),
          parameter(s.rows() * s.channels, 5),
          map(s.batch * s.rows() * s.channels, 6)};
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  const auto [batch, tokens, channels] = p.sizes;
  const index_t level = batch * tokens * channels;
  test::Output<double> y(p.dy.size()), d0(level), d1(level), d2(level), dcls(channels),
      dposition(p.position.size());
  token_assembly(queue,
                 TokenAssembly<double>{.y = y.data(),
                                       .levels = {p.levels[0].data(), p.levels[1].data(), p.levels[2].data()},
                                       .cls = p.cls.data(),
                                       .position = p.position.data(),
                                       .batch = batch,
                                       .tokens = tokens,
                                       .channels = channels});
  token_assembly_backward(queue, TokenAssemblyBackward<double>{.dlevels = {d0.data(), d1.data(), d2.data()},
                                                               .dcls = dcls.data(),
                                                               .dposition = dposition.data(),
                                                               .dy = p.dy.data(),
                                                               .batch = batch,
                                                               .tokens = tokens,
                                                               .channels = channels});
  return {{"y", y.values()},   {"d0", d0.values()},     {"d1", d1.values()},
          {"d2", d2.values()}, {"dcls", dcls.values()}, {"dposition", dposition.values()}};
}

template <typename T>
Results run(const Problem& p, index_t misalign = 0) {
  CudaQueue queue;
  const auto [batch, tokens, channels] = p.sizes;
  const index_t level = batch * tokens * channels;
  const DeviceArray<T> x0(rounded_to<T>(p.levels[0])), x1(rounded_to<T>(p.levels[1]), misalign),
      x2(rounded_to<T>(p.levels[2])), dy(rounded_to<T>(p.dy), misalign);
  const DeviceArray<float> cls(rounded_to<float>(p.cls)), position(rounded_to<float>(p.position));
  DeviceArray<T> y(p.dy.size()), d0(level), d1(level), d2(level);
  DeviceArray<float> dcls(channels), dposition(p.position.size());
  token_assembly(queue, TokenAssembly<T>{.y = y.data(),
                                         .levels = {x0.data(), x1.data(), x2.data()},
                                         .cls = cls.data(),
                                         .position = position.data(),
                                         .batch = batch,
                                         .tokens = tokens,
                                         .channels = channels});
  token_assembly_backward(queue, TokenAssemblyBackward<T>{.dlevels = {d0.data(), d1.data(), d2.data()},
                                                          .dcls = dcls.data(),
                                                          .dposition = dposition.data(),
                                                          .dy = dy.data(),
                                                          .batch = batch,
                                                          .tokens = tokens,
                                                          .channels = channels});
  return {{"y", y.values(queue)},   {"d0", d0.values(queue)},     {"d1", d1.values(queue)},
          {"d2", d2.values(queue)}, {"dcls", dcls.values(queue)}, {"dposition", dposition.values(queue)}};
}

class TokenAssemblyCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Problem p = random_problem<T>(GetParam());
    const Results expected = run_cpu(p), actual = test::for_each_order([&] { return run<T>(p); });
    EXPECT_TRUE(test::close<T>(actual.at("y"), expected.at("y"), 1e-7));
    for (const char* level : {"d0", "d1", "d2"}) EXPECT_EQ(actual.at(level), expected.at(level)) << level;
    EXPECT_TRUE(test::close<float>(actual.at("dcls"), expected.at("dcls"), 1e-6));
    EXPECT_TRUE(test::close<float>(actual.at("dposition"), expected.at("dposition"), 1e-6));
    EXPECT_EQ(run<T>(p, 1), actual) << "the alignment changes bits";
  }
};

TEST_P(TokenAssemblyCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(TokenAssemblyCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Shapes, TokenAssemblyCuda,
                         testing::Values(Sizes{5, 4, 96}, Sizes{1, 1, 1}, Sizes{70, 2, 8}, Sizes{3, 5, 7},
                                         Sizes{33, 1, 264}, Sizes{9, 3, 36}));

}  // namespace
}  // namespace poster::kernels
