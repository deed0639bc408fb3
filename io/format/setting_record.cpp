#include "io/format/setting_record.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/setting_value.h"

namespace poster::io {
namespace {

using json = nlohmann::ordered_json;

std::string bound(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

std::string range_text(const SettingRange& range, bool whole) {
  if (range.high < SettingRange::kAny) return "lie in " + bound(range.low) + " to " + bound(range.high);
  if (range.low == -SettingRange::kAny) return "be finite";
  return (whole ? "be " : "be finite and ") +
         (range.above_low ? "greater than " + bound(range.low) : bound(range.low) + " or more");
}

// A whole number that passes for a double, and that its type can't hold.
bool fits_type(const json& value, const SettingValue& like) {
  const auto fits = [&]<typename T>(const T&) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
      return value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>())
                                        : std::in_range<T>(value.get<std::int64_t>());
    return true;
  };
  return std::visit(fits, like);
}

std::string fault(const SettingInfo& setting, const SettingValue& like, const json& value) {
  const auto refused = [&](const std::string& wanted) { return shown(value) + "; it must " + wanted; };
  if (!is_of_kind(value, like)) return refused(std::string("be ") + kind_name(like));
  if (value.is_number()) {
    const double x = value.get<double>();
    const SettingRange& range = setting.range;
    if (!(x >= range.low && x <= range.high) || (range.above_low && x == range.low))
      return refused(range_text(range, !std::holds_alternative<double>(like)));
    if (!fits_type(value, like)) return refused("be a smaller number");
  }
  const auto& choices = setting.choices;
  if (!choices.empty() &&
      std::find(choices.begin(), choices.end(), value.get<std::string>()) == choices.end())
    return refused("be " + join_alternatives(choices));
  return "";
}

void check(const SettingInfo& setting, const SettingValue& like, const json& value) {
  if (const std::string text = fault(setting, like, value); !text.empty())
    throw Error(name_of(setting) + " is " + text);
}

json::json_pointer pointer_of(const std::string& key) { return json::json_pointer("/" + key); }

}  // namespace

std::string name_of(const SettingInfo& setting) {
  return setting.key.substr(setting.key.rfind('/') + 1) +
         (setting.flag.empty() ? "" : " (" + setting.flag + ")");
}

std::string fault_of(const SettingInfo& setting, const SettingValue& value) {
  return fault(setting, value, to_json(value));
}

void check_setting(const SettingInfo& setting, const SettingValue& value) {
  const auto* const nested = std::get_if<NestedRecord>(&value);
  if (nested && nested->json.empty()) return;  // none
  check(setting, value, to_json(value));
}

std::optional<SettingValue> read_setting(const SettingInfo& setting, const SettingValue& usual,
                                         const json& record) {
  if (const auto slash = setting.key.find('/'); slash != std::string::npos) {
    const std::string part = setting.key.substr(0, slash);
    if (!record.contains(part) && setting.part_since == 1) throw Error(part + " is missing");
    if (!record.contains(part)) return std::nullopt;
    if (!record.at(part).is_object())
      throw Error(part + " is " + shown(record.at(part)) + "; it must be an object");
  }
  const json::json_pointer at = pointer_of(setting.key);
  if (!record.contains(at)) {
    if (setting.since == 1) throw Error(name_of(setting) + " is missing");
    return std::nullopt;
  }
  check(setting, usual, record.at(at));
  return value_from_json(record.at(at), usual);
}

void write_setting(const SettingInfo& setting, const SettingValue& value, json& record) {
  record[pointer_of(setting.key)] = to_json(value);
}

}  // namespace poster::io
