// Every op at the network's sizes; see --help.
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/program/program.h"
#include "bench/kernels/ceilings.h"
#include "bench/kernels/kernel_cases.h"
#include "io/device/open_device.h"
#include "io/format/json_writer.h"

namespace {

using namespace poster;
using namespace poster::bench;
using nlohmann::ordered_json;

constexpr const char* kDescription =
    "Every op of kernels/ at the network's sizes, forward and backward, with cold caches. The median time of each, and:\n"
    "  GB/s        of its operands, each counted once\n"
    "  GFLOP/s     of its products\n"
    "  of_ceiling  the least time that these would take at this device's own speed (a large copy, a large product,\n"
    "              measured first), over the time it took. Minimal filtering of convolutions on the CPU can pass 1.";

struct Options {
  std::string device = "auto", precision = "fp32", out;
  int threads = 0, repeats = 0;
  CaseSizes sizes{.batch = 0, .parameters = 0};
};

// What was measured, and the file that it is written to after each case.
struct Results {
  std::string out;
  ordered_json json = {{"context", ordered_json::object()}, {"results", ordered_json::array()}};
  bool failed = false;

  void add(ordered_json result) {
    json["results"].push_back(std::move(result));
    if (!out.empty()) io::write_json(out, json);
  }
};

void run_case(benchmark::State& state, Device& device, DeviceTimer& timer, const Ceilings& ceilings,
              const KernelCase& c, Results& results) {
  ordered_json result = {{"name", c.name()}};
  try {
    Operands operands(device);
    const auto call = c.prepare(operands);
    call();  // libraries choose their plans
    std::vector<double> seconds;
    for (auto _ : state) {
      seconds.push_back(timer.seconds(call));
      state.SetIterationTime(seconds.back());
    }
    const double time = median(seconds), bytes = operands.bytes(), flops = operands.flops();
    result.update({{"operands", operands.signature()}, {"us", 1e6 * time}, {"GB/s", 1e-9 * bytes / time}});
    if (flops > 0) result["GFLOP/s"] = 1e-9 * flops / time;
    result["of_ceiling"] = ceilings.least_seconds(bytes, flops) / time;
    state.counters["median_us"] = 1e6 * time;
    for (const char* key : {"GB/s", "GFLOP/s", "of_ceiling"})
      if (result.contains(key)) state.counters[key] = result[key].get<double>();
  } catch (const std::exception& e) {
    results.failed = true;
    result["error"] = e.what();
    state.SkipWithError(e.what());
  }
  results.add(std::move(result));
}

template <typename T>
int run(const Options& options, Device& device) {
  DeviceTimer timer(device);
  const Ceilings ceilings = measure_ceilings<T>(device, timer);
  Results results{.out = options.out};
  const auto context = [&](const char* key, const std::string& value) {
    benchmark::AddCustomContext(key, value);
    results.json["context"][key] = value;
  };
  context("device", device.description());
  context("precision", precision_name(device.precision()));
  context("batch", std::to_string(options.sizes.batch));
  context("ceiling_GB_per_s", std::to_string(1e-9 * ceilings.bytes_per_second));
  context("ceiling_GFLOP_per_s", std::to_string(1e-9 * ceilings.flops_per_second));
  for (const KernelCase& c : kernel_cases<T>(options.sizes)) {
    if (c.cuda_only && !device.cuda()) continue;
    benchmark::RegisterBenchmark(c.name().c_str(),
                                 [&device, &timer, ceilings, c, &results](benchmark::State& state) {
                                   run_case(state, device, timer, ceilings, c, results);
                                 })
        ->UseManualTime()
        ->Iterations(options.repeats)
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::RunSpecifiedBenchmarks();
  return results.failed ? 1 : 0;
}

int run_command(Program& program) {
  CLI::App& app = program.options();
  app.footer("Options of Google Benchmark (--benchmark_filter, --benchmark_out, …) are taken, too.");
  app.allow_extras();
  Options options;
  app.add_option("--device", options.device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--precision", options.precision, "fp32, tf32 or fp16 (the latter two: CUDA alone)")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads; 0: one each core")->capture_default_str();
  app.add_option("--batch", options.sizes.batch, "images; 0: 64 on CUDA, 2 on the CPU")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--repeats", options.repeats, "timed calls of each; 0: 20 on CUDA, 3 on the CPU")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--out", options.out, "file for the results as JSON, written after each case");
  program.parse();
  std::vector<std::string> words = app.remaining();
  words.insert(words.begin(), "kernel_bench");
  std::vector<char*> rest;
  for (std::string& word : words) rest.push_back(word.data());
  int count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  if (benchmark::ReportUnrecognizedArguments(count, rest.data())) return 1;

  const Precision precision = precision_by_name(options.precision);
  Device device = io::open_device(options.device, options.threads, precision);
  const bool cuda = device.cuda() != nullptr;
  if (options.sizes.batch == 0) options.sizes.batch = cuda ? 64 : 2;
  if (options.repeats == 0) options.repeats = cuda ? 20 : 3;
  options.sizes.parameters = cuda ? 43'850'000 : 4'000'000;  // as many as the network trains, or a tenth
  return precision == Precision::float16 ? run<Half>(options, device) : run<float>(options, device);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program({"kernel_bench", kDescription}, argc, argv, run_command);
}
