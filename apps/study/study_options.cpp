#include "apps/study/study_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "engine/error.h"
#include "io/format/quoted_name.h"

namespace poster::study {
namespace {

// Why a study doesn't take an option of poster_train; null: it does.
const char* refusal(const std::string& name) {
  static const std::map<std::string, const char*> reasons = {
      {"data", "name a place of the study's as the experiment's \"data\""},
      {"out", "each run has its folder in the study's"},
      {"resume", "runs that were stopped go on by themselves"},
      {"evaluate", "each run is evaluated on valid and test"},
      {"split", "the epoch is chosen on valid alone"},
      {"seed", "give \"seeds\""},
      {"allow-changes", "a run of a study keeps its settings and data"},
      {"start-epoch", "runs begin with epoch 0"},
      {"dry-run", "give --dry-run to poster_study"},
      {"device", "give --device to poster_study"},
      {"threads", "give --threads to poster_study"},
      {"gpu", "set CUDA_VISIBLE_DEVICES"},
      {"beta", "it has no effect"},
      {"checkpoint_path", "poster_checkpoint convert writes such files"},
      {"best_checkpoint_path", "poster_checkpoint convert writes such files"}};
  const auto found = reasons.find(name);
  return found == reasons.end() ? nullptr : found->second;
}

std::string value_text(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (value.is_array() && !value.empty()) {
    std::string list;
    for (const Json& part : value) {
      if (!part.is_string()) throw Error(where + ": wants texts in its list");
      list += (list.empty() ? "" : ",") + part.get<std::string>();
    }
    return list;
  }
  throw Error(where + ": must be a number, a text, true, false or a list of texts");
}

}  // namespace

std::vector<std::string> places_of(const Json& options) {
  std::vector<std::string> places;
  for (const auto& [name, value] : options.items())
    if (value.is_string() && value.get<std::string>().starts_with('@'))
      places.push_back(value.get<std::string>().substr(1));
  return places;
}

std::vector<std::string> command_line(const Json& options, const std::map<std::string, std::string>& paths,
                                      const std::string& where) {
  CLI::App app;
  TrainOptions unused;
  add_train_options(app, unused);
  std::vector<std::string> arguments;
  for (const auto& [name, value] : options.items()) {
    const std::string place = where + ": option " + io::quoted_name(name);
    const CLI::Option* option = name.size() < 2 ? nullptr : app.get_option_no_throw("--" + name);
    if (option == nullptr || name == "help")
      throw Error(place +
                  ": poster_train has none of that name; see poster_train --help, and leave the dashes out");
    if (const char* reason = refusal(name)) throw Error(place + ": isn't for a study file; " + reason);
    if (option->get_items_expected_max() == 0) {  // a flag
      if (!value.is_boolean()) throw Error(place + ": must be true or false");
      if (value.get<bool>()) arguments.push_back("--" + name);
      continue;
    }
    std::string text = value_text(value, place);
    if (value.is_string() && text.starts_with('@')) {
      const auto path = paths.find(text.substr(1));
      if (path == paths.end())
        throw Error(place + ": " + io::quoted_name(text) +
                    " isn't one of the study's \"data\"; add it there");
      text = path->second;
    }
    arguments.push_back("--" + name + "=" + text);
  }
  return arguments;
}

TrainOptions train_options(const Json& options, const std::map<std::string, std::string>& paths,
                           const std::string& where) {
  std::vector<std::string> arguments = command_line(options, paths, where);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  TrainOptions parsed;
  CLI::App app;
  add_train_options(app, parsed);
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& e) {
    throw Error(where + ": " + e.what());
  }
  return parsed;
}

Settings settings_of(TrainOptions options, const std::string& where) {
  options.data = "-";
  try {
    Settings settings = resolve_settings(options, nullptr);
    settings.data.clear();
    return settings;
  } catch (const Error& e) {
    throw Error(where + ": " + e.what());
  }
}

}  // namespace poster::study
