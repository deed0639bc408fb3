#include "apps/study/study_command.h"

#include <CLI/CLI.hpp>

#include "apps/program/number_options.h"

namespace poster::study {

void add_study_options(CLI::App& app, StudyCommand& command) {
  app.get_formatter()->column_width(32);
  StudyOptions& options = command.options;
  app.add_option("STUDY", command.file, "the study's file; docs/studies.md has its format")
      ->required()
      ->type_name("FILE");
  app.add_option("--out", command.out, "the study's folder (default: runs/ and the file's name)")
      ->type_name("DIR");
  app.add_option("--data", options.data, "where data of the study lies on this machine; may be repeated")
      ->type_name("NAME=PATH")
      ->allow_extra_args(false);
  app.add_option("--only", options.only, "run these experiments alone; may be repeated, or A,B")
      ->type_name("EXPERIMENT")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option(
         "--seeds", options.seeds,
         "how many seeds each experiment has: the first of the file's, then counting on (default: the file's)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  app.add_option("--device", options.machine.device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--threads", options.machine.threads, "CPU threads that compute; 0: one each core")
      ->check(zero_or_more())
      ->capture_default_str();
  app.add_flag("--dry-run", options.dry_run, "check the file, say what would be done, and do nothing");
  app.add_option("--keep", command.keep,
                 "checkpoints that stay: best (the best of each run that is done, "
                 "and of one that isn't what it needs to go on; none of a search's trials), or all")
      ->check(CLI::IsMember({"best", "all"}))
      ->capture_default_str();
}

StudyOptions study_options(const StudyCommand& command) {
  StudyOptions options = command.options;
  options.file = command.file;
  options.out = command.out;
  options.keep_all = command.keep == "all";
  return options;
}

}  // namespace poster::study
