#include "io/settings/settings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/report/numbers.h"
#include "apps/report/sections.h"
#include "apps/train/train_options.h"
#include "engine/error.h"
#include "io/format/join.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;
using Values = std::vector<std::pair<std::string, std::string>>;  // in the order of the file

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  return value.empty() ? "none" : io::join(value, ", ", text_of);
}

void flatten(const json& value, const std::string& prefix, Values& values) {
  for (const auto& [key, member] : value.items())
    if (member.is_object())
      flatten(member, prefix + key + ".", values);
    else
      values.emplace_back(prefix + key, text_of(member));
}

Values values_of(const Settings& settings) {
  Values values;
  flatten(to_json(settings), "", values);
  return values;
}

std::string find(const Values& values, const std::string& key) {
  for (const auto& [name, value] : values)
    if (name == key) return value;
  return kNone;
}

// As the model and the recipe have them; nothing for a recipe that this version doesn't know.
Values usual_values(const Settings& settings) {
  TrainOptions options;
  options.given.set(settings.data, &Settings::data);
  options.given.set(settings.model, &Settings::model);
  options.given.set(settings.recipe.name, &Settings::recipe, &io::Recipe::name);
  try {
    Settings usual = resolve_settings(options, nullptr);
    usual.classes = settings.classes;
    return values_of(usual);
  } catch (const Error&) {
    return {};
  }
}

void add_single(Document& document, const RunRecord& run) {
  const Values values = values_of(run.settings), usual = usual_values(run.settings);
  Table changed{.columns = {"Setting", "Here", "Recipe"}, .rows = {}, .numbers = false};
  Table all{.columns = {"Setting", "Value"}, .rows = {}, .numbers = false};
  for (const auto& [key, value] : values) {
    all.rows.push_back({key, value});
    if (!usual.empty() && find(usual, key) != value) changed.rows.push_back({key, value, find(usual, key)});
    all.marked.push_back(!usual.empty() && find(usual, key) != value);
  }
  if (usual.empty())
    document.add(Paragraph{"This version has no recipe \"" + run.settings.recipe.name +
                               "\" to compare with: every setting is listed.",
                           Tone::note});
  else if (changed.rows.empty())
    document.add(Paragraph{"All are those of the recipe \"" + run.settings.recipe.name + "\"."});
  else
    document.add(std::move(changed));
  document.add(Fold{"All settings", {std::move(all)}});
}

void add_several(Document& document, const std::vector<RunRecord>& runs) {
  std::vector<Values> values;
  std::vector<std::string> keys;
  for (const RunRecord& run : runs) {
    values.push_back(values_of(run.settings));
    for (const auto& [key, value] : values.back())
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  Table differing{.columns = {"Setting"}, .rows = {}, .numbers = false};
  Table equal{.columns = {"Setting", "Value of all"}, .rows = {}, .numbers = false};
  for (const RunRecord& run : runs) differing.columns.push_back(run.name);
  for (const std::string& key : keys) {
    std::vector<std::string> row{key};
    for (const Values& each : values) row.push_back(find(each, key));
    if (std::all_of(row.begin() + 1, row.end(), [&](const std::string& value) { return value == row[1]; }))
      equal.rows.push_back({key, row[1]});
    else
      differing.rows.push_back(std::move(row));
  }
  if (differing.rows.empty())
    document.add(Paragraph{"All runs have the same."});
  else
    document.add(std::move(differing));
  document.add(Fold{plural(std::ssize(equal.rows), "setting") + " that all runs share", {std::move(equal)}});
}

}  // namespace

void add_settings(Document& document, const std::vector<RunRecord>& runs) {
  document.add(Heading{2, "Settings"});
  if (runs.size() == 1)
    add_single(document, runs[0]);
  else
    add_several(document, runs);
}

}  // namespace poster
