#include "apps/study/tables.h"

#include <charconv>
#include <cmath>

#include "io/format/csv.h"

namespace poster::study {
namespace {

std::string number_text(double value) {
  if (std::isnan(value)) return "";
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

Json number_json(double value) { return std::isnan(value) ? Json() : Json(value); }

Json summary_json(const Summary& summary) {
  return {{"mean", number_json(summary.mean)}, {"deviation", number_json(summary.deviation)}};
}

double claimed(const Experiment& e) { return e.claim ? e.claim->accuracy : NAN; }

Json seed_json(const SeedResult& seed) {
  Json json = {{"seed", seed.seed}};
  if (seed.diverged) json["diverged"] = {{"epoch", seed.diverged->epoch}, {"step", seed.diverged->step}};
  if (seed.state != State::done) return json;
  for (int state = 0; state < kStates; ++state) {
    json[kStateNames[state]] = {{"epoch", seed.scores.epoch[state]}};
    for (int split = 0; split < kSplits; ++split) {
      const Score& score = seed.scores.score[state][split];
      json[kStateNames[state]][kSplitNames[split]] = {{"accuracy", number_json(score.accuracy)},
                                                      {"macro_f1", number_json(score.macro_f1)},
                                                      {"loss", number_json(score.loss)}};
    }
  }
  return json;
}

Json search_json(const Search& wanted, const TrialSearch& search) {
  Json json = {{"method", wanted.halving ? "halving" : "random"}, {"seed", wanted.seed}};
  for (const Rung& rung : search.rungs)
    json["rungs"].push_back({{"trials", rung.trials}, {"epochs", rung.epochs}});
  json["winner"] = search.winner < 0 ? Json() : Json(search.winner);
  for (const Trial& trial : search.trials) {
    Json entry = {
        {"trial", trial.number}, {"parameters", trial.parameters}, {"valid_accuracy", trial.accuracy}};
    entry["rank"] = trial.rank ? Json(trial.rank) : Json();
    entry["state"] = trial_state(search, trial);
    json["trials"].push_back(entry);
  }
  return json;
}

}  // namespace

std::string trial_state(const TrialSearch& search, const Trial& trial) {
  if (trial.number == search.winner) return "winner";
  if (trial.diverged) return "diverged in epoch " + std::to_string(trial.diverged->epoch);
  return trial.accuracy.empty()
             ? "to do"
             : "to epoch " + std::to_string(search.rungs[trial.accuracy.size() - 1].epochs);
}

std::string study_csv(const std::vector<ExperimentResult>& results) {
  std::string text =
      "experiment,state,split,runs,planned,accuracy_mean,accuracy_deviation,macro_f1_mean,macro_f1_deviation,"
      "claim,"
      "claim_minus_ours\n";
  for (const ExperimentResult& result : results) {
    const Experiment& e = *result.planned->experiment;
    for (int state = 0; state < kStates; ++state)
      for (int split = 0; split < kSplits; ++split) {
        const Summary accuracy = result.accuracy(state, split), f1 = result.macro_f1(state, split);
        text += e.name + "," + kStateNames[state] + "," + kSplitNames[split] + "," +
                std::to_string(accuracy.count) + "," + std::to_string(result.seeds.size());
        for (const double value : {accuracy.mean, accuracy.deviation, f1.mean, f1.deviation, claimed(e),
                                   claimed(e) - accuracy.mean})
          text += "," + number_text(value);
        text += "\n";
      }
  }
  return text;
}

Json study_json(const Study& study, const std::vector<ExperimentResult>& results) {
  Json json = {{"study", study.name}, {"description", study.description}, {"experiments", Json::array()}};
  for (const ExperimentResult& result : results) {
    const Experiment& e = *result.planned->experiment;
    Json entry = {{"name", e.name}, {"about", e.about}, {"data", e.data}, {"options", e.options}};
    if (e.claim)
      entry["claim"] = {
          {"accuracy", e.claim->accuracy}, {"source", e.claim->source}, {"measured", e.claim->measured}};
    for (int state = 0; state < kStates; ++state)
      for (int split = 0; split < kSplits; ++split)
        entry["ours"][kStateNames[state]][kSplitNames[split]] = {
            {"accuracy", summary_json(result.accuracy(state, split))},
            {"macro_f1", summary_json(result.macro_f1(state, split))}};
    for (const SeedResult& seed : result.seeds) entry["seeds"].push_back(seed_json(seed));
    if (result.planned->search) entry["search"] = search_json(*e.search, *result.planned->search);
    json["experiments"].push_back(entry);
  }
  return json;
}

std::string trials_csv(const Experiment& experiment, const TrialSearch& search) {
  std::string text = "trial";
  for (const Parameter& parameter : experiment.search->parameters)
    text += "," + io::csv_field(parameter.name);
  for (const Rung& rung : search.rungs) text += ",valid_accuracy_to_epoch_" + std::to_string(rung.epochs);
  text += ",rank,state\n";
  for (const Trial& trial : search.trials) {
    text += std::to_string(trial.number);
    for (const auto& [name, value] : trial.parameters.items())
      text += "," + io::csv_field(value.is_string() ? value.get<std::string>() : value.dump());
    for (std::size_t rung = 0; rung < search.rungs.size(); ++rung)
      text += "," + (rung < trial.accuracy.size() ? number_text(trial.accuracy[rung]) : "");
    text += "," + (trial.rank ? std::to_string(trial.rank) : "") + "," +
            io::csv_field(trial_state(search, trial)) + "\n";
  }
  return text;
}

}  // namespace poster::study
