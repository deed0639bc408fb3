#include "apps/study/study_options.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/program/command_words.h"
#include "apps/program/number_options.h"
#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/quoted_name.h"

namespace poster::study {
namespace {

std::string value_text(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (value.is_array() && !value.empty()) {
    return io::join(value, ",", [&](const Json& part) {
      if (!part.is_string()) throw Error(where + ": wants texts in its list");
      return part.get<std::string>();
    });
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
  std::vector<std::string> arguments;
  for (const auto& [name, value] : options.items()) {
    const std::string place = where + ": option " + io::quoted_name(name);
    const io::SettingInfo* flag = train_flag("--" + name);
    if (flag == nullptr)
      throw Error(place +
                  ": poster_train has none of that name; see poster_train --help, and leave the dashes out");
    if (flag->no_study) throw Error(place + ": isn't for a study file; " + flag->no_study);
    if (flag->is_switch) {
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
  TrainOptions parsed;
  CLI::App app;
  add_train_options(app, parsed);
  check_numbers(app);
  try {
    parse_words(app, command_line(options, paths, where));
  } catch (const CLI::ParseError& e) {
    throw Error(where + ": " + e.what());
  }
  return parsed;
}

Settings settings_of(TrainOptions options, const std::string& where) {
  options.given.set("-", &Settings::data);
  try {
    Settings settings = resolve_settings(options, nullptr);
    settings.data.clear();
    return settings;
  } catch (const Error& e) {
    throw Error(where + ": " + e.what());
  }
}

}  // namespace poster::study
