// Trains and evaluates; see --help.
#include "apps/program/program.h"
#include "apps/train/commands.h"
#include "apps/train/train_options.h"
#include "io/console/stop_signal.h"

namespace {

using namespace poster;

constexpr const char* kDescription =
    "Trains POSTER V2 (POSTER++) or POSTER V1 to recognise facial expressions, or evaluates a checkpoint.\n\n"
    "  poster_train --data DIR                          train with the recipe \"augmented\"\n"
    "  poster_train --data DIR --evaluate runs/X/best.safetensors\n"
    "  poster_train --data DIR --out runs/X --resume auto\n\n"
    "DIR holds one folder a split and one a class: DIR/train/CLASS/*.jpg, and valid and test alike. A run's folder gets\n"
    "log.txt, metrics.csv, run.json, curves and confusion matrix (PNG and SVG), and the checkpoints last and best.\n"
    "Exit codes: 0 done, 1 error, 75 stopped on SIGINT, SIGTERM or a lost terminal (SIGHUP) with everything saved. Output that can't be written (a closed pipe) doesn't end a training; log.txt has it all.";

int run(Program& program) {
  TrainOptions options;
  add_train_options(program.options(), options);
  program.parse();
  program.begin(
      options.evaluate.empty() ? "training on" : "evaluating",
      options.evaluate.empty() ? options.given.get(&Settings::data).value_or("") : options.evaluate);
  choose_gpu(options.gpu);
  if (options.evaluate.empty()) return train(options) ? 0 : kStoppedExitCode;
  evaluate(options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program({"poster_train", kDescription, OutputIs::progress}, argc, argv, run);
}
