// What SAM steps and inference launch, counted without running them; see --help.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "apps/program/program.h"
#include "engine/error.h"
#include "engine/image_store.h"
#include "engine/launch_graph.h"
#include "io/device/open_device.h"
#include "io/format/json_writer.h"
#include "model/predictor.h"
#include "model/trainer.h"

namespace {

using namespace poster;
using nlohmann::ordered_json;

constexpr const char* kDescription =
    "Plans SAM steps and inference of a whole network, as a training and a prediction do before their first\n"
    "batch, and counts every node of the graph that they would be captured as: nothing runs. Of each op: its\n"
    "launches (kernels, and calls of cuBLASLt and cuDNN), its stream and the ops that it waits for, the bytes\n"
    "of its operands, each read and written once, what its kernels move, where they go over an operand\n"
    "again, and the floating-point operations of its products. With --out all of it as JSON,\n"
    "for bench/roofline.py. A development build needs no GPU for it: fakes stand in for the libraries, so\n"
    "that a call counts one launch. SAM steps take their images from the device, inference from the host.";

struct Options {
  std::string model = "poster-v2", precision = "fp16", out;
  std::vector<index_t> sam{64, 144}, inference{1, 256};
};

constexpr index_t kSide = 112;

const char* use_name(kernels::Operand::Use use) {
  using enum kernels::Operand::Use;
  return use == in ? "in" : use == out ? "out" : "update";
}

// Ops that are alike, operands and launches, are kept once; the sequence says when they came: in the order of
// their first launch, which is one in which they could run.
class Counter : public LaunchGraph {
 public:
  explicit Counter(Device& device) : device_(device) {}

  void begin_op(const char* name, const kernels::OperandTable& table, double flops) override {
    ordered_json operands = ordered_json::array();
    for (const kernels::Operand& o : table) {
      operands.push_back({{"name", o.name},
                          {"use", use_name(o.use)},
                          {"dims", std::vector<index_t>(o.dims, o.dims + o.rank)},
                          {"element_bytes", o.bytes},
                          {"least_bytes", o.present() ? o.least_bytes() : 0},
                          {"moved_bytes", o.present() ? o.moved_bytes() : 0}});
    }
    open_.push_back({.op = {{"op", name},
                            {"signature", kernels::signature(table)},
                            {"flops", flops},
                            {"operands", std::move(operands)},
                            {"launches", ordered_json::array()}}});
  }
  void end_op() override {
    const Open open = std::move(open_.back());
    open_.pop_back();
    if (!open.place) return;  // another has done its work, or there was none
    const auto [kind, is_new] = known_.try_emplace(open.op.dump(), ops_.size());
    if (is_new) ops_.push_back(open.op);
    sequence_[*open.place].op = kind->second;
  }
  void kernel(const kernels::CudaQueue& queue, const char* name, const std::source_location& at,
              std::size_t blocks, std::size_t threads, std::size_t shared_bytes) override {
    LaunchGraph::kernel(queue, name, at, blocks, threads, shared_bytes);
    std::string file = at.file_name();
    if (const auto place = file.rfind("kernels/"); place != std::string::npos) file = file.substr(place);
    add({{"kernel", name},
         {"at", file + ":" + std::to_string(at.line())},
         {"blocks", blocks},
         {"threads", threads},
         {"shared_bytes", shared_bytes}});
  }
  void library(const kernels::CudaQueue& queue, const char* name) override {
    LaunchGraph::library(queue, name);
    add({{"library", name}});
  }
  void memory(const kernels::CudaQueue& queue, const char* what, std::size_t bytes) override {
    LaunchGraph::memory(queue, what, bytes);
    const bool alone = open_.empty();
    if (alone) begin_op(what, {}, 0);
    add({{"memory", what}, {"bytes", bytes}});
    if (alone) end_op();
  }

  ordered_json take() {
    ordered_json sequence = ordered_json::array(), streams = sequence, after = sequence;
    for (const Place& place : sequence_) {
      sequence.push_back(place.op);
      streams.push_back(place.stream);
      after.push_back(place.after);
    }
    return {{"nodes", nodes().size()},         {"longest_path", longest_path()}, {"ops", std::move(ops_)},
            {"sequence", std::move(sequence)}, {"streams", std::move(streams)},  {"after", std::move(after)}};
  }

 private:
  struct Open {
    ordered_json op;
    std::optional<std::size_t> place = {};  // in the sequence, once it has launched something
  };
  struct Place {
    std::size_t op = 0;  // of ops_
    int stream = 0;
    std::set<std::size_t> after = {};  // earlier places
  };

  int stream_of(const kernels::CudaQueue* queue) const {
    int stream = 0;
    while (&device_.queue(stream) != queue) ++stream;
    return stream;
  }
  // The node that the graph has last.
  void add(ordered_json launch) {
    if (open_.empty()) throw Error("a launch outside of any op");
    Open& open = open_.back();
    open.op.at("launches").push_back(std::move(launch));
    const Node& node = nodes().back();
    if (!open.place) {
      open.place = sequence_.size();
      sequence_.push_back({.stream = stream_of(node.queue)});
    }
    for (const std::size_t earlier : node.after)
      if (const std::size_t place = place_of_[earlier]; place != *open.place) {
        if (place > *open.place) throw Error("an op launches more after an op that it has run");
        sequence_[*open.place].after.insert(place);
      }
    place_of_.push_back(*open.place);
  }

  Device& device_;
  std::vector<Open> open_;
  std::vector<ordered_json> ops_;
  std::map<std::string, std::size_t> known_;
  std::vector<Place> sequence_;
  std::vector<std::size_t> place_of_;  // of each node
};

template <typename F>
ordered_json counted(Device& device, const char* task, index_t batch, std::size_t from_host, F&& plan) {
  Counter counter(device);
  device.cuda()->set_observer(&counter);
  try {
    plan();
  } catch (...) {
    device.cuda()->set_observer(nullptr);
    throw;
  }
  device.cuda()->set_observer(nullptr);
  ordered_json json = {{"task", task}, {"batch", batch}, {"from_host_bytes", from_host}};
  json.update(counter.take());
  return json;
}

struct Sums {
  std::size_t ops = 0, launches = 0, library_calls = 0;
  double least = 0, moved = 0, flops = 0;

  void add(const ordered_json& op) {
    ++ops;
    for (const auto& launch : op.at("launches")) {
      ++launches;
      library_calls += launch.contains("library");
    }
    for (const auto& operand : op.at("operands")) {
      least += operand.at("least_bytes").get<double>();
      moved += operand.at("moved_bytes").get<double>();
    }
    flops += op.at("flops").get<double>();
  }
  void print(const std::string& name) const {
    std::printf("  %-28s %5zu %8zu %8zu %10.3f %10.3f %10.1f\n", name.c_str(), ops, launches, library_calls,
                1e-9 * least, 1e-9 * moved, 1e-9 * flops);
  }
};

void print(const ordered_json& result) {
  std::printf("%s, batch %lld: %zu nodes, %zu of them on the longest path\n",
              result.at("task").get<std::string>().c_str(), static_cast<long long>(result.at("batch")),
              result.at("nodes").get<std::size_t>(), result.at("longest_path").get<std::size_t>());
  std::printf("  %-28s %5s %8s %8s %10s %10s %10s\n", "op", "ops", "launches", "of these", "GB at", "GB",
              "GFLOP");
  std::printf("  %-28s %5s %8s %8s %10s %10s\n", "", "", "", "library", "least", "moved");
  std::map<std::string, Sums> by_name;
  Sums all;
  for (const auto& place : result.at("sequence")) {
    const ordered_json& op = result.at("ops").at(place.get<std::size_t>());
    by_name[op.at("op")].add(op);
    all.add(op);
  }
  for (const auto& [name, sums] : by_name) sums.print(name);
  all.print("all");
}

template <typename T>
void count_all(Device& device, const Options& options, ordered_json& results) {
  if (!options.inference.empty()) {
    Predictor predictor(device, options.model, 7, [](Parameters<float>&) {});
    for (const index_t batch : options.inference)
      results.push_back(counted(device, "inference", batch,
                                static_cast<std::size_t>(batch * kSide * kSide * 3) * sizeof(float),
                                [&] { predictor.memory_needs(batch, kSide, kSide); }));
  }
  if (options.sam.empty()) return;
  Trainer<T> trainer(device, options.model, 7);
  trainer.prepare_training({}, {}, 1);
  const std::vector<float> levels(3 * 256);
  const ImageStore store(device, 1, 2 * kSide, levels.data());
  const std::int32_t label = 0;  // that there are some
  const kernels::ImageAugmentation augmentation{};
  for (const index_t batch : options.sam)
    results.push_back(counted(device, "sam_step", batch, 0, [&] {
      trainer.memory_needs(Use::training, HostBatch{.images = StoredImages{&store, &augmentation},
                                                    .labels = &label,
                                                    .count = batch,
                                                    .height = kSide,
                                                    .width = kSide});
    }));
}

int run_command(Program& program) {
#if defined(POSTER_FAKES)
  setenv("POSTER_CUDA_LIBRARY_PATH", POSTER_FAKES, 1);
  setenv("POSTER_CUDA_POISON", "0", 1);  // which the stand-in has set, and whose memory sets would be nodes
#endif
  CLI::App& app = program.options();
  Options options;
  app.add_option("--model", options.model, "a model, as poster_train --help lists them")
      ->capture_default_str();
  app.add_option("--precision", options.precision, "fp32, tf32 or fp16")->capture_default_str();
  app.add_option("--sam", options.sam, "batch sizes of SAM steps; 0 for none")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  app.add_option("--inference", options.inference, "batch sizes of inference; 0 for none")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  app.add_option("--out", options.out, "file for the JSON");
  program.parse();
  std::erase(options.sam, 0);
  std::erase(options.inference, 0);
  Device device = io::open_device("cuda", 1, precision_by_name(options.precision));
  ordered_json json = {{"model", options.model},
                       {"precision", options.precision},
                       {"multiprocessors", device.cuda()->multiprocessors()},
                       {"cases", ordered_json::array()}};
  if (device.precision() == Precision::float16)
    count_all<Half>(device, options, json["cases"]);
  else
    count_all<float>(device, options, json["cases"]);
  for (const ordered_json& result : json["cases"]) print(result);
  if (!options.out.empty()) io::write_json(options.out, json);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program({"launch_model", kDescription}, argc, argv, run_command);
}
