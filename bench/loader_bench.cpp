// Images a second of the loader and of its stages, on the folder data set that POSTER_BENCH_DATA names
// (DIR/train/<class>/<image>).
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "io/codec/image_reader.h"
#include "io/data/augmentation.h"
#include "io/data/dataset.h"
#include "io/data/loader.h"
#include "io/image/resize.h"
#include "kernels/environment.h"

namespace poster::io {
namespace {

const ImageFolder* dataset(benchmark::State& state) {
  static const char* directory = environment(Variable::bench_data);
  if (!directory) {
    state.SkipWithError("set POSTER_BENCH_DATA to a data set's folder");
    return nullptr;
  }
  static const ImageFolder folder(directory, "train");
  return &folder;
}

void BM_Loader(benchmark::State& state) {
  const ImageFolder* data = dataset(state);
  if (!data) return;
  const auto workers = static_cast<int>(state.range(0));
  const bool cached = state.range(1) != 0;
  const Recipe recipe = recipe_by_name(state.range(2) ? "augmented" : "raf-db");
  BatchLoader loader(*data, recipe, 64, 1, workers, {.cache_bytes = cached ? std::int64_t{1} << 30 : 0});
  Batch batch;
  std::uint64_t epoch = 0;
  std::int64_t images = 0;
  const auto pass = [&] {
    loader.start_epoch(epoch++);
    while (loader.next(batch)) images += batch.size;
  };
  pass();
  images = 0;
  for (auto _ : state) pass();
  state.counters["images"] = benchmark::Counter(static_cast<double>(images), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_Loader)
    ->ArgNames({"workers", "cached", "augmented"})
    ->ArgsProduct({{1, 2}, {0, 1}, {0, 1}})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

// One stage over the first images.
template <typename F>
void stage(benchmark::State& state, F&& work) {
  const ImageFolder* data = dataset(state);
  if (!data) return;
  const std::int64_t count = std::min<std::int64_t>(data->size(), 64);
  std::vector<Image> images, prepared;
  const Recipe recipe = recipe_by_name("augmented");
  for (std::int64_t i = 0; i < count; ++i) {
    images.push_back(data->load(i));
    prepared.push_back(prepare_image(images.back(), recipe));
  }
  std::vector<float> output(224 * 224 * 3);
  for (auto _ : state)
    for (std::int64_t i = 0; i < count; ++i) work(*data, i, images[i], prepared[i], recipe, output.data());
  state.counters["images"] = benchmark::Counter(
      static_cast<double>(count) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void BM_Read(benchmark::State& state) {
  stage(state,
        [](const ImageFolder& data, std::int64_t i, auto&&...) { benchmark::DoNotOptimize(data.load(i)); });
}
void BM_Prepare(benchmark::State& state) {
  stage(state, [](const ImageFolder&, std::int64_t, const Image& image, const Image&, const Recipe& recipe,
                  float*) { benchmark::DoNotOptimize(prepare_image(image, recipe)); });
}
void BM_Augment(benchmark::State& state) {
  stage(state, [](const ImageFolder&, std::int64_t i, const Image&, const Image& prepared,
                  const Recipe& recipe, float* output) {
    RandomStream random(1, RandomPurpose::augment, 0, static_cast<std::uint64_t>(i));
    augment_prepared(prepared, recipe, draw_augmentation(recipe, random), 112, output);
  });
}
BENCHMARK(BM_Read)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Prepare)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Augment)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace poster::io

BENCHMARK_MAIN();
