// Whether training gives the same bits every time; see --help.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/program/program.h"
#include "bench/random_images.h"
#include "engine/error.h"
#include "io/device/open_device.h"
#include "io/format/checksum.h"
#include "io/format/json_writer.h"
#include "model/trainer.h"

namespace {

using namespace poster;
using namespace poster::bench;

constexpr const char* kDescription =
    "Trains a network on random images several times from the same start, each time a number of SAM steps,\n"
    "and compares hashes of all weights, moments, statistics, losses and logits. On a CUDA device every second\n"
    "run is without graphs; on the CPU the runs take 1, 2, 3 threads in turn. Exits with 1 when hashes differ. The file of --out is written after each\n"
    "run.";

struct Options {
  std::string device = "auto", model = "poster-v2", precision = "fp32", out;
  index_t batch = 16;
  int runs = 20, steps = 100, batches = 3;
};

class Hash {
 public:
  void add(const void* data, std::size_t bytes) { value_ = io::xxh64(data, bytes, value_); }
  template <typename T>
  void add_from_device(Device& device, const T* data, std::int64_t count) {
    host_.resize(static_cast<std::size_t>(count) * sizeof(T));
    device.copy_to_host(host_.data(), data, host_.size());
    add(host_.data(), host_.size());
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
  std::vector<std::byte> host_;
};

// What a run leaves behind.
template <typename T>
void add_state(Hash& hash, Trainer<T>& trainer) {
  auto& p = trainer.parameters();
  for (const auto* array : {p.master(), p.moment1(), p.moment2()})
    hash.add_from_device(trainer.device(), array, p.trained_count());
  const auto& specs = p.table().specs();
  for (std::size_t i = 0; i < specs.size(); ++i)
    if (specs[i].role == Role::trained || specs[i].role == Role::statistic || specs[i].role == Role::frozen)
      hash.add_from_device(trainer.device(), p.value(static_cast<ParameterId>(i)), specs[i].count());
  const kernels::StepState state = trainer.step_state();
  hash.add(&state.loss_scale, sizeof state.loss_scale);
  hash.add(&state.updates, sizeof state.updates);
  hash.add(&state.skipped_steps, sizeof state.skipped_steps);
}

// Weights that are drawn once, as they take longer than the steps of a run.
template <typename P>
void set_weights(Parameters<P>& p, std::vector<NamedTensor>& drawn) {
  if (drawn.empty()) {
    p.initialise(1);
    drawn = p.state_dict();
    return;
  }
  for (std::size_t i = 0; i < drawn.size(); ++i) p.import_value(static_cast<ParameterId>(i), drawn[i].view());
}

template <typename T>
std::uint64_t run_once(Device& device, const Options& options, const RandomImages& images, bool graphs,
                       std::vector<NamedTensor>& weights, double& last_loss) {
  Trainer<T> trainer(device, options.model, 7);
  trainer.use_graphs(graphs);
  set_weights(trainer.parameters(), weights);
  trainer.prepare_training({}, {}, 1);
  Hash hash;
  const auto collect = [&] {
    for (const auto& pass : trainer.collect()) {
      hash.add(&pass.loss, sizeof pass.loss);
      hash.add(pass.logits.data(), pass.logits.size() * sizeof(pass.logits[0]));
      last_loss = pass.loss;
    }
  };
  for (int step = 0; step < options.steps; ++step) {
    const index_t first = step % options.batches * options.batch;
    trainer.submit_step(
        device.cuda() ? images.on_device(first, options.batch) : images.on_host(first, options.batch),
        3.5e-5);
    if (trainer.in_flight() == Trainer<T>::kInFlight) collect();
  }
  while (trainer.in_flight() > 0) collect();
  add_state(hash, trainer);
  return hash.value();
}

std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

int run(const Options& options) {
  std::vector<std::string> hashes;
  std::vector<NamedTensor> weights;
  nlohmann::ordered_json json;
  double loss = 0;
  bool finite = true, equal = true;
  for (int i = 0; i < options.runs; ++i) {
    Device device = io::open_device(options.device, 1 + i % 3, precision_by_name(options.precision));
    const RandomImages images(device, options.batches * options.batch);
    const bool graphs = i % 2 == 0;
    hashes.push_back(hexadecimal(device.precision() == Precision::float16
                                     ? run_once<Half>(device, options, images, graphs, weights, loss)
                                     : run_once<float>(device, options, images, graphs, weights, loss)));
    std::fprintf(stderr, "run %d: %s, loss %.6f\n", i + 1, hashes.back().c_str(), loss);
    const std::set<std::string> different(hashes.begin(), hashes.end());
    finite = finite && loss - loss == 0;
    equal = different.size() == 1 && finite;
    json = {{"device", device.description()},
            {"model", options.model},
            {"precision", options.precision},
            {"batch", options.batch},
            {"runs", hashes.size()},
            {"runs_wanted", options.runs},
            {"steps", options.steps},
            {"last_loss", loss},
            {"hashes", different},
            {"equal", equal}};
    if (!options.out.empty()) io::write_json(options.out, json);
  }
  if (options.out.empty()) std::printf("%s\n", json.dump(2).c_str());
  if (!finite) throw Error("the loss is no number");
  if (!equal) throw Error("the runs gave " + std::to_string(json.at("hashes").size()) + " results");
  return 0;
}

int run_command(Program& program) {
  CLI::App& app = program.options();
  Options options;
  app.add_option("--device", options.device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--model", options.model, "a model, as poster_train --help lists them")
      ->capture_default_str();
  app.add_option("--precision", options.precision, "fp32, tf32 or fp16 (the latter two: CUDA alone)")
      ->capture_default_str();
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--runs", options.runs)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--steps", options.steps)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--out", options.out, "file for the JSON; else standard output");
  program.parse();
  return run(options);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program({"determinism", kDescription}, argc, argv, run_command);
}
