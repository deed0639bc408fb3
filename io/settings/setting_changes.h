// What differs between the settings that a run had and those that it goes on with.
#pragma once

#include <string>
#include <vector>

#include "io/settings/settings.h"

namespace poster {

struct SettingChange {
  const io::SettingInfo* setting;
  std::string before, after;  // for people
};

// In the order of the table, without what isn't compared by itself (OnResume::record).
std::vector<SettingChange> changed_settings(const Settings& before, const Settings& after);

// "--seed 1 (was 0)".
std::string describe(const SettingChange& change);

}  // namespace poster
