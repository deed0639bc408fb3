// A study's tables as text. They depend on the study and its runs alone: no times, no paths, no machine.
#pragma once

#include <string>
#include <vector>

#include "apps/study/results.h"

namespace poster::study {

// One row an experiment, state and split:
// experiment,state,split,runs,planned,accuracy_mean,accuracy_deviation,
// macro_f1_mean,macro_f1_deviation,claim,claim_minus_ours. Accuracies in percent, F1 0..1; numbers read back
// as the same doubles, what isn't there is empty.
std::string study_csv(const std::vector<ExperimentResult>& results);

// The same with each seed, each trial, and where claims come from.
Json study_json(const Study& study, const std::vector<ExperimentResult>& results);

// For people.
std::string study_markdown(const Study& study, const std::vector<ExperimentResult>& results);

// One row a trial, in the order of their numbers: trial, each parameter, valid accuracy at each rung, rank,
// state.
std::string trials_csv(const Experiment& experiment, const TrialSearch& search);

// "trial 3", as a row's last column says how it went: "winner", "to epoch 6", "diverged at epoch 0, step 2",
// "to do".
std::string trial_state(const TrialSearch& search, const Trial& trial);

}  // namespace poster::study
