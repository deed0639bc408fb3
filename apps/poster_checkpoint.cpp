// Looks into files of weights, converts and compares them; see --help.
#include <nlohmann/json.hpp>

#include "apps/checkpoint/convert_checkpoint.h"
#include "apps/checkpoint/diff_checkpoints.h"
#include "apps/checkpoint/inspect_checkpoint.h"
#include "apps/program/program.h"

namespace {

using namespace poster;

constexpr const char* kDescription =
    "Looks into checkpoints and files of weights, converts and compares them: PyTorch's .pth (zip and "
    "legacy), "
    "safetensors, and poster_train's own. Nothing in a file is ever executed.\n\n"
    "  poster_checkpoint inspect FILE\n"
    "  poster_checkpoint convert runs/X/best.safetensors model.pth --module\n"
    "  poster_checkpoint diff A B\n\n"
    "Exit codes: 0 done (diff: equal), 1 error, 2 diff found differences.";
constexpr int kDifferent = 2;

struct Options {
  std::string file, other, to;
  bool as_json = false, values_only = false;
  double tolerance = 0;
  ConvertOptions convert;
};

int inspect(const Options& options) {
  const FileSummary summary = inspect_checkpoint(options.file);
  if (options.as_json)
    put(json_of(summary).dump(2) + "\n");
  else
    say_text(text_of(summary));
  return 0;
}

int convert(Options& options) {
  options.convert.target = options.to == "pth"           ? TargetFormat::pth
                           : options.to == "safetensors" ? TargetFormat::safetensors
                           : options.to == "poster"      ? TargetFormat::poster
                                                         : target_by_extension(options.other);
  say_text(convert_checkpoint(options.file, options.other, options.convert) + "\n");
  return 0;
}

int diff(const Options& options) {
  const auto difference = diff_checkpoints(options.file, options.other, options.tolerance,
                                           options.values_only, options.convert.ignore_unsafe);
  say_text(text_of(difference));
  return difference.equal() ? 0 : kDifferent;
}

void add_unsafe_flag(CLI::App& command, Options& options) {
  command.add_flag("--ignore-unsafe", options.convert.ignore_unsafe,
                   "load the tensors of a .pth file that names functions reaching the system; they are never "
                   "called");
}

int run(Program& program) {
  CLI::App& app = program.options();
  app.require_subcommand(1);
  app.get_formatter()->column_width(32);
  Options options;

  CLI::App& inspecting = *app.add_subcommand(
      "inspect",
      "format, model, classes, epoch, and a table of all tensors with type, shape, norm and NaN count");
  inspecting.add_option("FILE", options.file, "a .pth or .safetensors file")->required();
  inspecting.add_flag("--json", options.as_json, "the same as JSON");

  CLI::App& converting = *app.add_subcommand("convert", "from one format to another, equal to the bit");
  converting.add_option("IN", options.file, "a .pth or .safetensors file")->required();
  converting.add_option("OUT", options.other, "the file to write; its extension says the format")->required();
  converting
      .add_option(
          "--to", options.to,
          "pth; safetensors: the weights with what prediction needs; poster: a checkpoint that poster_train "
          "goes on from")
      ->check(CLI::IsMember({"pth", "safetensors", "poster"}));
  converting.add_flag("--half", options.convert.half,
                      "weights in 16 bits, as module.half(); without the optimizer's state");
  converting.add_flag(
      "--module", options.convert.module_prefix,
      "pth: module. in front of the names, as the reference's code wants them (DataParallel)");
  converting.add_flag("--recorder", options.convert.recorders,
                      "pth: also the two recorders that the reference's --resume asks for; such a file needs "
                      "torch.load(weights_only=False)");
  converting
      .add_option("--classes", options.convert.classes,
                  "poster: class names in label order, separated by commas, where the file has none")
      ->delimiter(',');
  converting.add_flag("--bare", options.convert.bare,
                      "pth, safetensors: the weights alone, without class names, view and other settings");
  converting.add_flag("--rename-classes", options.convert.rename_classes,
                      "take --classes in place of the names that the file has: the first for output 0");
  converting.add_flag("--force", options.convert.force, "replace OUT when it exists");
  add_unsafe_flag(converting, options);

  CLI::App& comparing = *app.add_subcommand("diff", "which tensors differ, and by how much");
  comparing.add_option("A", options.file, "a .pth or .safetensors file")->required();
  comparing.add_option("B", options.other, "another")->required();
  comparing
      .add_option("--tolerance", options.tolerance,
                  "pass over differences up to this share of a tensor's largest element")
      ->check(CLI::NonNegativeNumber);
  comparing.add_flag("--values-only", options.values_only, "let types differ: compare values alone");
  add_unsafe_flag(comparing, options);

  program.parse();
  program.begin(inspecting.parsed()   ? "looking into"
                : converting.parsed() ? "converting"
                                      : "comparing",
                options.file);
  return inspecting.parsed() ? inspect(options) : converting.parsed() ? convert(options) : diff(options);
}

}  // namespace

int main(int argc, char** argv) { return run_program({"poster_checkpoint", kDescription}, argc, argv, run); }
