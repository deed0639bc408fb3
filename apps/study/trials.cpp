#include "apps/study/trials.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/error.h"
#include "io/run/run_log.h"

namespace poster::study {
namespace {

std::string trial_name(int number) {
  char text[32];
  std::snprintf(text, sizeof text, "trial-%03d", number);
  return text;
}

// The best of the first `epochs` epochs on valid, as training picks it: the first with the greatest accuracy.
void read_rung(Trial& trial, int epochs) {
  double accuracy = NAN, loss = NAN;
  const io::MetricsTable metrics(trial.run.folder / "metrics.csv", epochs);
  for (const io::EpochMetrics& row : metrics.rows())
    if (std::isnan(accuracy) || row.valid_accuracy > accuracy) {
      accuracy = row.valid_accuracy;
      loss = row.valid_loss;
    }
  trial.accuracy.push_back(accuracy);
  trial.loss.push_back(loss);
}

Json with_parameters(const Json& options, const Json& parameters) {
  Json both = options;
  for (const auto& [name, value] : parameters.items()) both[name] = value;
  return both;
}

}  // namespace

TrialSearch make_search(const Study& study, const Experiment& experiment,
                        const std::map<std::string, std::string>& paths,
                        const std::filesystem::path& folder) {
  const Search& wanted = *experiment.search;
  TrialSearch search;
  for (const Parameter& parameter : wanted.parameters)
    if (parameter.name == "epochs")
      throw Error(
          study.where(experiment) +
          ": search: \"epochs\" is no parameter: the best epoch is chosen anyway; give it as an option");
  for (int number = 0; number < wanted.trials; ++number) {
    Json parameters = Json::object();
    for (const Parameter& parameter : wanted.parameters)
      parameters[parameter.name] = draw(parameter, wanted.seed, number);
    const std::string where = study.where(experiment) + ": search: trial " + std::to_string(number);
    StudyRun run =
        make_run(with_parameters(experiment.options, parameters), paths, experiment.data, wanted.seed, where);
    run.name = experiment.name + "/search/" + trial_name(number);
    run.folder = folder / run.name;
    search.trials.push_back({.number = number, .parameters = std::move(parameters), .run = std::move(run)});
  }
  const int epochs = search.trials.front().run.epochs;
  search.rungs = wanted.halving ? halving_rungs(wanted.trials, wanted.eta, wanted.min_epochs, epochs)
                                : std::vector<Rung>{{wanted.trials, epochs}};
  return search;
}

void read_search(TrialSearch& search) {
  search.pending.clear();
  search.winner = -1;
  for (Trial& trial : search.trials) {
    trial.accuracy.clear();
    trial.loss.clear();
    trial.out = false;
    trial.rank = 0;
    trial.diverged = divergence_of(trial.run);
  }
  std::vector<int> alive(search.trials.size());
  for (std::size_t i = 0; i < alive.size(); ++i) alive[i] = static_cast<int>(i);
  for (std::size_t k = 0; k < search.rungs.size(); ++k) {
    const int epochs = search.rungs[k].epochs;
    std::vector<TrialScore> scores;
    for (const int number : alive) {
      Trial& trial = search.trials[static_cast<std::size_t>(number)];
      if (!trial.diverged && epochs_done(trial.run) < epochs) {
        search.pending.push_back(number);
        continue;
      }
      // One that diverged later counts in the rungs before that.
      if (!trial.diverged || trial.diverged->epoch >= epochs) read_rung(trial, epochs);
      const bool reached = trial.accuracy.size() == k + 1;
      scores.push_back({.trial = number,
                        .failed = !reached,
                        .accuracy = reached ? trial.accuracy[k] : NAN,
                        .loss = reached ? trial.loss[k] : NAN});
    }
    if (!search.pending.empty()) {
      search.pending_epochs = epochs;
      return;
    }
    const bool last = k + 1 == search.rungs.size();
    const std::vector<int> next = promoted(scores, last ? 1 : search.rungs[k + 1].trials);
    for (const int number : alive) search.trials[static_cast<std::size_t>(number)].out = true;
    for (const int number : next) search.trials[static_cast<std::size_t>(number)].out = false;
    if (!last && !next.empty()) {
      alive = next;
      std::sort(alive.begin(), alive.end());
      continue;
    }
    if (!next.empty()) search.winner = next.front();
    break;
  }
  // Who came further is better; within a rung, its ranking.
  int rank = 0;
  for (std::size_t reached = search.rungs.size() + 1; reached-- > 0;) {
    std::vector<TrialScore> scores;
    for (const Trial& trial : search.trials)
      if (trial.accuracy.size() == reached)
        scores.push_back({.trial = trial.number,
                          .failed = reached == 0,
                          .accuracy = reached ? trial.accuracy.back() : NAN,
                          .loss = reached ? trial.loss.back() : NAN});
    for (const int number : ranking(std::move(scores)))
      search.trials[static_cast<std::size_t>(number)].rank = ++rank;
  }
}

Json winning_options(const Experiment& experiment, const TrialSearch& search) {
  return with_parameters(experiment.options,
                         search.trials.at(static_cast<std::size_t>(search.winner)).parameters);
}

}  // namespace poster::study
