// A study's experiments with their runs, as far as they are known: those of a search's winner only when it is
// over.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/study/study_file.h"
#include "apps/study/study_run.h"
#include "apps/study/trials.h"

namespace poster::study {

struct PlannedExperiment {
  const Experiment* experiment;
  bool chosen = true;  // to be run this time
  std::vector<std::uint64_t> seeds;
  std::optional<TrialSearch> search = {};
  std::vector<StudyRun> runs = {};  // one a seed; none before the search has a winner
};

using Paths = std::map<std::string, std::string>;

// Checks every option of every experiment and trial. `only`: names, nothing: all; `seeds`: how many, 0: as
// the file says; more than it has go on counting. Throws Error.
std::vector<PlannedExperiment> make_plan(const Study& study, const Paths& paths,
                                         const std::filesystem::path& folder,
                                         const std::vector<std::string>& only, int seeds);

// Reads how far the search is, and plans the runs once it has a winner.
void update_plan(PlannedExperiment& planned, const Study& study, const Paths& paths,
                 const std::filesystem::path& folder);

// For --dry-run: each run with its state and poster_train's command line.
std::string plan_text(const std::vector<PlannedExperiment>& plan, const Study& study, const Paths& paths);

}  // namespace poster::study
