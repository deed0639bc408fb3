// The whole network: inference and SAM steps. Compare with bench/peer/poster_v2.py by scripts/bench_peer.sh.
#include <benchmark/benchmark.h>

#include "engine/random.h"
#include "model/predictor.h"
#include "model/trainer.h"

namespace {

using namespace poster;

struct Setup {
  explicit Setup(const char* model, index_t batch)
      : device(Device::open("cpu", 0)), trainer(device, model, 7) {
    RandomStream random(1, RandomPurpose::test);
    images.resize(batch * 224 * 224 * 3);
    for (float& x : images) x = static_cast<float>(random.normal());
    for (index_t i = 0; i < batch; ++i) labels.push_back(static_cast<std::int32_t>(i % 7));
    trainer.parameters().initialise(1);
    host = {.images = images.data(), .labels = labels.data(), .count = batch, .height = 224, .width = 224};
  }
  Device device;
  Trainer<float> trainer;
  std::vector<float> images;
  std::vector<std::int32_t> labels;
  HostBatch host;
};

void report(benchmark::State& state, Setup& setup) {
  state.counters["images/s"] = benchmark::Counter(static_cast<double>(setup.host.count),
                                                  benchmark::Counter::kIsIterationInvariantRate);
  state.counters["arena_MiB"] = static_cast<double>(setup.trainer.activation_bytes() >> 20);
}

void inference(benchmark::State& state, const char* model) {
  Setup setup(model, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(setup.trainer.evaluate(setup.host));
  report(state, setup);
}

// What inference() does, the way poster_predict does it.
void prediction(benchmark::State& state, const char* model) {
  Setup setup(model, state.range(0));
  Predictor predictor(setup.device, model, 7, [](Parameters<float>& p) { p.initialise(1); });
  predictor.reserve(setup.host.count, 224, 224);
  for (auto _ : state)
    benchmark::DoNotOptimize(predictor.logits(setup.images.data(), setup.host.count, 224, 224).data());
  report(state, setup);
  state.counters["arena_MiB"] = static_cast<double>(predictor.activation_bytes() >> 20);
}

void sam_step(benchmark::State& state, const char* model) {
  Setup setup(model, state.range(0));
  setup.trainer.prepare_training({}, {}, 1);
  for (auto _ : state) benchmark::DoNotOptimize(setup.trainer.step(setup.host, 3.5e-5));
  report(state, setup);
}

BENCHMARK_CAPTURE(inference, poster_v2, "poster-v2")
    ->Arg(1)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(prediction, poster_v2, "poster-v2")
    ->Arg(1)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(sam_step, poster_v2, "poster-v2")->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(inference, tiny, "poster-v2-tiny")
    ->Arg(1)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(prediction, tiny, "poster-v2-tiny")
    ->Arg(1)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(sam_step, tiny, "poster-v2-tiny")->Arg(16)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
