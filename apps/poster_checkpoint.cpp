// Looks into files of weights, converts and compares them; see --help.
#include <nlohmann/json.hpp>

#include "apps/checkpoint/checkpoint_command.h"
#include "apps/checkpoint/convert_checkpoint.h"
#include "apps/checkpoint/diff_checkpoints.h"
#include "apps/checkpoint/inspect_checkpoint.h"
#include "apps/program/program.h"

namespace {

using namespace poster;

constexpr const char* kDescription =
    "Looks into checkpoints and files of weights, converts and compares them: "
    "PyTorch's .pth (zip and legacy), safetensors, and poster_train's own. Nothing in a file is ever executed.\n\n"
    "  poster_checkpoint inspect FILE\n"
    "  poster_checkpoint convert runs/X/best.safetensors model.pth --module\n"
    "  poster_checkpoint export runs/X/best.safetensors small.safetensors --half\n"
    "  poster_checkpoint diff A B\n\n"
    "Exit codes: 0 done (diff: equal), 1 error, 2 diff found differences.";
constexpr int kDifferent = 2;

int inspect(const CheckpointCommand& options) {
  const FileSummary summary = inspect_checkpoint(options.file);
  if (options.as_json)
    put(json_of(summary).dump(2) + "\n");
  else
    say_text(text_of(summary));
  return 0;
}

int convert(CheckpointCommand& options) {
  options.convert.target = options.to == "pth"           ? TargetFormat::pth
                           : options.to == "safetensors" ? TargetFormat::safetensors
                           : options.to == "poster"      ? TargetFormat::poster
                                                         : target_by_extension(options.other);
  say_text(convert_checkpoint(options.file, options.other, options.convert) + "\n");
  return 0;
}

int export_network(const CheckpointCommand& options) {
  say_text(export_checkpoint(options.file, options.other, options.convert) + "\n");
  return 0;
}

int diff(const CheckpointCommand& options) {
  const auto difference = diff_checkpoints(options.file, options.other, options.tolerance,
                                           options.values_only, options.convert.ignore_unsafe);
  say_text(text_of(difference));
  return difference.equal() ? 0 : kDifferent;
}

int run(Program& program) {
  CheckpointCommand options;
  add_checkpoint_options(program.options(), options);
  program.parse();
  using Task = CheckpointCommand::Task;
  program.begin(options.task == Task::inspect   ? "looking into"
                : options.task == Task::convert ? "converting"
                : options.task == Task::export_ ? "exporting"
                                                : "comparing",
                options.file);
  return options.task == Task::inspect   ? inspect(options)
         : options.task == Task::convert ? convert(options)
         : options.task == Task::export_ ? export_network(options)
                                         : diff(options);
}

}  // namespace

int main(int argc, char** argv) { return run_program({"poster_checkpoint", kDescription}, argc, argv, run); }
