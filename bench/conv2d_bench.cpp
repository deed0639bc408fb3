// The network's dense convolutions: GFLOP/s by the multiplications of the definition, so that Winograd shows
// as more. Beside ours, where oneDNN is installed: "nhwc" does our contract (maps N H W C, weights reordered
// in each call), "blocked" is oneDNN in layouts of its own choice with every reordering left out.
#include "kernels/conv2d/conv2d.h"

#include <vector>

#include "bench/onednn_conv2d.h"
#include "bench/paired.h"

namespace poster::bench {
namespace {

using kernels::Conv2dAccuracy;
using kernels::Conv2dShape;
using kernels::CpuQueue;
using kernels::index_t;

struct Layer {
  const char* name;
  index_t size, c_in, c_out, kernel, stride;
};

constexpr Layer kLayers[] = {
    {"stem", 112, 3, 64, 3, 1},
    {"64_112", 112, 64, 64, 3, 1},
    {"64_112_s2", 112, 64, 64, 3, 2},
    {"64_56", 56, 64, 64, 3, 1},
    {"64_128_56", 56, 64, 128, 3, 1},
    {"128_56_s2", 56, 128, 128, 3, 2},
    {"128_28", 28, 128, 128, 3, 1},
    {"128_256_28", 28, 128, 256, 3, 1},
    {"256_28_s2", 28, 256, 256, 3, 2},
    {"256_14", 14, 256, 256, 3, 1},
    {"512_256_7", 7, 512, 256, 3, 1},
    {"1x1_64_128_56_s2", 56, 64, 128, 1, 2},
    {"1x1_64_128_28", 28, 64, 128, 1, 1},
    {"1x1_128_64_28", 28, 128, 64, 1, 1},
    {"1x1_128_256_14", 14, 128, 256, 1, 1},
    {"1x1_256_128_14", 14, 256, 128, 1, 1},
    {"64_768_28_s2", 28, 64, 768, 3, 2},
    {"768_14_s2", 14, 768, 768, 3, 2},
    {"1x1_256_768_7", 7, 256, 768, 1, 1},
};

enum class Pass { forward, backward_data, backward_weights };
constexpr const char* kPassNames[] = {"forward", "backward_data", "backward_weights"};

CpuQueue& queue() {
  static CpuQueue instance(bench_threads());
  return instance;
}

void bench_conv2d(benchmark::State& state, Layer layer, index_t batch, Pass pass) {
  const Conv2dShape s{batch,       layer.size,   layer.size,   layer.c_in,
                      layer.c_out, layer.kernel, layer.stride, layer.kernel / 2};
  const index_t pixels = batch * s.out_height() * s.out_width(), window = s.kernel * s.kernel * s.c_in;
  std::vector<float> x(batch * s.height * s.width * s.c_in, 0.5f), w(s.c_out * window, 0.25f),
      y(pixels * s.c_out, 1.0f);
  const auto forward = [&](Conv2dAccuracy accuracy) {
    kernels::run(queue(), kernels::Conv2dForward<float>{
                              .y = y.data(), .x = x.data(), .w = w.data(), .shape = s, .accuracy = accuracy});
  };
  const auto backward_data = [&](Conv2dAccuracy accuracy) {
    kernels::run(queue(),
                 kernels::Conv2dBackwardData<float>{
                     .dx = x.data(), .dy = y.data(), .w = w.data(), .shape = s, .accuracy = accuracy});
  };
  const auto backward_weights = [&](Conv2dAccuracy accuracy) {
    kernels::run(queue(),
                 kernels::Conv2dBackwardWeights<float>{
                     .dw = w.data(), .dy = y.data(), .x = x.data(), .shape = s, .accuracy = accuracy});
  };
  const auto run = [&, pass](Conv2dAccuracy accuracy) {
    return [=] {
      pass == Pass::forward         ? forward(accuracy)
      : pass == Pass::backward_data ? backward_data(accuracy)
                                    : backward_weights(accuracy);
    };
  };
  std::vector<Contender> contenders{{"exact", run(Conv2dAccuracy::exact)}};
  if (s.kernel == 3 && s.stride == 1 && s.c_in > 3) {
    contenders.push_back({"high", run(Conv2dAccuracy::high)});
    contenders.push_back({"fast", run(Conv2dAccuracy::fast)});
  }
  const std::size_t own = contenders.size();
  const auto peer_pass = pass == Pass::backward_data      ? OneDnnConv2d::Pass::backward_data
                         : pass == Pass::backward_weights ? OneDnnConv2d::Pass::backward_weights
                                                          : OneDnnConv2d::Pass::forward;
  OneDnnConv2d nhwc(s, peer_pass, true), blocked(s, peer_pass, false);
  if (OneDnnConv2d::available) {
    contenders.push_back({"nhwc", [&] { nhwc.run(); }});
    contenders.push_back({"blocked", [&] { blocked.run(); }});
  }
  run_paired(state, 2.0 * static_cast<double>(pixels * s.c_out * window), contenders, own);
}

void register_all() {
  for (index_t batch : {8, 1})
    for (const Layer& layer : kLayers)
      for (Pass pass : {Pass::forward, Pass::backward_data, Pass::backward_weights}) {
        if (batch == 1 && pass != Pass::forward) continue;
        const std::string name = std::string("conv2d/") + kPassNames[static_cast<int>(pass)] + "/" +
                                 layer.name + "/batch:" + std::to_string(batch);
        benchmark::RegisterBenchmark(
            name.c_str(), [=](benchmark::State& state) { bench_conv2d(state, layer, batch, pass); })
            ->UseManualTime()
            ->Iterations(5)
            ->Unit(benchmark::kMillisecond);
      }
}

}  // namespace
}  // namespace poster::bench

int main(int argc, char** argv) {
  poster::bench::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
