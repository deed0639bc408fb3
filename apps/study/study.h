// Running a study: everything in one folder,
//   DIR/EXPERIMENT/seed-S          a run (study_run.h)
//   DIR/EXPERIMENT/search/trial-T  a run of a parameter search
//   DIR/EXPERIMENT/trials.csv, .png, .svg   all its trials
//   DIR/data/NAME                  faces drawn for it
//   DIR/study.md, .json, .csv, .png, .svg   what was claimed beside what came out, written anew after each
//   run DIR/report.html, report.md     all runs, at the end
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/study/machine.h"

namespace poster::study {

struct StudyOptions {
  std::filesystem::path file, out;  // out empty: runs/ and the file.s name
  std::vector<std::string> data;    // NAME=PATH
  std::vector<std::string> only;    // experiments; empty: all
  int seeds = 0;                    // of each experiment; 0: as the file says
  Machine machine;
  bool keep_all = false;  // checkpoints; else the best of each run, and none of a search's trials
  bool dry_run = false;
};

enum class Ending { done, diverged, stopped };

// Runs what isn't done yet; `diverged`: it is done, and some runs of its seeds diverged. With dry_run it only
// checks the file and prints the plan. Throws Error.
Ending run_study(const StudyOptions& options);

}  // namespace poster::study
