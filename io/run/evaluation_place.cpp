#include "io/run/evaluation_place.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/random.h"
#include "io/format/json.h"
#include "io/run/evaluation_record.h"

namespace poster {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

std::string short_hash(const std::string& text) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(hash_name(text) >> 32));
  return digits;
}

// A record in a folder; nothing where there is none, or a damaged one: then nothing is known by it.
std::optional<json> record(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  try {
    return io::read_json<json>(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Whether the checkpoint is a state of the run in run.json.
bool is_state_of(const json& run, const Checkpoint& checkpoint) {
  if (!checkpoint.settings()) return false;
  const Settings& own = *checkpoint.settings();
  try {
    const Settings there = settings_from_json(run.at("settings"));
    return there.model == own.model && there.seed == own.seed && there.classes == own.classes &&
           there.recipe.name == own.recipe.name && io::same_view(there.view, own.view);
  } catch (const std::exception&) {
    return false;
  }
}

bool is_own_data(const json& run, const EvaluationSubject& subject) {
  try {
    if (run.contains("listings")) {
      const Listings own = listings_from_json(run.at("listings"));
      const auto at = own.find(subject.settings.split);
      return at != own.end() && at->second.hash == subject.listing_hash;
    }
    // An earlier version kept train's listing alone: data with the same train is the run's.
    const Settings& settings = subject.settings;
    const io::ImageFolder train(settings.data, "train", settings_from_json(run.at("settings")).classes,
                                settings.folder_rule());
    return run.at("train_listing_hash") == io::listing_text(train.listing_hash());
  } catch (const std::exception&) {
    return false;
  }
}

bool same_place(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return fs::equivalent(one.empty() ? "." : one, other.empty() ? "." : other, error) && !error;
}

// The view's look and the resizing, apart from where the face is.
json look_of(const Settings& settings) {
  json shown = shown_json(settings);
  shown["view"].erase("margin");
  shown["view"].erase("detector");
  shown["view"].erase("headset_texture");
  return shown;
}

// Against what has the plain name in a folder that is no run's: the first keeps it.
std::string other_than(const json& there, const EvaluationSubject& subject) {
  std::string of;
  if (there.value("listing_hash", "") != subject.listing_hash) of += "-on-" + subject.listing_hash;
  if (there.value("checkpoint", "") != subject.checkpoint.path().string())
    of += "-of-" + short_hash(subject.checkpoint.path().string());
  return of;
}

}  // namespace

json shown_json(const Settings& settings) {
  return {{"view", io::to_json(settings.view)},
          {"resize", settings.recipe.resize == io::ResizeMode::stretch ? "stretch" : "keep-ratio"},
          {"size", settings.recipe.size}};
}

std::string other_subject(const fs::path& folder, const EvaluationSubject& subject) {
  const Settings* trained = subject.checkpoint.settings();
  std::string seen;
  if (trained && look_of(*trained) != look_of(subject.settings))
    seen = std::string("-seen-") + io::view_name(subject.settings.view.view) + "-" +
           short_hash(look_of(subject.settings).dump());
  if (trained && trained->classes != subject.settings.classes) {
    std::string names;
    for (const std::string& name : subject.settings.classes) names += name + '\n';
    seen += "-named-" + short_hash(names);
  }
  if (!subject.whole_network) seen += "-partial";

  const fs::path home = subject.checkpoint.path().parent_path();
  std::optional<json> run;  // the one that the checkpoint is of
  for (const fs::path& place : {home, folder})
    if (auto there = record(place / "run.json"); !run && there && is_state_of(*there, subject.checkpoint))
      run = std::move(there);
  std::string of;
  if (run && !is_own_data(*run, subject)) of += "-on-" + subject.listing_hash;
  const auto in_folder = record(folder / "run.json");
  if (in_folder && !is_state_of(*in_folder, subject.checkpoint))
    of += "-of-" + short_hash(subject.checkpoint.path().string());
  of += seen;
  if (in_folder || !of.empty() || (run && same_place(home, folder))) return of;
  const auto plain = record(folder / evaluation_file(subject.state, subject.settings.split));
  return plain ? other_than(*plain, subject) : "";
}

}  // namespace poster
