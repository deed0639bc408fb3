#include "apps/study/study_run.h"

#include <cstdio>
#include <map>
#include <set>

#include "apps/common/stop_signal.h"
#include "apps/study/study_options.h"
#include "apps/train/commands.h"
#include "apps/train/evaluation_record.h"
#include "apps/train/training_run.h"
#include "engine/error.h"
#include "io/run_log.h"

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
Json record(const fs::path& path) { return fs::exists(path) ? read_json_file(path) : Json(); }

// Reading a record that someone has changed is an error that names it.
template <typename F>
auto from_record(const fs::path& path, F&& read) {
  try {
    return read(read_json_file(path));
  } catch (const Json::exception&) {
    throw Error(path.string() + ": isn't as poster_study writes it; remove it, and it is made anew");
  }
}

// What a run begins with isn't among its settings until it has begun.
Json weights_of(const Json& options) {
  static const std::set<std::string> names = {"pretrained-dir", "ir50",          "landmarks",    "weights",
                                              "new-head",       "allow-partial", "ignore-unsafe"};
  Json weights = Json::object();
  for (const auto& [name, value] : options.items())
    if (names.contains(name)) weights[name] = value;
  return weights;
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
    text += (text.empty() ? "" : ", ") + key.substr(1) + " " + x.dump() + " and not " + y.dump();
  }
  return text + (count > 3 ? ", and " + std::to_string(count - 3) + " more" : "");
}

}  // namespace

StudyRun make_run(const Json& options, const std::map<std::string, std::string>& paths,
                  const std::string& data, std::uint64_t seed, const std::string& where) {
  StudyRun run{.name = {}, .folder = {}, .options = train_options(options, paths, where), .wanted = {}};
  run.options.seed = seed;
  const Settings settings = settings_of(run.options, where);
  run.options.data = paths.at(data);
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
    return Divergence{json.at("diverged").at("epoch").get<int>(),
                      json.at("diverged").at("step").get<std::int64_t>()};
  });
}

State state_of(const StudyRun& run) {
  if (!fs::exists(run.folder / kWanted)) return State::absent;
  if (divergence_of(run)) return State::diverged;
  return fs::exists(run.folder / kScores) ? State::done : State::unfinished;
}

int epochs_done(const StudyRun& run) {
  const fs::path path = run.folder / "run.json";
  if (!fs::exists(path)) return 0;
  return from_record(path, [](const Json& json) { return json.at("epochs_done").get<int>(); });
}

bool train_run(const StudyRun& run, int epochs, const Json& listing, const Machine& machine) {
  io::RunFolder::at(run.folder);
  Json wanted = run.wanted;
  wanted["listing"] = listing;
  io::write_json(run.folder / kWanted, wanted);
  TrainOptions options = run.options;
  // A run that has begun keeps its settings: options would go on top of the recipe again, not of these.
  if (fs::exists(checkpoint(run, "last")) || fs::exists(previous(run, "last"))) {
    options = TrainOptions{};
    options.data = run.options.data;
    options.resume = "auto";
    options.run = run.options.run;
    options.cache_mib = run.options.cache_mib;
  }
  options.out = run.folder;
  options.epochs = epochs;
  options.device = machine.device;
  options.threads = machine.threads;
  try {
    return train(options);
  } catch (const DivergedError& e) {
    std::printf("Diverged: %s\n", e.what());
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
      options.split = split;
      options.data = run.options.data;
      options.out = run.folder;
      options.device = machine.device;
      options.threads = machine.threads;
      options.run.workers = run.options.run.workers;
      const Evaluation evaluation = evaluate(options);
      scores[state]["epoch"] = read_json_file(run.folder / evaluation_file(state, split)).at("epoch");
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
      scores.epoch[state] = of_state.at("epoch").get<int>();
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
