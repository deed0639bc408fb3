// Settings (io/format/setting.h) in records. Records come from other people's disks: each value is checked
// before it becomes one of ours.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "io/format/setting.h"

namespace poster::io {

// "epochs (--epochs)": how messages name a setting.
std::string name_of(const SettingInfo& setting);

// "0; it must lie in 1 to 1000000", or "" for a sound value.
std::string fault_of(const SettingInfo& setting, const SettingValue& value);
// Throws Error, "epochs (--epochs) is 0; it must lie in 1 to 1000000".
void check_setting(const SettingInfo& setting, const SettingValue& value);
// What `record` has, of the alternative of `usual`; nothing where a record of an earlier version lacks it.
// Throws Error where another lacks it, and for a value of another type or as check_setting.
std::optional<SettingValue> read_setting(const SettingInfo& setting, const SettingValue& usual,
                                         const nlohmann::ordered_json& record);
void write_setting(const SettingInfo& setting, const SettingValue& value, nlohmann::ordered_json& record);

// The key of a setting in the same part of a record.
inline std::string beside(const std::string& key, std::string_view other) {
  return key.substr(0, key.rfind('/') + 1) + std::string(other);
}

// Every setting; throws Error.
template <typename S>
void check_settings(const S& s) {
  for (const Setting<S>& row : S::table()) {
    SettingInfo info = row;
    for (const Setting<S>& other : S::table())
      if (!row.range.not_below.empty() && other.key == beside(row.key, row.range.not_below))
        info.range.low = std::get<double>(other.get(s));
    check_setting(info, row.get(s));
  }
}

template <typename S>
void write_settings(const S& s, nlohmann::ordered_json& record) {
  for (const Setting<S>& row : S::table())
    if (const SettingValue value = row.get(s); row.is_used(s) && !(row.written_if_set && value == row.usual))
      write_setting(row, value, record);
}

// Throws Error, also for values that don't go together. What no row is for is let be: later versions have more.
template <typename S>
S read_settings(const nlohmann::ordered_json& record) {
  S s{};
  for (const Setting<S>& row : S::table())
    if (row.is_used(s))
      if (const auto value = read_setting(row, row.usual, record)) row.set(s, *value);
  check_settings(s);
  return s;
}

}  // namespace poster::io
