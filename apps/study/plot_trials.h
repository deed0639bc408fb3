// All trials of a search: accuracy on valid against each parameter, and against the epochs of the rungs.
#pragma once

#include <filesystem>
#include <string>

#include "apps/study/study_file.h"
#include "apps/study/trials.h"

namespace poster::study {

// Writes STEM.png and STEM.svg, atomically. Trials that diverged are crosses below the axis of accuracy.
// Throws Error.
void plot_trials(const std::filesystem::path& stem, const std::string& title, const Experiment& experiment,
                 const TrialSearch& search);

}  // namespace poster::study
