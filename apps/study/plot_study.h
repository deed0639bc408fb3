// Accuracies on test, a row an experiment: a dot for each seed, their mean, and what was claimed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/study/results.h"

namespace poster::study {

// Writes STEM.png and STEM.svg, atomically. Throws Error.
void plot_study(const std::filesystem::path& stem, const std::string& title,
                const std::vector<ExperimentResult>& results);

}  // namespace poster::study
