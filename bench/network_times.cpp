// SAM steps and inference of a whole network: milliseconds, images a second and memory, as JSON; see --help.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/program/program.h"
#include "bench/random_images.h"
#include "engine/error.h"
#include "io/device/conv_plan_file.h"
#include "io/device/open_device.h"
#include "io/format/json_writer.h"
#include "kernels/conv_plans.h"
#include "kernels/cuda_device.h"
#include "kernels/library_use.h"
#include "model/predictor.h"
#include "model/trainer.h"

namespace {

using namespace poster;
using namespace poster::bench;
using nlohmann::ordered_json;

constexpr const char* kDescription =
    "Times SAM steps and inference of a whole network on random images, and writes JSON. Each case is timed\n"
    "in several ways:\n"
    "  pipelined   a batch is submitted before the results of the one before are collected, as in training;\n"
    "              else each batch is waited for: the latency\n"
    "  graphs      a step is one CUDA graph, else single launches\n"
    "  input       \"device\": images lie on the device as bytes and are augmented there, \"host\": numbers\n"
    "              that are copied there for each batch\n"
    "A prediction is inference as poster_predict does it: batch norms in the convolutions, each batch waited for.\n"
    "ms is the median time from one result to the next. The file of --out is written after each case.";

struct Options {
  std::string device = "auto", model = "poster-v2", out, tune;
  std::vector<std::string> precisions{"fp32"};
  std::vector<index_t> sam{64, 144}, inference{1, 64, 256};
  int threads = 0;
  double seconds = 1;
};

struct Way {
  bool pipelined, graphs, resident;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds of single calls, for about `budget` seconds and at least five of them, after a few that are not
// counted.
template <typename F>
std::vector<double> time_calls(F&& call, double budget) {
  for (int i = 0; i < 4; ++i) call();
  std::vector<double> times;
  const double begin = now();
  double last = begin;
  while (times.size() < 5 || last - begin < budget) {
    call();
    const double time = now();
    times.push_back(time - last);
    last = time;
  }
  return times;
}

// Seconds from one result to the next, in the same way.
template <typename T>
std::vector<double> time_batches(Trainer<T>& trainer, const HostBatch& batch, bool sam, bool pipelined,
                                 double budget) {
  const auto submit = [&] { sam ? trainer.submit_step(batch, 1e-6) : trainer.submit_evaluation(batch); };
  // Plans and memory, then the graph, then two of it.
  for (int i = 0; i < 4; ++i) {
    submit();
    trainer.collect();
  }
  std::vector<double> times;
  if (pipelined) submit();
  const double begin = now();
  double last = begin;
  while (times.size() < 5 || last - begin < budget) {
    submit();
    trainer.collect();
    const double time = now();
    times.push_back(time - last);
    last = time;
  }
  if (pipelined) trainer.collect();
  return times;
}

ordered_json summary(std::vector<double> seconds, index_t batch) {
  std::sort(seconds.begin(), seconds.end());
  const auto at = [&](double share) {
    return seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1))];
  };
  return {{"ms", 1e3 * at(0.5)},
          {"ms_10", 1e3 * at(0.1)},
          {"ms_90", 1e3 * at(0.9)},
          {"images_per_s", static_cast<double>(batch) / at(0.5)},
          {"repeats", seconds.size()}};
}

// How often the libraries did beside a product what is a kernel of its own otherwise, and the plans of
// convolutions.
ordered_json library_json(const std::string& precision, const kernels::LibraryUse& use) {
  const auto share = [](const kernels::LibraryUse::Epilogue& e) {
    return ordered_json{{"wanted", e.wanted}, {"taken", e.taken}};
  };
  return {{"precision", precision},
          {"bias_in_products", share(use.bias)},
          {"row_sums_in_products", share(use.row_sums)},
          {"bias_in_convolutions", share(use.convolution_bias)},
          {"convolutions", use.convolutions}};
}
// The results, and the file that they are written to after each.
class Results {
 public:
  explicit Results(const Options& options)
      : out_(options.out),
        json_({{"model", options.model}, {"device", ""}, {"results", ordered_json::array()}}) {}

  void set_device(const std::string& description) { json_["device"] = description; }
  void add_libraries(const ordered_json& use) {
    json_["libraries"].push_back(use);
    write();
  }
  void add(const ordered_json& result) {
    std::fprintf(stderr, "%s\n", result.dump().c_str());
    json_["results"].push_back(result);
    write();
  }
  void write() const {
    if (!out_.empty()) io::write_json(out_, json_);
  }
  void print() const {
    if (out_.empty()) std::printf("%s\n", json_.dump(2).c_str());
  }

 private:
  std::string out_;
  ordered_json json_;
};

template <typename T>
class Runner {
 public:
  Runner(Device& device, const Options& options, Results& results)
      : device_(device),
        options_(options),
        results_(results),
        free_before_(device.free_memory().value_or(0)) {
    trainer_.emplace(device, options.model, 7);
    trainer_->parameters().initialise(1);
  }

  // In the order of the memory that they need: what is held after a case is what it needs.
  void run() {
    if (!options_.inference.empty()) run_predictions();
    for (const index_t batch : options_.inference) run_case(false, batch);
    trainer_->prepare_training({}, {}, 1);
    for (const index_t batch : options_.sam) run_case(true, batch);
  }

 private:
  ordered_json named(const char* task, index_t batch) const {
    return {{"task", task}, {"batch", batch}, {"precision", precision_name(device_.precision())}};
  }
  void add(ordered_json result) {
    if (device_.cuda()) result["device_bytes"] = free_before_ - *device_.free_memory();
    results_.add(result);
  }

  void run_predictions() {
    Predictor predictor(device_, options_.model, 7, [&](Parameters<float>& p) {
      const auto& specs = p.table().specs();
      for (std::size_t i = 0; i < specs.size(); ++i)
        if (specs[i].role != Role::dead) {
          const auto id = static_cast<ParameterId>(i);
          p.import_value(id, trainer_->parameters().export_value(id).view());
        }
    });
    for (const index_t batch : options_.inference) {
      const RandomImages images(device_, batch);
      const HostBatch host = images.on_host(0, batch);
      const float* const numbers = std::get<const float*>(host.images);
      ordered_json result = named("prediction", batch);
      const auto call = [&] { predictor.logits(numbers, batch, images.side(), images.side()); };
      result.update({{"pipelined", false}, {"graphs", device_.cuda() != nullptr}, {"input", "host"}});
      result.update(summary(time_calls(call, options_.seconds), batch));
      add(std::move(result));
    }
  }

  void run_case(bool sam, index_t batch_size) {
    const RandomImages images(device_, batch_size);
    std::vector<Way> ways{{true, true, true}, {true, true, false}, {false, true, true}, {true, false, true}};
    if (!device_.cuda()) ways = {{false, false, false}};
    const MemoryNeeds needs = trainer_->memory_needs(sam ? Use::training : Use::evaluation, batch_size,
                                                     images.side(), images.side());
    for (const Way& way : ways) {
      trainer_->use_graphs(way.graphs);
      const HostBatch host = way.resident ? images.on_device(0, batch_size) : images.on_host(0, batch_size);
      ordered_json result = named(sam ? "sam_step" : "inference", batch_size);
      result.update({{"pipelined", way.pipelined},
                     {"graphs", way.graphs},
                     {"input", way.resident ? "device" : "host"}});
      result.update(summary(time_batches(*trainer_, host, sam, way.pipelined, options_.seconds), batch_size));
      result["planned_bytes"] = needs.total();
      add(std::move(result));
    }
  }

  Device& device_;
  const Options& options_;
  Results& results_;
  std::size_t free_before_;
  std::optional<Trainer<T>> trainer_;
};

// plans: those that were measured before, and are then.
void run_precision(const Options& options, const std::string& name, Results& results,
                   kernels::ConvPlanTable& plans) {
  Device device = io::open_device(options.device, options.threads, precision_by_name(name));
  results.set_device(device.description());
  if (!options.tune.empty()) {
    if (!device.cuda()) throw Error("--tune: plans are measured on a CUDA device alone");
    plans.insert(kernels::conv_plans(*device.cuda()).begin(), kernels::conv_plans(*device.cuda()).end());
    kernels::use_conv_plans(*device.cuda(), plans);
    kernels::measure_conv_plans(*device.cuda());
  }
  if (device.precision() == Precision::float16)
    Runner<Half>(device, options, results).run();
  else
    Runner<float>(device, options, results).run();
  if (!device.cuda()) return;
  results.add_libraries(library_json(name, kernels::library_use(*device.cuda())));
  if (options.tune.empty()) return;
  plans = kernels::conv_plans(*device.cuda());
  io::save_conv_plans(device, options.tune);
}

int run_command(Program& program) {
  CLI::App& app = program.options();
  Options options;
  app.add_option("--device", options.device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--model", options.model, "a model, as poster_train --help lists them")
      ->capture_default_str();
  app.add_option("--precision", options.precisions, "fp32,tf32,fp16 (the latter two: CUDA alone)")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--sam", options.sam, "batch sizes of SAM steps; 0 for none")->delimiter(',');
  app.add_option("--inference", options.inference, "batch sizes of inference; 0 for none")->delimiter(',');
  app.add_option("--threads", options.threads, "CPU threads; 0: one each core")->capture_default_str();
  app.add_option("--seconds", options.seconds, "for each way of each case")->capture_default_str();
  app.add_option(
      "--tune", options.tune,
      "times cuDNN's plans for each convolution that POSTER_CUDNN_PLANS has none for, and writes all\n"
      "to this file, for POSTER_CUDNN_PLANS");
  app.add_option("--out", options.out, "file for the JSON; else standard output");
  program.parse();
  for (auto* sizes : {&options.sam, &options.inference}) {
    std::erase(*sizes, 0);
    std::sort(sizes->begin(), sizes->end());
    if (!sizes->empty() && sizes->front() < 0) throw Error("batch sizes are 1 or more");
  }
  Results results(options);
  results.write();
  kernels::ConvPlanTable plans;
  for (const std::string& name : options.precisions) run_precision(options, name, results, plans);
  results.print();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program({"network_times", kDescription}, argc, argv, run_command);
}
