// One table of everything that a run's record holds: what values are possible, and what may change when a run
// goes on. Records come from other people's disks, so each value is checked before it becomes a number of
// ours.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace poster {

inline constexpr int kMaxEpochs = 1'000'000;

// What a changed setting means to a run that goes on.
enum class OnResume {
  said,      // what was computed stays right: the change is said
  recorded,  // as people do in mid-run: said and kept in the run's record
  insist,    // another experiment: refused, but with --allow-changes; then said and kept in the record
  refused,   // the weights don't fit any more
  record     // not a setting: what the run has been through
};

enum class SettingKind { whole, number, truth, text, texts, object };

struct SettingRule {
  const char* key;   // in to_json(Settings), or in a position; "/" between parts
  const char* flag;  // of poster_train; empty where there is none
  SettingKind kind;
  OnResume on_resume = OnResume::insist;
  double low = 0, high = 0;    // of wholes and numbers
  bool above_low = false;      // low itself is not possible
  bool may_be_absent = false;  // from records of earlier versions
};

std::span<const SettingRule> setting_rules();
// Of a checkpoint's position (io/checkpoint/checkpoint.h).
std::span<const SettingRule> position_rules();

// Throws Error, "epochs (--epochs) is 0; it must lie in 1 to 1000000", for the first member that is absent,
// of another type or out of its range. Members without a rule are let be: later versions have more.
void check_by_rules(std::span<const SettingRule> rules, const nlohmann::ordered_json& record);

struct SettingChange {
  const SettingRule* rule;
  std::string before, after;
};
// What differs of two to_json(Settings).
std::vector<SettingChange> changed_settings(const nlohmann::ordered_json& before,
                                            const nlohmann::ordered_json& after);
// "--seed 1 (was 0)".
std::string describe(const SettingChange& change);

}  // namespace poster
