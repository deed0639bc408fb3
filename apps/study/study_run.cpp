#include "apps/study/study_run.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/study/study_options.h"
#include "apps/train/commands.h"
#include "engine/error.h"
#include "io/console/output.h"
#include "io/console/stop_signal.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/format/json_writer.h"
#include "io/run/run_log.h"
#include "io/run/run_state.h"
#include "io/run/training_run.h"

namespace poster::study {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWanted = "study-run.json";
constexpr const char* kScores = "scores.json";

fs::path checkpoint(const StudyRun& run, const std::string& state) {
  return run.folder / (state + ".safetensors");
}
fs::path previous(const StudyRun& run, const std::string& state) {
  return io::previous_path(checkpoint(run, state));
}

// A record of this program's own; null when there is none.
Json record(const fs::path& path) { return fs::exists(path) ? io::read_json<Json>(path) : Json(); }

// Reading a record that someone has changed is an error that names it.
template <typename F>
auto from_record(const fs::path& path, F&& read) {
  try {
    return read(io::read_json<Json>(path));
  } catch (const Json::exception&) {
    throw Error(path.string() + ": isn't as poster_study writes it; remove it, and it is made anew");
  }
}

// What a run begins with isn't among its settings until it has begun.
Json weights_of(const Json& options) {
  Json weights = Json::object();
  for (const auto& [name, value] : options.items())
    if (const io::SettingInfo* flag = train_flag("--" + name);
        flag && flag->group == kWeightsGroup && flag->key.empty())
      weights[name] = value;
  return weights;
}

// Settings that came later stand in no older record: they have the values that they had then.
Json with_later_settings(const Json& settings) {
  try {
    Json complete = settings;
    complete["data"] = "";
    complete = to_json(settings_from_json(complete));
    complete.erase("data");
    return complete;
  } catch (const std::exception&) {
    return settings;  // written by somebody else: that will be a difference
  }
}

std::string data_of(const StudyRun& run) { return run.options.given.get(&Settings::data).value_or(""); }

bool can_go_on(const StudyRun& run) {
  return fs::exists(checkpoint(run, "last")) || fs::exists(previous(run, "last"));
}

// An epoch or a count of them, as a record of this program's own has it.
int epoch_in(const Json& json) {
  const auto number = json.get<double>();
  if (number != std::floor(number) || !(number >= -1 && number <= 1e9))
    throw Json::other_error::create(501, "no epoch", nullptr);
  return static_cast<int>(number);
}

// As study-run.json says; 0: it says nothing.
int epochs_wanted_then(const Json& record) {
  const Json::json_pointer place("/settings/recipe/epochs");
  return record.contains(place) && record.at(place).is_number() ? epoch_in(record.at(place)) : 0;
}

[[noreturn]] void refuse_more_epochs(const StudyRun& run, int done) {
  throw Error(
      run.folder.string() + ": holds a run of " + std::to_string(done) +
      " epochs without its last state, which --keep best removes, so it can't go on to " +
      std::to_string(run.epochs) +
      "; give another --out, or remove that folder to train it anew (with --keep all such runs go on)");
}

std::string differences(const Json& there, const Json& wanted) {
  const Json a = there.flatten(), b = wanted.flatten();
  std::string text;
  int count = 0;
  std::set<std::string> keys;
  for (const auto& [key, value] : a.items()) keys.insert(key);
  for (const auto& [key, value] : b.items()) keys.insert(key);
  for (const std::string& key : keys) {
    const Json x = a.contains(key) ? a.at(key) : Json(), y = b.contains(key) ? b.at(key) : Json();
    if (x == y || ++count > 3) continue;
    io::add_part(text, key.substr(1) + " " + x.dump() + " and not " + y.dump());
  }
  return text + (count > 3 ? ", and " + std::to_string(count - 3) + " more" : "");
}

}  // namespace

StudyRun make_run(const Json& options, const std::map<std::string, std::string>& paths,
                  const std::string& data, std::uint64_t seed, const std::string& where) {
  StudyRun run{.name = {}, .folder = {}, .options = train_options(options, paths, where), .wanted = {}};
  run.options.given.set(seed, &Settings::seed);
  const Settings settings = settings_of(run.options, where);
  run.options.given.set(paths.at(data), &Settings::data);
  run.epochs = settings.recipe.epochs;
  run.wanted = {{"data", data}, {"settings", to_json(settings)}, {"weights", weights_of(options)}};
  run.wanted["settings"].erase("data");
  return run;
}

void check_run(const StudyRun& run, const Json& listing) {
  Json there = record(run.folder / kWanted);
  if (there.is_null()) {
    if (fs::exists(checkpoint(run, "last")) || fs::exists(run.folder / "run.json"))
      throw Error(run.folder.string() +
                  ": holds a run that this study didn't begin; give another --out, or move it away");
    return;
  }
  Json wanted = run.wanted;
  if (there.contains("settings")) there["settings"] = with_later_settings(there["settings"]);
  // More epochs than before go on from the last.
  if (const int then = epochs_wanted_then(there); then > 0 && then < run.epochs) {
    if (fs::exists(run.folder / kScores) && !divergence_of(run) && !can_go_on(run))
      refuse_more_epochs(run, then);
    there["settings"]["recipe"]["epochs"] = run.epochs;
  }
  if (listing.is_null())
    there.erase("listing");
  else
    wanted["listing"] = listing;
  if (there == wanted) return;
  throw Error(run.folder.string() + ": holds a run with " + differences(there, wanted) +
              ", as the study now says; give another --out, or remove that folder to train it anew");
}

std::optional<Divergence> divergence_of(const StudyRun& run) {
  const fs::path path = run.folder / kScores;
  if (!fs::exists(path)) return std::nullopt;
  return from_record(path, [](const Json& json) -> std::optional<Divergence> {
    if (!json.contains("diverged")) return std::nullopt;
    return Divergence{epoch_in(json.at("diverged").at("epoch")),
                      json.at("diverged").at("step").get<std::int64_t>()};
  });
}

bool has_begun(const StudyRun& run) { return can_go_on(run); }

State state_of(const StudyRun& run) {
  if (!fs::exists(run.folder / kWanted)) return State::absent;
  if (divergence_of(run)) return State::diverged;
  if (!fs::exists(run.folder / kScores)) return State::unfinished;
  // Scores of fewer epochs than the study now wants are not its result.
  return epochs_wanted_then(record(run.folder / kWanted)) < run.epochs ? State::unfinished : State::done;
}

int epochs_done(const StudyRun& run) {
  const fs::path path = run.folder / "run.json";
  if (!fs::exists(path)) return 0;
  return from_record(path, [](const Json& json) { return epoch_in(json.at("epochs_done")); });
}

bool train_run(const StudyRun& run, int epochs, const Json& listing, const Machine& machine) {
  io::RunFolder::at(run.folder);
  // A trial that was out of the race is trained anew, to the same bits; a best state is never lost so.
  if (const int done = epochs_done(run); done > 0 && !can_go_on(run) && fs::exists(checkpoint(run, "best")))
    refuse_more_epochs(run, done);
  if (!can_go_on(run) && fs::exists(run.folder / kWanted) && !fs::exists(checkpoint(run, "best")))
    for (std::string trace; !(trace = trace_of_run(run.folder)).empty();) fs::remove(run.folder / trace);
  fs::remove(run.folder / kScores);  // of fewer epochs
  Json wanted = run.wanted;
  wanted["listing"] = listing;
  io::write_json(run.folder / kWanted, wanted);
  TrainOptions options = run.options;
  // A run that has begun keeps its settings: options would go on top of the recipe again, not of these.
  if (can_go_on(run)) {
    options = TrainOptions{};
    options.given.set(data_of(run), &Settings::data);
    options.run = run.options.run;
    options.cache_mib = run.options.cache_mib;
  }
  options.resume = "auto";
  options.out = run.folder;
  options.given.set(epochs, &Settings::recipe, &io::Recipe::epochs);
  options.device = machine.device;
  options.threads = machine.threads;
  try {
    return train(options);
  } catch (const DivergedError& e) {
    say("Diverged: " + std::string(e.what()));
    io::write_json(run.folder / kScores, {{"diverged", {{"epoch", e.epoch}, {"step", e.step}}}});
    return true;
  }
}

bool evaluate_run(const StudyRun& run, const Machine& machine) {
  Json scores = Json::object();
  for (const char* state : kStateNames)
    for (const char* split : kSplitNames) {
      if (stop_requested()) return false;
      TrainOptions options;
      options.evaluate = checkpoint(run, state);
      options.given.set(split, &Settings::split);
      options.given.set(data_of(run), &Settings::data);
      options.out = run.folder;
      options.device = machine.device;
      options.threads = machine.threads;
      options.run.workers = run.options.run.workers;
      const Evaluated evaluated = evaluate(options);
      if (!evaluated.own)
        throw Error(run.folder.string() + ": its state \"" + state + "\" was evaluated on other images in " +
                    data_of(run) + "/" + split +
                    " than the run's; put the data back, or remove the folder to train it anew");
      const Evaluation& evaluation = evaluated.evaluation;
      scores[state]["epoch"] = io::read_json<Json>(evaluated.record).at("epoch");
      scores[state][split] = {{"accuracy", evaluation.confusion.accuracy()},
                              {"macro_f1", evaluation.confusion.macro_f1()},
                              {"loss", evaluation.loss},
                              {"pictures", evaluation.confusion.total()}};
    }
  io::write_json(run.folder / kScores, scores);
  return true;
}

RunScores scores_of(const StudyRun& run) {
  return from_record(run.folder / kScores, [](const Json& json) {
    RunScores scores;
    for (int state = 0; state < kStates; ++state) {
      const Json& of_state = json.at(kStateNames[state]);
      scores.epoch[state] = epoch_in(of_state.at("epoch"));
      for (int split = 0; split < kSplits; ++split) {
        const Json& score = of_state.at(kSplitNames[split]);
        scores.score[state][split] = {score.at("accuracy").get<double>(), score.at("macro_f1").get<double>(),
                                      score.at("loss").is_null() ? NAN : score.at("loss").get<double>()};
      }
    }
    return scores;
  });
}

void remove_checkpoints(const StudyRun& run, Keep keep) {
  for (const fs::path& path : {previous(run, "last"), checkpoint(run, "last"), previous(run, "best")})
    fs::remove(path);
  if (keep == Keep::none) fs::remove(checkpoint(run, "best"));
}

}  // namespace poster::study
