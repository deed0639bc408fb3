// poster_study: runs the experiments of a study file, and sets what came out beside what was claimed.
#include "apps/program/program.h"
#include "apps/study/study_command.h"
#include "io/console/stop_signal.h"

namespace {

using namespace poster;

constexpr const char* kDescription =
    "Runs a study: named experiments, each with several seeds, from one JSON file; and sets what came out beside\n"
    "what was claimed: mean and standard deviation, best and last epoch, on valid and on test. The epoch is chosen on\n"
    "valid alone.\n\n"
    "  poster_study studies/sample-faces.json                 draws its own faces; some minutes\n"
    "  poster_study studies/raf-db.json --data raf-db=DIR     with the data where it lies\n"
    "  poster_study studies/raf-db.json --dry-run             what it would do\n\n"
    "The same command goes on with a study that was stopped, by whatever; the results are the same to the bit.\n"
    "Exit codes: 0 done, 1 error or runs that diverged, 75 stopped on SIGINT, SIGTERM or SIGHUP with everything saved.";

int run(Program& program) {
  study::StudyCommand command;
  add_study_options(program.options(), command);
  program.parse();
  program.begin("running the study", command.file);
  switch (study::run_study(study_options(command))) {
    case study::Ending::done:
      return 0;
    case study::Ending::stopped:
      return kStoppedExitCode;
    case study::Ending::diverged:
      break;
  }
  warn("runs diverged, see the study's table; lower the learning rate");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program({"poster_study", kDescription, OutputIs::progress}, argc, argv, run);
}
