// What a study found, as far as it is: collected from the runs' folders, and written as tables.
#pragma once

#include <filesystem>
#include <vector>

#include "apps/study/plan.h"
#include "apps/study/statistics.h"

namespace poster::study {

struct SeedResult {
  std::uint64_t seed = 0;
  State state = State::absent;
  RunScores scores = {};  // when done
  std::optional<Divergence> diverged = {};
};

struct ExperimentResult {
  const PlannedExperiment* planned = nullptr;
  std::vector<SeedResult> seeds = {};  // all that are planned

  std::size_t done() const;
  // Over the runs that are done, of one number of each.
  Summary accuracy(int state, int split) const;
  Summary macro_f1(int state, int split) const;
};

std::vector<ExperimentResult> collect_results(const std::vector<PlannedExperiment>& plan);

// Writes DIR/study.md, .csv, .json, .png, .svg, and for each search DIR/EXPERIMENT/trials.csv, .png, .svg;
// each atomically. They hold no times and no paths: equal runs give equal files. Throws Error.
void write_results(const std::filesystem::path& folder, const Study& study,
                   const std::vector<ExperimentResult>& results);

}  // namespace poster::study
