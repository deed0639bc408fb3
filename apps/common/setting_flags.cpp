#include "apps/common/setting_flags.h"

#include <CLI/CLI.hpp>
#include <optional>

#include "engine/error.h"
#include "io/format/setting_record.h"
#include "io/format/setting_value.h"

namespace poster {
namespace {

std::string names_of(const io::SettingInfo& setting) {
  return setting.short_flag.empty() ? setting.flag : setting.short_flag + "," + setting.flag;
}

// `Given`: what CLI11 reads the text as. An Error of `take` becomes one of the command line, with the flag.
template <typename Given>
CLI::Option* add(CLI::App& app, const io::SettingInfo& setting, std::function<void(const Given&)> take) {
  const std::function<void(const Given&)> take_or_refuse = [take = std::move(take),
                                                            flag = setting.flag](const Given& value) {
    try {
      take(value);
    } catch (const Error& error) {
      throw CLI::ValidationError(flag, error.what());
    }
  };
  CLI::Option* option = app.add_option_function<Given>(names_of(setting), take_or_refuse, setting.help);
  if (!setting.choices.empty()) option->check(CLI::IsMember(setting.choices));
  return option->group(setting.group);
}

template <typename T>
std::function<void(const std::optional<T>&)> if_given(TakeValue take) {
  return [take = std::move(take)](const std::optional<T>& value) {
    if (value) take(*value);
  };
}

}  // namespace

void add_setting_flag(CLI::App& app, const io::SettingInfo& setting, const io::SettingValue& usual,
                      TakeValue take) {
  if (setting.is_switch) {
    app.add_flag_callback(
           names_of(setting), [take] { take(true); }, setting.help)
        ->group(setting.group);
    return;
  }
  const auto add_for = [&]<typename T>(const T&) {
    if constexpr (std::is_same_v<T, io::Colour>) {
      add<std::optional<std::string>>(app, setting,
                                      if_given<std::string>([take](const io::SettingValue& text) {
                                        take(io::parse_colour(std::get<std::string>(text)));
                                      }));
    } else if constexpr (!std::is_same_v<T, io::NestedRecord>) {
      CLI::Option* option = add<std::optional<T>>(app, setting, if_given<T>(take));
      if constexpr (std::is_same_v<T, std::vector<std::string>>)
        option->delimiter(',')->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  };
  std::visit(add_for, usual);
}

void add_option_flag(CLI::App& app, const io::SettingInfo& setting, const io::SettingValue& usual,
                     TakeValue take) {
  if (setting.is_switch) return add_setting_flag(app, setting, usual, std::move(take));
  const auto check_and_take = [setting, take = std::move(take)](const io::SettingValue& value) {
    if (const std::string fault = io::fault_of(setting, value); !fault.empty()) throw Error(fault);
    take(value);
  };
  const auto add_for = [&]<typename T>(const T& value) {
    if constexpr (std::is_same_v<T, int> || std::is_same_v<T, double> || std::is_same_v<T, std::string>) {
      CLI::Option* option = add<T>(app, setting, check_and_take);
      if (setting.shows_default) option->default_str(io::to_text(value));
    }
  };
  std::visit(add_for, usual);
}

}  // namespace poster
