// A parameter search as far as it has come, read from the folders of its trials:
// STUDY/EXPERIMENT/search/trial-T.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/study/halving.h"
#include "apps/study/study_file.h"
#include "apps/study/study_run.h"

namespace poster::study {

struct Trial {
  int number;
  Json parameters;  // drawn
  StudyRun run;
  // On valid: of each rung that it came to, the best epoch so far. The learning rate of an epoch doesn't
  // depend on how many follow, so a trial that goes on is the same as one that had more epochs from the
  // start.
  std::vector<double> accuracy = {}, loss = {};
  std::optional<Divergence> diverged = {};
  bool out = false;  // not taken into a further rung
  int rank = 0;      // from 1, once the search is over
};

struct TrialSearch {
  std::vector<Rung> rungs;
  std::vector<Trial> trials;
  // What is to be trained next, all to this many epochs; nothing: the search is over.
  std::vector<int> pending = {};
  int pending_epochs = 0;
  int winner = -1;  // -1: not over yet, or every trial diverged

  bool over() const { return pending.empty(); }
};

// Each trial's options: the experiment's with what was drawn on top. Throws Error when one of them couldn't
// be trained: a parameter that is no option, a value that is out of its range.
TrialSearch make_search(const Study& study, const Experiment& experiment,
                        const std::map<std::string, std::string>& paths, const std::filesystem::path& folder);

// Fills in what the folders say.
void read_search(TrialSearch& search);

// The experiment's options with the winner's parameters.
Json winning_options(const Experiment& experiment, const TrialSearch& search);

}  // namespace poster::study
