// Compares this engine with the reference, group by group; see --help.
#include <cstdio>

#include "apps/golden/golden_check.h"
#include "apps/golden/golden_command.h"
#include "apps/program/program.h"
#include "io/device/open_device.h"

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
    "Compares this engine with what the PyTorch reference computed: logits, stages, loss, gradients, batch norm\n"
    "statistics and SAM steps. Exits with 1 when a group is past its tolerance.";

int run(poster::Program& program) {
  poster::GoldenCommand command;
  add_golden_options(program.options(), command);
  program.parse();
  program.begin("checking", command.file);
  const std::string& precision = command.precision;
  std::string device = command.device;
  const auto device_precision = precision == "float" || precision == "double"
                                    ? poster::Precision::float32
                                    : poster::precision_by_name(precision);
  if (precision == "double" && device == "auto") device = "cpu";
  poster::Device opened = poster::io::open_device(device, command.threads, device_precision);
  poster::GoldenCase golden = poster::read_golden_case(command.file);
  if (command.no_sam) golden.steps = 0;
  poster::say(command.file + ": " + golden.model + ", " + std::to_string(golden.outputs) +
              " outputs, batch " + std::to_string(golden.batch) + ", " + precision + " on " +
              opened.description());
  return report(precision == "double" ? poster::check_golden_case<double>(opened, golden)
                : precision == "fp16" ? poster::check_golden_case<poster::Half>(opened, golden)
                                      : poster::check_golden_case<float>(opened, golden));
}

}  // namespace

int main(int argc, char** argv) {
  return poster::run_program({"golden_check", kDescription}, argc, argv, run);
}
