// Compares this engine with the reference, group by group; see --help.
#include <cstdio>

#include "apps/golden/golden_check.h"
#include "apps/program/program.h"

namespace {

int report(const std::vector<poster::GoldenGroup>& groups) {
  bool passed = true;
  char line[160];
  std::snprintf(line, sizeof line, "%-24s %8s %12s %10s  %-6s %s", "group", "tensors", "worst error",
                "tolerance", "", "tensor");
  poster::say(line);
  for (const auto& group : groups) {
    passed = passed && group.passed();
    std::snprintf(line, sizeof line, "%-24s %8zu %12.3e %10.0e  %-6s ", group.name.c_str(), group.tensors,
                  group.error, group.tolerance, group.passed() ? "ok" : "FAILED");
    poster::say(line + group.worst_tensor);
  }
  poster::say(passed ? "All groups are within tolerance." : "Past tolerance: see the groups marked FAILED.");
  return passed ? 0 : 1;
}

constexpr const char* kDescription =
    "Compares this engine with what the PyTorch reference computed: logits, stages, loss, gradients, batch "
    "norm\n"
    "statistics and SAM steps. Exits with 1 when a group is past its tolerance.";

int run(poster::Program& program) {
  CLI::App& app = program.options();
  std::string file, precision = "float", device = "auto";
  int threads = 0;
  bool no_sam = false;
  app.add_option("FILE", file, "golden case, NAME.safetensors; NAME.manifest.json must lie beside it")
      ->required();
  app.add_option(
         "--precision", precision,
         "float (tolerances 1e-4 … 1e-2), double (1e-9; CPU alone), tf32 or fp16 (1e-2 … 1e-1; CUDA alone)")
      ->check(CLI::IsMember({"float", "double", "tf32", "fp16"}))
      ->capture_default_str();
  app.add_option("--device", device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--threads", threads, "CPU threads; 0: one each core")->capture_default_str();
  app.add_flag("--no-sam", no_sam, "leave the SAM steps out, which take most of the time");
  program.parse();
  program.begin("checking", file);
  const auto device_precision = precision == "float" || precision == "double"
                                    ? poster::Precision::float32
                                    : poster::precision_by_name(precision);
  if (precision == "double" && device == "auto") device = "cpu";
  poster::Device opened = poster::Device::open(device, threads, device_precision);
  poster::GoldenCase golden = poster::read_golden_case(file);
  if (no_sam) golden.steps = 0;
  poster::say(file + ": " + golden.model + ", " + std::to_string(golden.outputs) + " outputs, batch " +
              std::to_string(golden.batch) + ", " + precision + " on " + opened.description());
  return report(precision == "double" ? poster::check_golden_case<double>(opened, golden)
                : precision == "fp16" ? poster::check_golden_case<poster::Half>(opened, golden)
                                      : poster::check_golden_case<float>(opened, golden));
}

}  // namespace

int main(int argc, char** argv) {
  return poster::run_program({"golden_check", kDescription}, argc, argv, run);
}
