// A setting is one row of a table. From the row come its flag and its line in --help, its place in records
// (run.json, checkpoints), the checks of its values, what it means to a run that goes on, and whether a study
// may set it. A struct whose members are settings has its rows as S::table(): Recipe, ViewOptions, Settings.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace poster::io {

using Colour = std::array<std::uint8_t, 3>;  // RGB

// A record of its own inside another one, as JSON; empty: none.
struct NestedRecord {
  std::string json = {};
  bool operator==(const NestedRecord&) const = default;
};

// Any setting's value. Enumerations are their names.
using SettingValue = std::variant<bool, int, std::int64_t, std::uint64_t, double, std::string,
                                  std::vector<std::string>, Colour, NestedRecord>;

// What a changed setting means to a run that goes on.
enum class OnResume {
  said,      // what was computed stays right: the change is said
  recorded,  // as people do in mid-run: said and kept in the run's record
  insist,    // another experiment: refused, but with --allow-changes; then said and kept in the record
  refused,   // the weights don't fit any more
  record     // not a setting: what the run has been through, or compared elsewhere
};

// Of numbers. Without bounds: any finite one.
struct SettingRange {
  static constexpr double kAny = std::numeric_limits<double>::max();
  double low = -kAny, high = kAny;
  bool above_low = false;           // low itself is not possible
  std::string_view not_below = {};  // the key of a setting beside it whose value is a lower bound, too
};

struct SettingInfo {
  std::string key = {};         // in records, "recipe/rho"; empty: it stands in none
  std::string flag = {};        // "--rho"; empty: it can't be given
  std::string short_flag = {};  // "-b"
  std::string group = {};       // of --help
  std::string help = {};
  SettingRange range = {};
  std::vector<std::string> choices = {};  // of a text; empty: any
  OnResume on_resume = OnResume::insist;
  // The first generation of records that has it: earlier ones mean the default, which therefore never changes
  // (docs/versions.md). `part_since`: of what comes before the "/" of its key.
  int since = 1, part_since = 1;
  bool is_switch = false;          // a flag without a value: it sets true
  bool written_if_set = false;     // a record has it only where it isn't the default
  bool shows_default = false;      // in --help
  bool always_told = false;        // a command line for a run says it also where it is as usual
  const char* no_study = nullptr;  // why a study's file can't give it
};

template <typename S>
struct Setting : SettingInfo {
  std::function<SettingValue(const S&)> get;
  std::function<void(S&, const SettingValue&)> set;  // of the same alternative as get gives
  std::function<const void*(const S&)> address;      // of the member
  std::function<bool(const S&)> used;  // whether s has a use for it: else no record has it. Empty: always
  SettingValue usual;                  // what S{} has

  bool is_used(const S& s) const { return !used || used(s); }
};

template <typename S>
using SettingTable = std::vector<Setting<S>>;

// The member that pointers to members lead to: member_at(settings, &Settings::recipe, &Recipe::rho).
template <typename S>
S& member_at(S& s) {
  return s;
}
template <typename S, typename M, typename... Rest>
auto& member_at(S& s, M member, Rest... rest) {
  return member_at(s.*member, rest...);
}

// A row for a member of one of SettingValue's types.
template <typename S, typename T>
Setting<S> setting(T S::*member, SettingInfo info,
                   std::function<bool(const std::type_identity_t<S>&)> used = {}) {
  return {std::move(info),
          [member](const S& s) -> SettingValue { return s.*member; },
          [member](S& s, const SettingValue& value) { s.*member = std::get<T>(value); },
          [member](const S& s) -> const void* { return &(s.*member); },
          std::move(used),
          S{}.*member};
}

// A row for a member whose values have names: `name` gives a value's, `by_name` throws Error for none of
// them.
template <typename S, typename T, typename Name, typename ByName>
Setting<S> named_setting(T S::*member, Name name, ByName by_name, SettingInfo info) {
  return {std::move(info),
          [=](const S& s) -> SettingValue { return std::string(name(s.*member)); },
          [=](S& s, const SettingValue& value) { s.*member = by_name(std::get<std::string>(value)); },
          [member](const S& s) -> const void* { return &(s.*member); },
          {},
          std::string(name(S{}.*member))};
}

// The rows of a member's own table; their keys begin with `prefix`, as in "recipe/".
// `since`: the first generation of records that has this part.
template <typename S, typename P>
void add_settings_of(P S::*part, const std::string& prefix, const SettingTable<P>& rows, int since,
                     SettingTable<S>& table) {
  for (const Setting<P>& row : rows) {
    SettingInfo info = row;
    info.key = prefix + row.key;
    info.part_since = since;
    table.push_back(
        {std::move(info), [part, &row](const S& s) { return row.get(s.*part); },
         [part, &row](S& s, const SettingValue& value) { row.set(s.*part, value); },
         [part, &row](const S& s) { return row.address(s.*part); },
         row.used ? [part, &row](const S& s) { return row.used(s.*part); } : std::function<bool(const S&)>(),
         row.usual});
  }
}

}  // namespace poster::io
