#include "apps/study/fault_check.h"

#include "apps/study/study_options.h"
#include "apps/train/prepared_view.h"
#include "engine/error.h"

namespace poster::study {
namespace {

std::vector<std::string> all_places(const PlannedExperiment& planned) {
  std::vector<std::string> names = places_of(planned.experiment->options);
  if (planned.search)
    for (const Trial& trial : planned.search->trials)
      for (std::string& name : places_of(trial.parameters)) names.push_back(std::move(name));
  names.push_back(planned.experiment->data);
  return names;
}

}  // namespace

bool lacks_nothing(const PlannedExperiment& planned, const Places& places) {
  for (const std::string& name : all_places(planned))
    if (!places.trouble(name).empty()) return false;
  return true;
}

void check_new_runs(const Study& study, const Places& places, const Machine& machine,
                    const std::vector<PlannedExperiment>& plan, NewRunCheck& check) {
  for (const PlannedExperiment& planned : plan) {
    if (!planned.chosen) continue;
    const std::string where = study.where(*planned.experiment);
    for (const std::string& name : all_places(planned))
      if (const std::string wrong = places.trouble(name); !wrong.empty())
        throw Error(study.file + ": " + wrong);
    const bool data_there = places.there(planned.experiment->data);
    const auto look = [&](const StudyRun& run, const std::string& what) {
      if (state_of(run) == State::done || state_of(run) == State::diverged || has_begun(run)) return;
      try {
        TrainOptions options = run.options;
        options.device = machine.device;
        options.threads = machine.threads;
        Settings settings = resolve_settings(options, nullptr);
        if (data_there) settle_training_view(settings, options, nullptr);  // a second cut, say
        check.check(options, settings, data_there);
      } catch (const Error& e) {
        throw Error(where + what + ": " + e.what());
      }
    };
    if (planned.search)
      for (const Trial& trial : planned.search->trials)
        look(trial.run, ": search: trial " + std::to_string(trial.number));
    for (const StudyRun& run : planned.runs) look(run, "");
  }
}

}  // namespace poster::study
