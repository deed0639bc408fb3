// The flags of settings (io/format/setting.h) on a command line.
#pragma once

#include <functional>
#include <string>

#include "io/format/given_settings.h"
#include "io/format/setting.h"

namespace CLI {
class App;
}

namespace poster {

using TakeValue = std::function<void(const io::SettingValue&)>;

// Adds the flag of a setting. What is given, of the alternative of `usual`, goes to `take`; "" is nothing
// where that is no value. The range isn't checked here: what else is given decides whether there is use for
// it. What `take` throws as Error is refused with the flag's name.
void add_setting_flag(CLI::App& app, const io::SettingInfo& setting, const io::SettingValue& usual,
                      TakeValue take);
// The same for an option that is nobody's setting: "" is a text like others, and the range is checked.
void add_option_flag(CLI::App& app, const io::SettingInfo& option, const io::SettingValue& usual,
                     TakeValue take);

template <typename S>
void add_setting_flag(CLI::App& app, const io::Setting<S>& row, io::GivenSettings<S>& given) {
  add_setting_flag(app, row, row.usual, [&](const io::SettingValue& value) { given.set_value(row, value); });
}
template <typename S>
void add_option_flag(CLI::App& app, const io::Setting<S>& row, S& options) {
  add_option_flag(app, row, row.usual, [&](const io::SettingValue& value) { row.set(options, value); });
}

}  // namespace poster
