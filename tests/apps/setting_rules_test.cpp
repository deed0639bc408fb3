// The table of what a run's record may hold, and what may change when it goes on.
#include "io/settings/setting_rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/error.h"
#include "io/checkpoint/checkpoint.h"
#include "io/settings/settings.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;

std::string fault(std::span<const SettingRule> rules, const json& record) {
  try {
    check_by_rules(rules, record);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// A setting without a rule could be anything, and change unseen.
TEST(SettingRules, EveryMemberOfARecordHasARule) {
  std::set<std::string> keys;
  for (const SettingRule& rule : setting_rules()) EXPECT_TRUE(keys.insert(rule.key).second) << rule.key;
  Settings settings;
  settings.flat_folders = true;
  settings.changes = {"one"};
  const json record = to_json(settings);
  for (const auto& [key, value] : record.items()) EXPECT_TRUE(keys.contains(key)) << key;
  for (const auto& [key, value] : record.at("recipe").items())
    EXPECT_TRUE(keys.contains("recipe/" + key)) << key;
  EXPECT_EQ(fault(setting_rules(), to_json(settings)), "");

  std::set<std::string> places;
  for (const SettingRule& rule : position_rules()) places.insert(rule.key);
  Position position;
  position.train_listing = position.valid_listing = "0123456789abcdef";
  const json written = json::parse(position_json(position, {}));
  for (const auto& [key, value] : written.items()) EXPECT_TRUE(places.contains(key)) << key;
  EXPECT_EQ(fault(position_rules(), written), "");
}

TEST(SettingRules, NumbersAreCheckedBeforeTheyAreOurs) {
  const auto with = [](const char* path, const json& value) {
    json record = to_json(Settings{});
    record[json::json_pointer(path)] = value;
    return fault(setting_rules(), record);
  };
  EXPECT_EQ(with("/recipe/epochs", 0), "epochs (--epochs) is 0; it must lie in 1 to 1000000");
  EXPECT_EQ(with("/recipe/epochs", 4294967297),
            "epochs (--epochs) is 4294967297; it must lie in 1 to 1000000");
  EXPECT_EQ(with("/recipe/epochs", 2.0), "epochs (--epochs) is 2; it must be a whole number");
  EXPECT_EQ(with("/recipe/epochs", nullptr), "epochs (--epochs) is none; it must be a whole number");
  EXPECT_EQ(with("/recipe/learning_rate", 0),
            "learning_rate (--lr) is 0; it must be finite and greater than 0");
  for (const double wrong : {double{NAN}, double{INFINITY}, -1e-9})
    for (const char* path :
         {"/recipe/learning_rate", "/recipe/rho", "/recipe/flip_probability", "/weight_decay"})
      EXPECT_NE(with(path, wrong), "") << path << " " << wrong;
  EXPECT_EQ(with("/seed", 18446744073709551615u), "");
  EXPECT_NE(with("/seed", -1), "");
  EXPECT_NE(with("/classes", json{"a", 1}), "");
  const std::string long_text = with("/drop_last", std::string(1000, '\n'));
  EXPECT_EQ(long_text.find('\n'), std::string::npos);
  EXPECT_LT(long_text.size(), 200u);
  json missing = to_json(Settings{});
  missing.erase("seed");
  EXPECT_EQ(fault(setting_rules(), missing), "seed (--seed) is missing");
  EXPECT_NE(fault(setting_rules(), json::array()), "");
}

TEST(SettingRules, ChangesAreNamedByTheirFlags) {
  Settings before, after;
  EXPECT_TRUE(changed_settings(to_json(before), to_json(after)).empty());
  after.seed = 7;
  after.recipe.learning_rate = 1e-3;
  after.changes = {"the past"};  // no settings
  after.initial_weights = {"a file"};
  const auto changes = changed_settings(to_json(before), to_json(after));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(describe(changes[0]), "--lr 0.001 (was 3.5e-05)");
  EXPECT_EQ(changes[0].rule->on_resume, OnResume::recorded);
  EXPECT_EQ(describe(changes[1]), "--seed 7 (was 0)");
  EXPECT_EQ(changes[1].rule->on_resume, OnResume::insist);
}

}  // namespace
}  // namespace poster
