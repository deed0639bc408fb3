#include "apps/study/results.h"

#include "apps/study/plot_study.h"
#include "apps/study/plot_trials.h"
#include "apps/study/tables.h"
#include "io/format/atomic_file.h"
#include "io/format/json_writer.h"
#include "io/run/run_log.h"

namespace poster::study {
namespace {

template <typename F>
Summary summary_of(const std::vector<SeedResult>& seeds, F&& number) {
  std::vector<double> values;
  for (const SeedResult& seed : seeds)
    if (seed.state == State::done) values.push_back(number(seed.scores));
  return summarise(values);
}

}  // namespace

std::size_t ExperimentResult::done() const { return accuracy(0, 0).count; }

Summary ExperimentResult::accuracy(int state, int split) const {
  return summary_of(seeds, [&](const RunScores& scores) { return scores.score[state][split].accuracy; });
}

Summary ExperimentResult::macro_f1(int state, int split) const {
  return summary_of(seeds, [&](const RunScores& scores) { return scores.score[state][split].macro_f1; });
}

std::vector<ExperimentResult> collect_results(const std::vector<PlannedExperiment>& plan) {
  std::vector<ExperimentResult> results;
  for (const PlannedExperiment& planned : plan) {
    results.push_back({.planned = &planned});
    for (std::size_t i = 0; i < planned.seeds.size(); ++i) {
      SeedResult result{.seed = planned.seeds[i]};
      if (i < planned.runs.size()) {
        const StudyRun& run = planned.runs[i];
        result.state = state_of(run);
        if (result.state == State::done) result.scores = scores_of(run);
        result.diverged = divergence_of(run);
      }
      results.back().seeds.push_back(result);
    }
  }
  return results;
}

void write_results(const std::filesystem::path& folder, const Study& study,
                   const std::vector<ExperimentResult>& results) {
  for (const ExperimentResult& result : results)
    if (const auto& search = result.planned->search) {
      const std::filesystem::path own = io::RunFolder::at(folder / result.planned->experiment->name).path();
      io::write_file_atomically(own / "trials.csv", trials_csv(*result.planned->experiment, *search));
      plot_trials(own / "trials", study.name + ": " + result.planned->experiment->name,
                  *result.planned->experiment, *search);
    }
  io::write_file_atomically(folder / "study.csv", study_csv(results));
  io::write_json(folder / "study.json", study_json(study, results));
  plot_study(folder / "study", study.name, results);
  io::write_file_atomically(folder / "study.md", study_markdown(study, results));
}

}  // namespace poster::study
