#include "kernels/window_attention/window_attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::close;
using test::DeviceArray;
using test::Results;
using test::rounded_to;
using test::to_double;

struct Sizes {
  index_t batch, windows, window, heads, head_size;
};

std::ostream& operator<<(std::ostream& out, const Sizes& s) {
  return out << s.batch << " images of " << s.windows << " windows of side " << s.window << ", " << s.heads
             << " heads of " << s.head_size;
}

struct Problem {
  WindowAttentionShape shape;
  std::vector<double> q, kv, table, dout;

  index_t lse_size() const { return shape.batch * shape.windows_per_image * shape.heads * shape.tokens(); }
};

Problem random_problem(const Sizes& s, double range = 1.5) {
  Problem p;
  p.shape = {.batch = s.batch,
             .windows_per_image = s.windows,
             .window = s.window,
             .heads = s.heads,
             .head_size = s.head_size,
             .scale = 1 / std::sqrt(static_cast<double>(s.head_size))};
  const index_t map = s.batch * p.shape.tokens() * p.shape.channels();
  p.q = test::random_values<double>(map, 21, -range, range);
  p.kv = test::random_values<double>(2 * map * s.windows, 22, -range, range);
  p.table = test::random_values<double>((2 * s.window - 1) * (2 * s.window - 1) * s.heads, 23, -2, 2);
  p.dout = test::random_values<double>(map * s.windows, 24);
  return p;
}

template <typename T>
Problem rounded(Problem p) {
  for (auto* values : {&p.q, &p.kv, &p.dout}) *values = to_double(rounded_to<T>(*values));
  p.table = to_double(rounded_to<float>(p.table));
  return p;
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  test::Output<double> out(p.dout.size()), lse(p.lse_size()), dq(p.q.size()), dkv(p.kv.size()),
      dtable(p.table.size());
  window_attention_forward(queue, WindowAttentionForward<double>{.out = out.data(),
                                                                 .lse = lse.data(),
                                                                 .q = p.q.data(),
                                                                 .kv = p.kv.data(),
                                                                 .table = p.table.data(),
                                                                 .shape = p.shape});
  window_attention_backward(queue, WindowAttentionBackward<double>{.dq = dq.data(),
                                                                   .dkv = dkv.data(),
                                                                   .dtable = dtable.data(),
                                                                   .dout = p.dout.data(),
                                                                   .out = out.data(),
                                                                   .lse = lse.data(),
                                                                   .q = p.q.data(),
                                                                   .kv = p.kv.data(),
                                                                   .table = p.table.data(),
                                                                   .shape = p.shape});
  return {{"out", out.values()},
          {"lse", lse.values()},
          {"dq", dq.values()},
          {"dkv", dkv.values()},
          {"dtable", dtable.values()}};
}

template <typename T>
Results run(const Problem& p, bool want_dq = true, index_t misalign = 0) {
  CudaQueue queue;
  const DeviceArray<T> q(rounded_to<T>(p.q), misalign), kv(rounded_to<T>(p.kv), misalign);
  const DeviceArray<T> dout(rounded_to<T>(p.dout), misalign);
  const DeviceArray<float> table(rounded_to<float>(p.table));
  DeviceArray<T> out(p.dout.size(), misalign), dq(p.q.size(), misalign), dkv(p.kv.size(), misalign);
  DeviceArray<float> lse(p.lse_size()), dtable(p.table.size());
  window_attention_forward(queue, WindowAttentionForward<T>{.out = out.data(),
                                                            .lse = lse.data(),
                                                            .q = q.data(),
                                                            .kv = kv.data(),
                                                            .table = table.data(),
                                                            .shape = p.shape});
  window_attention_backward(queue, WindowAttentionBackward<T>{.dq = want_dq ? dq.data() : nullptr,
                                                              .dkv = dkv.data(),
                                                              .dtable = dtable.data(),
                                                              .dout = dout.data(),
                                                              .out = out.data(),
                                                              .lse = lse.data(),
                                                              .q = q.data(),
                                                              .kv = kv.data(),
                                                              .table = table.data(),
                                                              .shape = p.shape});
  Results r{{"out", out.values(queue)},
            {"lse", lse.values(queue)},
            {"dkv", dkv.values(queue)},
            {"dtable", dtable.values(queue)}};
  if (want_dq) r["dq"] = dq.values(queue);
  return r;
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  constexpr bool half = std::is_same_v<T, Half>;
  EXPECT_TRUE(close<float>(actual.at("lse"), expected.at("lse"), 2e-6, 1)) << "lse";
  EXPECT_TRUE(close<T>(actual.at("out"), expected.at("out"), half ? 1e-3 : 3e-6)) << "out";
  // Differences that cancel for few keys.
  EXPECT_TRUE(close<T>(actual.at("dq"), expected.at("dq"), half ? 2e-3 : 4e-6, 1)) << "dq";
  EXPECT_TRUE(close<T>(actual.at("dkv"), expected.at("dkv"), half ? 2e-3 : 4e-6)) << "dkv";
  EXPECT_TRUE(close<float>(actual.at("dtable"), expected.at("dtable"), half ? 2e-3 : 5e-6, 1)) << "dtable";
}

class WindowAttentionCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Problem p = rounded<T>(random_problem(GetParam()));
    expect_close<T>(test::for_each_order([&] { return run<T>(p); }), run_cpu(p));
  }
};

TEST_P(WindowAttentionCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(WindowAttentionCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, WindowAttentionCuda,
                         testing::Values(Sizes{1, 1, 1, 1, 1}, Sizes{2, 3, 1, 2, 5}, Sizes{2, 2, 3, 3, 5},
                                         Sizes{1, 1, 2, 1, 96}, Sizes{2, 1, 7, 2, 32}, Sizes{1, 2, 8, 1, 16},
                                         Sizes{1, 2, 9, 1, 7}, Sizes{1, 1, 11, 1, 40},
                                         Sizes{1, 1, 14, 2, 16}));

class WindowAttentionCudaEdges : public test::CudaTest {};

TEST_F(WindowAttentionCudaEdges, WindowOf28InHalf) {
  const Problem p = rounded<Half>(random_problem({1, 1, 28, 2, 32}));
  expect_close<Half>(run<Half>(p), run_cpu(p));
}

TEST_F(WindowAttentionCudaEdges, WindowOf28InFloat) {
  const Problem p = rounded<float>(random_problem({1, 2, 28, 1, 32}));
  expect_close<float>(run<float>(p), run_cpu(p));
}

TEST_F(WindowAttentionCudaEdges, GradientOfTheQueryMayBeLeftOut) {
  const Problem p = random_problem({2, 2, 5, 2, 16});
  Results all = run<Half>(p);
  all.erase("dq");
  EXPECT_EQ(run<Half>(p, false), all);
}

// 16-byte accesses or not: the same bits.
TEST_F(WindowAttentionCudaEdges, MisalignedMemory) {
  const Problem p = random_problem({1, 2, 5, 2, 16});
  EXPECT_EQ(run<Half>(p), run<Half>(p, true, 1));
  EXPECT_EQ(run<float>(p), run<float>(p, true, 1));
}

TEST_F(WindowAttentionCudaEdges, LogSumExpMayBeLeftOut) {
  const Problem p = random_problem({1, 2, 5, 2, 16});
  CudaQueue queue;
  const DeviceArray<Half> q(rounded_to<Half>(p.q)), kv(rounded_to<Half>(p.kv));
  const DeviceArray<float> table(rounded_to<float>(p.table));
  DeviceArray<Half> out(p.dout.size());
  window_attention_forward(queue, WindowAttentionForward<Half>{.out = out.data(),
                                                               .lse = nullptr,
                                                               .q = q.data(),
                                                               .kv = kv.data(),
                                                               .table = table.data(),
                                                               .shape = p.shape});
  EXPECT_EQ(out.values(queue), run<Half>(p).at("out"));
}

TEST_F(WindowAttentionCudaEdges, NaNStaysInWhatDependsOnIt) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const Problem p = random_problem({2, 2, 3, 2, 8});  // windows of 9 tokens of 16 channels
  auto nans = [&](const Problem& with_nan, auto depends) {
    for (const auto& r : {run<float>(with_nan), run<Half>(with_nan)}) {
      const auto& out = r.at("out");
      for (index_t i = 0; i < static_cast<index_t>(out.size()); ++i)
        ASSERT_EQ(std::isnan(out[i]), depends(i / 144, i / 16 % 9, i % 16)) << i;
    }
  };
  Problem in_q = p, in_table = p, in_k = p;
  in_q.q[4 * 16 + 9] = nan;  // image 0, token 4, head 1
  nans(in_q, [](index_t window, index_t token, index_t channel) {
    return window < 2 && token == 4 && channel >= 8;
  });
  in_table.table[0] = nan;  // head 0, query above and left of the key by two: token 0 and key 8
  nans(in_table, [](index_t, index_t token, index_t channel) { return token == 0 && channel < 8; });
  const Results r = run<float>(in_table);
  for (index_t i = 0; i < 25; ++i) EXPECT_TRUE(std::isnan(r.at("dtable")[2 * i]) || i % 5 > 2 || i / 5 > 2);
  for (index_t i = 0; i < 25; ++i) EXPECT_FALSE(std::isnan(r.at("dtable")[2 * i + 1])) << "of the other head";
  in_k.kv[3 * 9 * 32 + 2] = nan;  // window 3, key 0, head 0
  nans(in_k, [](index_t window, index_t, index_t channel) { return window == 3 && channel < 8; });
}

TEST_F(WindowAttentionCudaEdges, LargeScoresDoNotOverflow) {
  Problem p = random_problem({1, 1, 9, 2, 32}, 3);
  for (double& t : p.table) t *= 60;
  p = rounded<float>(p);
  const Results actual = run<float>(p), expected = run_cpu(p);
  EXPECT_GT(*std::max_element(expected.at("lse").begin(), expected.at("lse").end()), 89);
  for (const char* name : {"out", "dq", "dkv", "dtable"})
    EXPECT_TRUE(close<float>(actual.at(name), expected.at(name), 1e-4)) << name;
}

TEST_F(WindowAttentionCudaEdges, HeadsThatAreTooLarge) {
  CudaQueue queue;
  queue.set_planning(true);
  const Problem p = random_problem({1, 1, 2, 1, 129});
  EXPECT_THROW(window_attention_forward(queue, WindowAttentionForward<float>{.out = nullptr,
                                                                             .lse = nullptr,
                                                                             .q = nullptr,
                                                                             .kv = nullptr,
                                                                             .table = nullptr,
                                                                             .shape = p.shape}),
               CudaError);
}

index_t planned_scratch(const WindowAttentionShape& shape) {
  CudaQueue queue;
  queue.set_planning(true);
  window_attention_backward(queue, WindowAttentionBackward<Half>{.dq = nullptr,
                                                                 .dkv = nullptr,
                                                                 .dtable = nullptr,
                                                                 .dout = nullptr,
                                                                 .out = nullptr,
                                                                 .lse = nullptr,
                                                                 .q = nullptr,
                                                                 .kv = nullptr,
                                                                 .table = nullptr,
                                                                 .shape = shape});
  return static_cast<index_t>(queue.scratch_peak());
}

TEST_F(WindowAttentionCudaEdges, ScratchStaysSmall) {
  WindowAttentionShape shape{
      .batch = 144, .windows_per_image = 1, .window = 28, .heads = 2, .head_size = 32, .scale = 1};
  EXPECT_LT(planned_scratch(shape), 32 << 20);
  shape.windows_per_image = 16;
  EXPECT_LT(planned_scratch(shape), 100 << 20);
}

TEST_F(WindowAttentionCudaEdges, NoImages) {
  const Results r = run<float>(random_problem({0, 1, 3, 2, 8}));
  EXPECT_EQ(r.at("dtable"), std::vector<double>(50, 0));
}

struct Map {
  index_t batch, rows, columns, window, channels;
};

class WindowPartitionCuda : public test::CudaTestWith<Map> {
 protected:
  template <typename T>
  void expect_same_as_the_cpu() {
    const auto [batch, rows, columns, window, channels] = GetParam();
    const index_t size = batch * rows * columns * window * window * channels;
    const auto x = to_double(rounded_to<T>(test::random_values<double>(size, 31)));
    WindowPartition<double> on_cpu{.out = nullptr,
                                   .x = x.data(),
                                   .batch = batch,
                                   .rows = rows,
                                   .columns = columns,
                                   .window = window,
                                   .channels = channels};
    for (const bool reverse : {false, true})
      for (const index_t misalign : {0, 1}) {
        CpuQueue cpu(1);
        test::Output<double> expected(size);
        on_cpu.out = expected.data();
        on_cpu.reverse = reverse;
        window_partition(cpu, on_cpu);
        const Results actual = test::for_each_order([&]() -> Results {
          CudaQueue queue;
          const DeviceArray<T> from(rounded_to<T>(x), misalign);
          DeviceArray<T> out(size);
          window_partition(queue, WindowPartition<T>{.out = out.data(),
                                                     .x = from.data(),
                                                     .batch = batch,
                                                     .rows = rows,
                                                     .columns = columns,
                                                     .window = window,
                                                     .channels = channels,
                                                     .reverse = reverse});
          return {{"out", out.values(queue)}};
        });
        EXPECT_EQ(actual.at("out"), expected.values());
      }
  }
};

TEST_P(WindowPartitionCuda, SameAsTheCpuInFloat) { expect_same_as_the_cpu<float>(); }
TEST_P(WindowPartitionCuda, SameAsTheCpuInHalf) { expect_same_as_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, WindowPartitionCuda,
                         testing::Values(Map{1, 1, 1, 1, 1}, Map{2, 2, 3, 3, 5}, Map{1, 3, 2, 7, 4},
                                         Map{3, 1, 4, 2, 1}, Map{2, 1, 1, 14, 16}, Map{2, 2, 2, 7, 64}));

}  // namespace
}  // namespace poster::kernels
