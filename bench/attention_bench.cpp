// Attention at the network's sizes: windows of 28², 14² and 7² tokens with 2, 4 and 8 heads of 32, and 148
// tokens with 8 heads of 96. GFLOP/s count two operations for each multiply-add of the matrix products: two
// of them forward, five backward (the scores are computed again).
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "engine/random.h"
#include "kernels/attention/attention.h"
#include "kernels/window_attention/window_attention.h"

namespace poster::kernels {
namespace {

constexpr index_t kBatch = 8;

std::vector<float> random_values(index_t count) {
  RandomStream random(1, RandomPurpose::test);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
  return values;
}

void count_flops(benchmark::State& state, double products, double pairs, double head_size) {
  state.counters["FLOP/s"] =
      benchmark::Counter(2 * products * pairs * head_size, benchmark::Counter::kIsIterationInvariantRate);
}

// Arguments: window, heads, threads.
struct WindowProblem {
  explicit WindowProblem(const benchmark::State& state)
      : queue(static_cast<int>(state.range(2))),
        shape{.batch = kBatch,
              .windows_per_image = 1,
              .window = state.range(0),
              .heads = state.range(1),
              .head_size = 32,
              .scale = 1 / std::sqrt(32.0)},
        size(kBatch * shape.tokens() * shape.channels()),
        q(random_values(size)),
        kv(random_values(2 * size)),
        table(random_values((2 * shape.window - 1) * (2 * shape.window - 1) * shape.heads)),
        dout(random_values(size)),
        out(size),
        lse(kBatch * shape.heads * shape.tokens()),
        dq(size),
        dkv(2 * size),
        dtable(table.size()) {}

  void forward() {
    run(queue, WindowAttentionForward<float>{.out = out.data(),
                                             .lse = lse.data(),
                                             .q = q.data(),
                                             .kv = kv.data(),
                                             .table = table.data(),
                                             .shape = shape});
  }
  double pairs() const { return static_cast<double>(kBatch * shape.heads * shape.tokens() * shape.tokens()); }

  CpuQueue queue;
  WindowAttentionShape shape;
  index_t size;
  std::vector<float> q, kv, table, dout, out, lse, dq, dkv, dtable;
};

void window_forward(benchmark::State& state) {
  WindowProblem p(state);
  for (auto _ : state) p.forward();
  count_flops(state, 2, p.pairs(), 32);
}

void window_backward(benchmark::State& state) {
  WindowProblem p(state);
  p.forward();
  for (auto _ : state)
    run(p.queue, WindowAttentionBackward<float>{.dq = p.dq.data(),
                                                .dkv = p.dkv.data(),
                                                .dtable = p.dtable.data(),
                                                .dout = p.dout.data(),
                                                .out = p.out.data(),
                                                .lse = p.lse.data(),
                                                .q = p.q.data(),
                                                .kv = p.kv.data(),
                                                .table = p.table.data(),
                                                .shape = p.shape});
  count_flops(state, 5, p.pairs(), 32);
}

// Arguments: queries, keys, threads.
struct Problem {
  explicit Problem(const benchmark::State& state)
      : queue(static_cast<int>(state.range(2))),
        shape{.batch = kBatch,
              .heads = 8,
              .head_size = 96,
              .queries = state.range(0),
              .keys = state.range(1),
              .q_stride = 768,
              .kv_stride = 2 * 768,
              .scale = 1 / std::sqrt(96.0)},
        q(random_values(kBatch * shape.queries * 768)),
        kv(random_values(kBatch * shape.keys * 2 * 768)),
        dout(random_values(q.size())),
        out(q.size()),
        lse(kBatch * 8 * shape.queries),
        dq(q.size()),
        dkv(kv.size()) {}

  void forward() {
    run(queue, AttentionForward<float>{.out = out.data(),
                                       .lse = lse.data(),
                                       .q = q.data(),
                                       .k = kv.data(),
                                       .v = kv.data() + 768,
                                       .shape = shape});
  }
  double pairs() const { return static_cast<double>(kBatch * 8 * shape.queries * shape.keys); }

  CpuQueue queue;
  AttentionShape shape;
  std::vector<float> q, kv, dout, out, lse, dq, dkv;
};

void attention_forward_bench(benchmark::State& state) {
  Problem p(state);
  for (auto _ : state) p.forward();
  count_flops(state, 2, p.pairs(), 96);
}

void attention_backward_bench(benchmark::State& state) {
  Problem p(state);
  p.forward();
  for (auto _ : state)
    run(p.queue, AttentionBackward<float>{.dq = p.dq.data(),
                                          .dk = p.dkv.data(),
                                          .dv = p.dkv.data() + 768,
                                          .dout = p.dout.data(),
                                          .out = p.out.data(),
                                          .lse = p.lse.data(),
                                          .q = p.q.data(),
                                          .k = p.kv.data(),
                                          .v = p.kv.data() + 768,
                                          .shape = p.shape});
  count_flops(state, 5, p.pairs(), 96);
}

void window_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"window", "heads", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int threads : {1, 2}) bench->Args({28, 2, threads})->Args({14, 4, threads})->Args({7, 8, threads});
}

void attention_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"queries", "keys", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int threads : {1, 2}) bench->Args({148, 148, threads})->Args({1, 148, threads});
}

BENCHMARK(window_forward)->Apply(window_sizes);
BENCHMARK(window_backward)->Apply(window_sizes);
BENCHMARK(attention_forward_bench)->Name("attention_forward")->Apply(attention_sizes);
BENCHMARK(attention_backward_bench)->Name("attention_backward")->Apply(attention_sizes);

}  // namespace
}  // namespace poster::kernels

BENCHMARK_MAIN();
