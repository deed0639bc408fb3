#include "apps/report/run_record.h"

#include <algorithm>
#include <limits>
#include <map>

#include "apps/common/view_options.h"
#include "apps/train/evaluation_record.h"
#include "engine/error.h"
#include "io/format/folder_names.h"
#include "io/format/json.h"
#include "io/run_log.h"

namespace poster {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

json read_json(const fs::path& path, const std::string& mend) { return io::read_json<json>(path, mend); }

// Calls `read`, which may meet members that are missing or of another type.
template <typename F>
void reading(const fs::path& path, const std::string& mend, F&& read) {
  try {
    read();
  } catch (const json::exception& error) {
    throw Error(path.string() + ": is not as poster_train writes it (" + io::describe_json_error(error) +
                "); " + mend);
  }
}

bool same_counts(const io::Predictions& predictions, const io::ConfusionMatrix& confusion) {
  if (std::ssize(predictions.outputs) != confusion.outputs()) return false;
  io::ConfusionMatrix counted(confusion.class_names(), confusion.outputs());
  for (const io::JudgedPicture& picture : predictions.pictures) {
    if (picture.label >= confusion.classes()) return false;
    counted.add(picture.label, picture.prediction);
  }
  return counted.json() == confusion.json();
}

EvaluationRecord read_evaluation(const fs::path& path) {
  const std::string mend = "remove the file and evaluate the checkpoint again";
  const json j = read_json(path, mend);
  EvaluationRecord record{.state = {},
                          .split = {},
                          .loss = std::numeric_limits<double>::quiet_NaN(),
                          .data = {},
                          .view = {},
                          .confusion = io::ConfusionMatrix::from_json(j, path.string())};
  reading(path, mend, [&] {
    record.split = j.at("split").get<std::string>();
    record.data = j.at("data").get<std::string>();
    if (j.at("epoch").is_number()) record.epoch = j.at("epoch").get<int>();
    if (j.at("loss").is_number()) record.loss = j.at("loss").get<double>();
    record.view = view_from_json(j.at("view"));
    if (j.contains("renaming")) record.renaming = j.at("renaming").at("text").get<std::string>();
  });
  const std::string name = path.stem().string(), prefix = "evaluation-", suffix = "-" + record.split;
  if (!name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size())
    throw Error(path.string() + ": tells of the split '" + record.split + "', its name of another; " + mend);
  record.state = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());

  const fs::path predictions = path.parent_path() / predictions_file(record.state, record.split);
  if (!fs::exists(predictions)) {
    record.predictions_missing = "the run's folder has no " + predictions.filename().string() +
                                 "; evaluating the checkpoint again writes it";
    return record;
  }
  record.predictions = io::read_predictions(predictions);
  if (!same_counts(*record.predictions, record.confusion)) {
    record.predictions.reset();
    record.predictions_missing = predictions.filename().string() + " is of another evaluation than " +
                                 path.filename().string() + "; evaluating the checkpoint again writes both";
  }
  return record;
}

// best, last, then the others by name; test, valid, then the others.
std::pair<std::string, std::string> rank(const EvaluationRecord& e) {
  return {e.state == "best"   ? "0"
          : e.state == "last" ? "1"
                              : "2" + e.state,
          e.split == "test"    ? "0"
          : e.split == "valid" ? "1"
                               : "2" + e.split};
}

std::string name_of(const fs::path& folder) {
  fs::path path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.has_filename() ? path.filename().string() : path.string();
}

}  // namespace

const EvaluationRecord* RunRecord::evaluation(const std::string& of_state,
                                              const std::string& of_split) const {
  for (const EvaluationRecord& each : evaluations)
    if (each.state == of_state && each.split == of_split) return &each;
  return nullptr;
}

RunRecord read_run(const fs::path& folder) {
  const fs::path path = folder / "run.json";
  const std::string mend = "give the folder of a run, as poster_train leaves it";
  if (!fs::is_directory(folder)) throw Error(folder.string() + ": is no folder; " + mend);
  if (!fs::exists(path)) throw Error(path.string() + ": is not there; " + mend);
  const json j = read_json(path, mend);
  RunRecord run;
  run.folder = folder;
  run.name = name_of(folder);
  reading(path, mend, [&] {
    run.state = j.at("state").get<std::string>();
    run.device = j.at("device").get<std::string>();
    run.listing_hash = j.at("train_listing_hash").get<std::string>();
    for (const auto& [key, value] : j.at("versions").items())
      run.versions.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    run.settings = settings_from_json(j.at("settings"));
    for (const auto& [key, value] : j.at("train_pictures").items())
      run.train_pictures.emplace_back(key, value.get<std::int64_t>());
    run.valid_pictures = j.at("valid_pictures").get<std::int64_t>();
    run.epochs_done = j.at("epochs_done").get<int>();
    run.best_epoch = j.at("best_epoch").get<int>();
  });
  run.epochs = io::MetricsTable(folder / "metrics.csv", std::numeric_limits<int>::max()).rows();
  // While a run goes on, run.json says where it began.
  if (run.state == "running" && !run.epochs.empty()) {
    run.epochs_done = std::max(run.epochs_done, run.epochs.back().epoch + 1);
    double best = j.value("best_accuracy", -1.0);
    for (const io::EpochMetrics& epoch : run.epochs)
      if (epoch.valid_accuracy > best) best = epoch.valid_accuracy, run.best_epoch = epoch.epoch;
  }
  for (const std::string& name : io::names_in(folder))
    if (name.starts_with("evaluation-") && name.ends_with(".json"))
      run.evaluations.push_back(read_evaluation(folder / name));
  std::sort(run.evaluations.begin(), run.evaluations.end(),
            [](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return run;
}

std::vector<RunRecord> read_runs(const std::vector<fs::path>& folders) {
  std::vector<RunRecord> runs;
  std::map<std::string, int> uses;
  for (const fs::path& folder : folders) {
    runs.push_back(read_run(folder));
    ++uses[runs.back().name];
  }
  for (RunRecord& run : runs)
    if (uses[run.name] > 1) run.name = run.folder.string();
  return runs;
}

}  // namespace poster
