// poster_study: runs the experiments of a study file, and sets what came out beside what was claimed.
#include "apps/program/program.h"
#include "apps/study/study.h"
#include "io/console/stop_signal.h"

namespace {

using namespace poster;

constexpr const char* kDescription =
    "Runs a study: named experiments, each with several seeds, from one JSON file; and sets what came out "
    "beside\n"
    "what was claimed: mean and standard deviation, best and last epoch, on valid and on test. The epoch is "
    "chosen on\n"
    "valid alone.\n\n"
    "  poster_study studies/sample-faces.json                 draws its own faces; some minutes\n"
    "  poster_study studies/raf-db.json --data raf-db=DIR     with the data where it lies\n"
    "  poster_study studies/raf-db.json --dry-run             what it would do\n\n"
    "The same command goes on with a study that was stopped, by whatever; the results are the same to the "
    "bit.\n"
    "Exit codes: 0 done, 1 error or runs that diverged, 75 stopped on SIGINT, SIGTERM or SIGHUP with "
    "everything "
    "saved.";

int run(Program& program) {
  study::StudyOptions options;
  std::string file, out, keep = "best";
  CLI::App& app = program.options();
  app.get_formatter()->column_width(32);
  app.add_option("study", file, "the study's file; docs/studies.md has its format")
      ->required()
      ->type_name("STUDY.json");
  app.add_option("--out", out, "the study's folder (default: runs/ and the file's name)")->type_name("DIR");
  app.add_option("--data", options.data, "where data of the study lies on this machine; may be repeated")
      ->type_name("NAME=PATH")
      ->allow_extra_args(false);
  app.add_option("--only", options.only, "run these experiments alone; may be repeated, or A,B")
      ->type_name("EXPERIMENT")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--seeds", options.seeds,
                 "how many seeds each experiment has: the first of the file's, then counting on (default: "
                 "the file's)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  app.add_option("--device", options.machine.device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--threads", options.machine.threads, "CPU threads that compute; 0: one each core")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_flag("--dry-run", options.dry_run, "check the file, say what would be done, and do nothing");
  app.add_option("--keep", keep,
                 "checkpoints that stay: best (the best of each run that is done, and of one that isn't what "
                 "it needs to "
                 "go on; none of a search's trials), or all")
      ->check(CLI::IsMember({"best", "all"}))
      ->capture_default_str();
  program.parse();
  program.begin("running the study", file);
  options.file = file;
  options.out = out;
  options.keep_all = keep == "all";
  switch (study::run_study(options)) {
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
