// Trains and evaluates; see --help.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/common/program.h"
#include "apps/common/version.h"
#include "apps/train/commands.h"
#include "apps/train/stop_signal.h"
#include "apps/train/train_options.h"

namespace {

using namespace poster;

constexpr const char* kDescription =
    "Trains POSTER V2 (POSTER++) to recognise facial expressions, or evaluates a checkpoint.\n\n"
    "  poster_train --data DIR                          train with the recipe \"augmented\"\n"
    "  poster_train --data DIR --evaluate runs/X/best.safetensors\n"
    "  poster_train --data DIR --out runs/X --resume auto\n\n"
    "DIR holds one folder a split and one a class: DIR/train/CLASS/*.jpg, and valid and test alike. A run's "
    "folder gets\n"
    "log.txt, metrics.csv, run.json, curves and confusion matrix (PNG and SVG), and the checkpoints last and "
    "best.\n"
    "Exit codes: 0 done, 1 error, 75 stopped on SIGINT or SIGTERM with everything saved.";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kDescription, "poster_train");
  app.set_version_flag("--version", version_json().dump());
  app.get_formatter()->column_width(32);
  TrainOptions options;
  add_train_options(app, options);
  return run_program(app, argc, argv, [&] {
    // As the reference does; read by the driver when it starts.
    if (!options.gpu.empty()) setenv("CUDA_VISIBLE_DEVICES", options.gpu.c_str(), 1);
    if (options.evaluate.empty()) return train(options) ? 0 : kStoppedExitCode;
    evaluate(options);
    return 0;
  });
}
