#include "io/settings/setting_changes.h"

#include <nlohmann/json.hpp>

#include "io/format/setting_value.h"

namespace poster {
namespace {

std::string text_of(const io::Setting<Settings>& row, const io::SettingValue& value) {
  return row.written_if_set && value == row.usual ? "none" : io::shown(io::to_json(value));
}

}  // namespace

std::vector<SettingChange> changed_settings(const Settings& before, const Settings& after) {
  std::vector<SettingChange> changes;
  for (const io::Setting<Settings>& row : Settings::table()) {
    if (row.on_resume == io::OnResume::record) continue;
    const io::SettingValue x = row.get(before), y = row.get(after);
    if (x != y) changes.push_back({&row, text_of(row, x), text_of(row, y)});
  }
  return changes;
}

std::string describe(const SettingChange& change) {
  const io::SettingInfo& setting = *change.setting;
  return (setting.flag.empty() ? setting.key : setting.flag) + " " + change.after + " (was " + change.before +
         ")";
}

}  // namespace poster
