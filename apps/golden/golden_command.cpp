#include "apps/golden/golden_command.h"

#include <CLI/CLI.hpp>

namespace poster {

void add_golden_options(CLI::App& app, GoldenCommand& command) {
  app.add_option("FILE", command.file, "golden case, NAME.safetensors; NAME.manifest.json must lie beside it")
      ->required();
  app.add_option(
         "--precision", command.precision,
         "float (tolerances 1e-4 … 1e-2), double (1e-9; CPU alone), tf32 or fp16 (1e-2 … 1e-1; CUDA alone)")
      ->check(CLI::IsMember({"float", "double", "tf32", "fp16"}))
      ->capture_default_str();
  app.add_option("--device", command.device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--threads", command.threads, "CPU threads; 0: one each core")->capture_default_str();
  app.add_flag("--no-sam", command.no_sam, "leave the SAM steps out, which take most of the time");
}

}  // namespace poster
