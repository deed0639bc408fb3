#include "apps/checkpoint/checkpoint_command.h"

#include <CLI/CLI.hpp>

#include "apps/program/number_options.h"

namespace poster {
namespace {

void add_unsafe_flag(CLI::App& command, CheckpointCommand& options) {
  command.add_flag(
      "--ignore-unsafe", options.convert.ignore_unsafe,
      "load the tensors of a .pth file that names functions reaching the system; they are never called");
}

}  // namespace

void add_checkpoint_options(CLI::App& app, CheckpointCommand& options) {
  app.require_subcommand(1);

  CLI::App& inspecting = *app.add_subcommand(
      "inspect",
      "format, model, classes, epoch, and a table of all tensors with type, shape, norm and NaN count");
  inspecting.callback([&] { options.task = CheckpointCommand::Task::inspect; });
  inspecting.add_option("FILE", options.file, "a .pth or .safetensors file")->required();
  inspecting.add_flag("--json", options.as_json, "the same as JSON");

  CLI::App& converting = *app.add_subcommand("convert", "from one format to another, equal to the bit");
  converting.callback([&] { options.task = CheckpointCommand::Task::convert; });
  converting.add_option("IN", options.file, "a .pth or .safetensors file")->required();
  converting.add_option("OUT", options.other, "the file to write; its extension says the format")->required();
  converting
      .add_option(
          "--to", options.to,
          "pth; safetensors: the weights with what prediction needs; poster: a checkpoint that poster_train goes on from")
      ->check(CLI::IsMember({"pth", "safetensors", "poster"}));
  converting.add_flag("--half", options.convert.half,
                      "weights in 16 bits, as module.half(); without the optimizer's state");
  converting.add_flag(
      "--module", options.convert.module_prefix,
      "pth: module. in front of the names, as the reference's code wants them (DataParallel)");
  converting.add_flag("--recorder", options.convert.recorders,
                      "pth: also the two recorders that the reference's --resume asks for; "
                      "such a file needs torch.load(weights_only=False)");
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

  CLI::App& exporting = *app.add_subcommand(
      "export",
      "the small file for deployment: weights, classes, view, resizing and license, no optimizer's state");
  exporting.callback([&] { options.task = CheckpointCommand::Task::export_; });
  exporting.add_option("IN", options.file, "a checkpoint of a whole network")->required();
  exporting.add_option("OUT", options.other, "the .safetensors file to write")->required();
  exporting.add_flag("--half", options.convert.half, "weights in 16 bits: half the size");
  exporting.add_option("--license", options.convert.license,
                       "license of the weights, as you state it; inspect shows it");
  exporting.add_flag("--force", options.convert.force, "replace OUT when it exists");
  add_unsafe_flag(exporting, options);

  CLI::App& comparing = *app.add_subcommand("diff", "which tensors differ, and by how much");
  comparing.callback([&] { options.task = CheckpointCommand::Task::diff; });
  comparing.add_option("A", options.file, "a .pth or .safetensors file")->required();
  comparing.add_option("B", options.other, "another")->required();
  comparing
      .add_option("--tolerance", options.tolerance,
                  "pass over differences up to this share of a tensor's largest element")
      ->check(zero_or_more());
  comparing.add_flag("--values-only", options.values_only, "let types differ: compare values alone");
  add_unsafe_flag(comparing, options);
}

}  // namespace poster
