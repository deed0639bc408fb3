#include "apps/study/plan.h"

#include <algorithm>

#include "apps/study/study_options.h"
#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/quoted_name.h"
#include "io/format/shell_line.h"

namespace poster::study {
namespace {

const char* state_text(const StudyRun& run) {
  switch (state_of(run)) {
    case State::absent:
      return "to do";
    case State::unfinished:
      return "to be gone on with";
    case State::diverged:
      return "diverged";
    case State::done:
      return "done";
  }
  return "";
}

std::string options_text(const Json& options, const Paths& paths, const std::string& where) {
  const std::vector<std::string> words = command_line(options, paths, where);
  return words.empty() ? "" : " " + io::shell_line(words);
}

std::vector<std::uint64_t> first_seeds(std::vector<std::uint64_t> seeds, int count) {
  if (count == 0) return seeds;
  const std::uint64_t greatest = *std::max_element(seeds.begin(), seeds.end());
  for (std::uint64_t next = greatest + 1; std::ssize(seeds) < count; ++next) seeds.push_back(next);
  seeds.resize(static_cast<std::size_t>(count));
  return seeds;
}

void plan_runs(PlannedExperiment& planned, const Json& options, const Study& study, const Paths& paths,
               const std::filesystem::path& folder) {
  const Experiment& e = *planned.experiment;
  planned.runs.clear();
  for (const std::uint64_t seed : planned.seeds) {
    planned.runs.push_back(make_run(options, paths, e.data, seed, study.where(e)));
    planned.runs.back().name = e.name + "/seed-" + std::to_string(seed);
    planned.runs.back().folder = folder / planned.runs.back().name;
  }
}

}  // namespace

std::vector<PlannedExperiment> make_plan(const Study& study, const Paths& paths,
                                         const std::filesystem::path& folder,
                                         const std::vector<std::string>& only, int seeds) {
  for (const std::string& name : only) {
    const auto name_of = [](const Experiment& e) { return e.name; };
    const auto& all = study.experiments;
    if (std::ranges::find(all, name, name_of) == all.end())
      throw Error("--only " + name + ": " + study.file + " has no experiment " + io::quoted_name(name) +
                  "; it has " + io::join(all, ", ", name_of));
  }
  std::vector<PlannedExperiment> plan;
  for (const Experiment& e : study.experiments) {
    plan.push_back({.experiment = &e, .seeds = first_seeds(e.seeds, seeds)});
    plan.back().chosen = only.empty() || std::find(only.begin(), only.end(), e.name) != only.end();
    if (e.search)
      plan.back().search = make_search(study, e, paths, folder);
    else
      plan_runs(plan.back(), e.options, study, paths, folder);
  }
  return plan;
}

void update_plan(PlannedExperiment& planned, const Study& study, const Paths& paths,
                 const std::filesystem::path& folder) {
  if (!planned.search) return;
  read_search(*planned.search);
  if (planned.search->winner < 0)
    planned.runs.clear();
  else
    plan_runs(planned, winning_options(*planned.experiment, *planned.search), study, paths, folder);
}

std::string plan_text(const std::vector<PlannedExperiment>& plan, const Study& study, const Paths& paths) {
  std::string text;
  for (const PlannedExperiment& planned : plan) {
    if (!planned.chosen) continue;
    const Experiment& e = *planned.experiment;
    text += "\n" + e.name + (e.about.empty() ? "" : ": " + e.about) + "\n";
    text += "  " + io::shell_line({"poster_train", "--data=" + paths.at(e.data)}) +
            options_text(e.options, paths, study.where(e)) + "\n";
    if (planned.search) {
      text += std::string("  search: ") + (e.search->halving ? "successive halving" : "random");
      for (const Rung& rung : planned.search->rungs)
        text += ", " + std::to_string(rung.trials) + " trials to epoch " + std::to_string(rung.epochs);
      text += "\n";
      for (const Trial& trial : planned.search->trials)
        text += "  " + trial.run.name + " (" + state_text(trial.run) +
                "):" + options_text(trial.parameters, paths, study.where(e)) + "\n";
      if (planned.runs.empty())
        text += "  then the winner with " + std::to_string(planned.seeds.size()) + " seeds\n";
    }
    for (const StudyRun& run : planned.runs) text += "  " + run.name + " (" + state_text(run) + ")\n";
  }
  return text;
}

}  // namespace poster::study
