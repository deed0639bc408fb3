#include "apps/report/run_record.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <new>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/folder_names.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/run/evaluation_record.h"
#include "io/run/run_log.h"
#include "io/run/run_state.h"

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
  } catch (const std::bad_alloc&) {
    throw;                                 // no fault of the file
  } catch (const std::exception& error) {  // of the library, or of a value that can't be
    throw Error(path.string() + ": is not as poster_train writes it (" + io::describe_json_error(error) +
                "); " + mend);
  }
}

bool same_counts(const io::Predictions& predictions, const io::ConfusionMatrix& confusion) {
  if (std::ssize(predictions.outputs) != confusion.outputs()) return false;
  io::ConfusionMatrix counted(confusion.class_names(), confusion.outputs());
  for (const io::JudgedImage& image : predictions.images) {
    if (image.label >= confusion.classes()) return false;
    counted.add(image.label, image.prediction);
  }
  return counted.json() == confusion.json();
}

// Whether both names lead to one folder.
bool same_folder(const std::string& one, const std::string& other) {
  std::error_code error;
  return fs::weakly_canonical(one, error) == fs::weakly_canonical(other, error);
}

// Empty for the run's own result.
std::string why_not_own(const EvaluationRecord& record, const RunRecord& run) {
  std::string why;
  const auto add = [&](const std::string& reason) { io::add_part(why, reason); };
  if (record.listing_hash.empty()) {
    // An earlier version told the folder and the view alone.
    if (!same_folder(record.data, run.settings.data)) add("other images");
    if (!io::same_view(record.view, run.settings.view)) add("another view or resizing");
    return why;
  }
  const auto own = run.listings.find(record.split);
  if (record.of.find("-on-") != std::string::npos ||
      (own != run.listings.end() && own->second.hash != record.listing_hash))
    add("other images");
  const auto train = run.listings.find("train");
  if (record.split != "train" && train != run.listings.end() && train->second.hash == record.listing_hash)
    add("those that it was trained on");
  if (record.of.find("-seen-") != std::string::npos) add("another view or resizing");
  if (record.of.find("-named-") != std::string::npos) add("other class names");
  if (record.of.find("-partial") != std::string::npos) add("only a part of the weights");
  if (record.of.find("-of-") != std::string::npos) add("another checkpoint");
  return why;
}

EvaluationRecord read_evaluation(const fs::path& path, const RunRecord& run) {
  const std::string mend = "remove the file and evaluate the checkpoint again";
  const json j = read_json(path, mend);
  EvaluationRecord record{.state = {},
                          .split = {},
                          .loss = std::numeric_limits<double>::quiet_NaN(),
                          .data = {},
                          .listing_hash = {},
                          .view = {},
                          .confusion = io::ConfusionMatrix::from_json(j, path.string())};
  reading(path, mend, [&] {
    record.split = j.at("split").get<std::string>();
    record.data = j.at("data").get<std::string>();
    if (j.at("epoch").is_number()) record.epoch = j.at("epoch").get<int>();
    if (j.at("loss").is_number()) record.loss = j.at("loss").get<double>();
    record.view = io::view_from_json(j.at("view"));
    record.state = j.value("state", "");
    record.of = j.value("of", "");
    record.listing_hash = j.value("listing_hash", "");
    if (j.contains("preparation")) record.preparation = io::preparation_from_json(j.at("preparation"));
    if (j.contains("renaming")) record.renaming = j.at("renaming").at("text").get<std::string>();
  });
  const std::string name = path.stem().string(), prefix = "evaluation-",
                    suffix = "-" + record.split + record.of;
  if (!name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size())
    throw Error(path.string() + ": tells of the split '" + record.split + "', its name of another; " + mend);
  // Earlier versions have the state in the name alone; a copy under another name is told by that.
  record.state = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  record.why_not_own = why_not_own(record, run);
  record.own = record.why_not_own.empty() && record.of.empty();

  const fs::path predictions = path.parent_path() / predictions_file(record.state, record.split, record.of);
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

// The run's own; best, last, then the others by name; test, valid, then the others.
std::array<std::string, 4> rank(const EvaluationRecord& e) {
  return {e.own ? "0" : "1",
          e.state == "best"   ? "0"
          : e.state == "last" ? "1"
                              : "2" + e.state,
          e.split == "test"    ? "0"
          : e.split == "valid" ? "1"
                               : "2" + e.split,
          e.of};
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
    if (each.own && each.state == of_state && each.split == of_split) return &each;
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
    run.state = true_state(folder, j.at("state").get<std::string>());
    run.message = j.value("message", "");
    if (j.contains("listings")) run.listings = listings_from_json(j.at("listings"));
    if (j.contains("left_out"))
      for (const auto& [split, line] : j.at("left_out").items())
        if (!line.get<std::string>().empty()) run.left_out.emplace_back(split, line.get<std::string>());
    run.device = j.at("device").get<std::string>();
    run.listing_hash = j.at("train_listing_hash").get<std::string>();
    for (const auto& [key, value] : j.at("versions").items())
      run.versions.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    run.settings = settings_from_json(j.at("settings"));
    for (const auto& [key, value] : j.at("train_pictures").items())
      run.train_images.emplace_back(key, value.get<std::int64_t>());
    run.valid_images = j.at("valid_pictures").get<std::int64_t>();
    run.epochs_done = j.at("epochs_done").get<int>();
    run.best_epoch = j.at("best_epoch").get<int>();
  });
  run.epochs = io::MetricsTable(folder / "metrics.csv", std::numeric_limits<int>::max()).rows();
  // While a run goes on, run.json says where it began.
  if ((run.state == run_states::kRunning || run.state == run_states::kInterrupted) && !run.epochs.empty()) {
    run.epochs_done = std::max(run.epochs_done, run.epochs.back().epoch + 1);
    double best = j.value("best_accuracy", -1.0);
    for (const io::EpochMetrics& epoch : run.epochs)
      if (epoch.valid_accuracy > best) best = epoch.valid_accuracy, run.best_epoch = epoch.epoch;
  }
  for (const std::string& name : io::names_in(folder))
    if (name.starts_with("evaluation-") && name.ends_with(".json"))
      run.evaluations.push_back(read_evaluation(folder / name, run));
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
