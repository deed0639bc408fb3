#include "io/settings/setting_rules.h"

#include <cmath>
#include <cstdio>
#include <limits>

#include "engine/error.h"
#include "io/format/printable.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;
using enum OnResume;
using enum SettingKind;

constexpr double kMaxImages = 1e12, kMaxSteps = 1e15;
constexpr double kAny = std::numeric_limits<double>::max();  // finite

constexpr SettingRule kSettings[] = {
    {"data", "--data", text, said},
    {"model", "--model", text, refused},
    {"recipe", "--recipe", object, record},  // its members follow
    {"recipe/resize", "--resize", text},
    {"recipe/name", "--recipe", text},
    {"recipe/size", "", whole, insist, 1, 4096},
    {"recipe/flip_probability", "--flip", number, insist, 0, 1},
    {"recipe/brightness", "--brightness", number, insist, 0, 10},
    {"recipe/contrast", "--contrast", number, insist, 0, 10},
    {"recipe/saturation", "--saturation", number, insist, 0, 10},
    {"recipe/hue", "--hue", number, insist, 0, 0.5},
    {"recipe/rotation_degrees", "--rotation", number, insist, 0, 180},
    {"recipe/translation", "--translation", number, insist, 0, 1},
    {"recipe/erase_probability", "--erase", number, insist, 0, 1},
    {"recipe/erase_area_min", "--erase-area-min", number, insist, 0, 1},
    {"recipe/erase_area_max", "--erase-area-max", number, insist, 0, 1},
    {"recipe/erase_aspect_min", "", number, insist, 1e-3, 1e3},
    {"recipe/erase_aspect_max", "", number, insist, 1e-3, 1e3},
    {"recipe/balanced_sampler", "--balanced", truth},
    {"recipe/optimizer", "--optimizer", text},
    {"recipe/learning_rate", "--lr", number, recorded, 0, kAny, true},
    {"recipe/gamma", "--gamma", number, recorded, 0, kAny, true},
    {"recipe/rho", "--rho", number, insist, 0, kAny},
    {"recipe/epochs", "--epochs", whole, said, 1, kMaxEpochs},
    {"recipe/batch_size", "--batch-size", whole, recorded, 1, 1 << 20},
    {"recipe/flip_or_noise_probability", "", number, insist, 0, 1, false, true},
    {"recipe/noise_deviation", "", number, insist, 0, 255, false, true},
    {"recipe/label_smoothing", "", number, insist, 0, 1, false, true},
    {"recipe/loss_weight", "", number, insist, 1e-6, 1e6, false, true},
    {"view", "--view", object, record, 0, 0, false, true},  // compared and checked by view_options.h
    {"preparation", "", object, record, 0, 0, false, true},
    {"weight_decay", "--wd", number, insist, 0, kAny},
    {"momentum", "--momentum", number, insist, 0, kAny},
    {"seed", "--seed", whole, insist, 0, 18446744073709551615.0},
    {"freeze", "--freeze", text, insist, 0, 0, false, true},
    {"precision", "--precision", text, recorded, 0, 0, false, true},
    {"split", "--split", text},
    {"drop_last", "--drop-last", truth, recorded},
    {"skip_bad", "--skip-bad", whole, said, 0, kMaxImages},
    {"flat_folders", "--flat-folders", truth, insist, 0, 0, false, true},
    {"classes", "--classes", texts, refused},
    {"initial_weights", "", texts, record, 0, 0, false, true},
    {"changes", "", texts, record, 0, 0, false, true},
};

constexpr SettingRule kPosition[] = {
    {"epoch", "", whole, record, 0, kMaxEpochs},
    {"step", "", whole, record, 0, kMaxImages},
    {"pictures", "", whole, record, 0, kMaxImages, false, true},
    {"best_accuracy", "", number, record, -1, 100},
    {"best_epoch", "", whole, record, -1, kMaxEpochs},
    {"loss_sum", "", number, record, -kAny, kAny},
    {"correct_sum", "", number, record, 0, kAny},
    {"images", "", whole, record, 0, kMaxSteps},
    {"optimizer_steps", "", whole, record, 0, kMaxSteps},
    {"forward_passes", "", whole, record, 0, kMaxSteps},
    {"loss_scale", "", number, record, 0, kAny, false, true},
    {"good_steps", "", whole, record, 0, kMaxSteps, false, true},
    {"skipped_steps", "", whole, record, 0, kMaxSteps, false, true},
    {"train_listing", "", text, record, 0, 0, false, true},
    {"valid_listing", "", text, record, 0, 0, false, true},
};

json::json_pointer pointer(const SettingRule& rule) {
  return json::json_pointer("/" + std::string(rule.key));
}

bool is_of_kind(SettingKind kind, const json& value) {
  switch (kind) {
    case whole:
      return value.is_number_integer();
    case number:
      return value.is_number();
    case truth:
      return value.is_boolean();
    case text:
      return value.is_string();
    case object:
      return value.is_object();
    case texts:
      if (!value.is_array()) return false;
      for (const json& each : value)
        if (!each.is_string()) return false;
      return true;
  }
  return false;
}

const char* wanted_kind(SettingKind kind) {
  switch (kind) {
    case whole:
      return "a whole number";
    case number:
      return "a number";
    case truth:
      return "true or false";
    case text:
      return "a text";
    case texts:
      return "a list of texts";
    case object:
      return "an object";
  }
  return "";
}

// Short, on one line, whatever a file holds.
std::string shown(const json& value) {
  constexpr std::size_t kLongest = 60;
  if (value.is_null()) return "none";
  if (value.is_number_float()) {  // NaN and infinity too
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", value.get<double>());
    return text;
  }
  if (value.is_structured() && value.size() > 64) return "a list of " + std::to_string(value.size());
  const std::string text =
      io::printable(value.is_string() ? value.get<std::string>()
                                      : value.dump(-1, ' ', false, json::error_handler_t::replace));
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "…";
}

std::string bound(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

std::string name_of(const SettingRule& rule) {
  const std::string key = rule.key;
  return key.substr(key.rfind('/') + 1) + (*rule.flag ? " (" + std::string(rule.flag) + ")" : "");
}

void check(const SettingRule& rule, const json& value) {
  if (!is_of_kind(rule.kind, value))
    throw Error(name_of(rule) + " is " + shown(value) + "; it must be " + wanted_kind(rule.kind));
  if (rule.kind != whole && rule.kind != number) return;
  const double x = value.get<double>();
  if (x >= rule.low && x <= rule.high && !(rule.above_low && x == rule.low)) return;
  std::string range;
  if (rule.high < kAny)
    range = "lie in " + bound(rule.low) + " to " + bound(rule.high);
  else if (rule.low == -kAny)
    range = "be finite";
  else
    range = "be finite and " +
            (rule.above_low ? "greater than " + bound(rule.low) : bound(rule.low) + " or more");
  throw Error(name_of(rule) + " is " + shown(value) + "; it must " + range);
}

}  // namespace

std::span<const SettingRule> setting_rules() { return kSettings; }
std::span<const SettingRule> position_rules() { return kPosition; }

void check_by_rules(std::span<const SettingRule> rules, const json& record) {
  for (const SettingRule& rule : rules) {
    const json::json_pointer at = pointer(rule);
    if (record.contains(at))
      check(rule, record.at(at));
    else if (!rule.may_be_absent)
      throw Error(name_of(rule) + " is missing");
  }
}

std::vector<SettingChange> changed_settings(const json& before, const json& after) {
  std::vector<SettingChange> changes;
  const auto at = [](const json& settings, const SettingRule& rule) {
    const json::json_pointer where = pointer(rule);
    return settings.contains(where) ? settings.at(where) : json();
  };
  for (const SettingRule& rule : kSettings) {
    if (rule.on_resume == OnResume::record) continue;
    const json x = at(before, rule), y = at(after, rule);
    if (x != y) changes.push_back({&rule, shown(x), shown(y)});
  }
  return changes;
}

std::string describe(const SettingChange& change) {
  return std::string(*change.rule->flag ? change.rule->flag : change.rule->key) + " " + change.after +
         " (was " + change.before + ")";
}

}  // namespace poster
