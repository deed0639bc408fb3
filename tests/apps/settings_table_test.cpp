// The tables of settings: every member has a row, and every row goes from flag to settings to record and
// back.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/program/number_options.h"
#include "apps/train/train_arguments.h"
#include "apps/train/train_options.h"
#include "engine/error.h"
#include "io/checkpoint/position_record.h"
#include "io/format/setting_record.h"
#include "io/format/setting_value.h"
#include "io/settings/setting_changes.h"
#include "tests/support/error_text.h"
#include "tests/support/member_count.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;
using Row = io::Setting<Settings>;
using test::error_of;
using test::member_count;

const io::SettingTable<Settings>& rows() { return Settings::table(); }

TrainOptions parsed_options(const std::vector<std::string>& words) {
  CLI::App app;
  TrainOptions options;
  add_train_options(app, options);
  check_numbers(app);
  app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  return options;
}

// A run that has use for the setting.
Settings run_for(const Row& row) {
  for (const char* view : {"full", "lower", "headset"}) {
    const Settings s = resolve_settings(
        parsed_options({"--data=d", "--recipe=plain", std::string("--view=") + view}), nullptr);
    if (row.is_used(s)) return s;
  }
  throw Error(row.key + " is of no use to any view");
}

// Sets it and, where another setting must not lie below it, that one.
void set(const Row& row, Settings& s, const io::SettingValue& value) {
  row.set(s, value);
  for (const Row& other : rows())
    if (!other.range.not_below.empty() && io::beside(other.key, other.range.not_below) == row.key)
      other.set(s, other.range.high);
}

// Its bounds and others.
std::vector<io::SettingValue> values_for(const Row& row) {
  const auto number = [&](double x) -> io::SettingValue {
    if (std::holds_alternative<int>(row.usual)) return static_cast<int>(x);
    if (std::holds_alternative<std::int64_t>(row.usual)) return static_cast<std::int64_t>(x);
    if (std::holds_alternative<std::uint64_t>(row.usual))
      return x < 1e19 ? static_cast<std::uint64_t>(x) : ~std::uint64_t{0};
    return x;
  };
  if (std::holds_alternative<bool>(row.usual)) return {true};
  if (std::holds_alternative<std::vector<std::string>>(row.usual))
    return {std::vector<std::string>{"b", "a c"}};
  if (std::holds_alternative<io::Colour>(row.usual)) return {io::Colour{0, 128, 255}};
  if (std::holds_alternative<std::string>(row.usual)) {
    if (row.key == "recipe/optimizer") return {"sgd", "adamw"};
    if (row.key == "freeze") return {"none", "landmarks,ir50"};
    if (row.choices.empty()) return {"-a 'b'\\"};
    return {row.choices.begin(), row.choices.end()};
  }
  const double low = row.range.above_low ? std::nextafter(row.range.low, 1) : row.range.low;
  std::vector<io::SettingValue> values = {number(row.range.high)};
  if (row.range.not_below.empty()) values.push_back(number(low));
  return values;
}

// What needs more than one flag has tests of its own (train_arguments_test.cpp).
bool stands_alone(const Row& row) {
  return !row.flag.empty() && row.key != "recipe/name" && row.key != "model" && row.key != "view/view" &&
         row.key != "view/headset_texture";
}

TEST(SettingsTable, EveryMemberHasARow) {
  EXPECT_EQ(io::Recipe::table().size(), member_count<io::Recipe>());
  EXPECT_EQ(io::ViewOptions::table().size(), member_count<io::ViewOptions>());
  const std::size_t parts = io::Recipe::table().size() + io::ViewOptions::table().size();
  EXPECT_EQ(rows().size() - parts, member_count<Settings>() - 2);  // recipe and view
  const auto counters =
      std::count_if(PositionRecord::table().begin(), PositionRecord::table().end(), [](const auto& row) {
        const PositionRecord record;
        const auto offset =
            static_cast<const char*>(row.address(record)) - reinterpret_cast<const char*>(&record.position);
        return offset >= 0 && offset < static_cast<std::ptrdiff_t>(sizeof(Position));
      });
  EXPECT_EQ(static_cast<std::size_t>(counters), member_count<Position>());
  // Settings that were given, the view's, the run's and the weights' options; cache_bytes is --cache-mib.
  EXPECT_EQ(TrainOptions::table().size(), member_count<TrainOptions>() - 4 + member_count<RunOptions>() - 1 +
                                              member_count<InitialWeightsOptions>());
}

TEST(SettingsTable, ARowSetsItsOwnMemberAlone) {
  std::set<const void*> members;
  const Settings usual;
  for (const Row& row : rows()) {
    EXPECT_TRUE(members.insert(row.address(usual)).second) << row.key;
    EXPECT_EQ(row.get(usual), row.usual) << row.key;
    Settings s;
    const io::SettingValue value = row.key == "preparation"
                                       ? io::NestedRecord{to_json(io::Preparation{.program = "p"}).dump()}
                                   : row.key == "view/view" ? io::SettingValue("lower")
                                                            : values_for(row)[0];
    row.set(s, value);
    EXPECT_EQ(row.get(s), value) << row.key;
    for (const Row& other : rows())
      if (&other != &row) {
        EXPECT_EQ(other.get(s), other.usual) << other.key << " by " << row.key;
      }
  }
}

TEST(SettingsTable, FlagToSettingsToRecordAndBack) {
  int trips = 0;
  for (const Row& row : rows()) {
    if (!stands_alone(row)) continue;
    for (const io::SettingValue& value : values_for(row)) {
      SCOPED_TRACE(row.flag + " " + io::to_text(value));
      const Settings before = run_for(row);
      Settings s = before;
      set(row, s, value);
      const auto words = train_arguments(s);
      const bool told = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return word == row.flag || word.starts_with(row.flag + "=");
      });
      EXPECT_EQ(told, row.always_told || value != row.get(before));
      const Settings by_flags = resolve_settings(parsed_options(words), nullptr);
      EXPECT_EQ(row.get(by_flags), value);
      const Settings by_record = settings_from_json(json::parse(to_json(by_flags).dump()));
      EXPECT_EQ(row.get(by_record), value);
      EXPECT_EQ(to_json(by_record), to_json(s));
      EXPECT_EQ(train_arguments(by_record), words);
      ++trips;
    }
  }
  EXPECT_GT(trips, 60);
}

TEST(SettingsTable, BeyondItsRangeASettingIsRefused) {
  int refusals = 0;
  for (const Row& row : rows()) {
    const bool whole = !std::holds_alternative<double>(row.usual);
    if (!to_json(row.usual).is_number() || !stands_alone(row)) continue;
    std::vector<double> wrong;
    if (row.range.low > -io::SettingRange::kAny)
      wrong.push_back(row.range.above_low ? row.range.low
                      : whole             ? row.range.low - 1
                                          : std::nextafter(row.range.low, -1e9));
    if (row.range.high < 1e18)
      wrong.push_back(whole ? row.range.high + 1 : std::nextafter(row.range.high, 1e9));
    for (const double value : wrong) {
      const json number = whole ? json(static_cast<std::int64_t>(value)) : json(value);
      SCOPED_TRACE(row.flag + " " + number.dump());
      const Settings s = run_for(row);
      json record = to_json(s);
      record[json::json_pointer("/" + row.key)] = number;
      test::expect_contains(error_of([&] { settings_from_json(record); }), io::name_of(row) + " is ");
      const std::string by_flag = error_of([&] {
        resolve_settings(parsed_options({"--data=d", std::string("--view=") + io::view_name(s.view.view),
                                         row.flag + "=" + number.dump()}),
                         nullptr);
      });
      test::expect_contains(by_flag, row.flag);
      ++refusals;
    }
    json record = to_json(run_for(row));
    record[json::json_pointer("/" + row.key)] = NAN;
    test::expect_contains(error_of([&] { settings_from_json(record); }), io::name_of(row) + " is nan");
  }
  EXPECT_GT(refusals, 40);
}

TEST(SettingsTable, OneSettingBoundsAnother) {
  int pairs = 0;
  for (const Row& row : rows()) {
    if (row.range.not_below.empty()) continue;
    const std::string key = io::beside(row.key, row.range.not_below);
    const auto other =
        std::find_if(rows().begin(), rows().end(), [&](const Row& each) { return each.key == key; });
    ASSERT_NE(other, rows().end()) << row.key << " is bounded by " << key << ", which is none";
    Settings s = run_for(row);
    other->set(s, row.get(s));
    EXPECT_EQ(error_of([&] { io::check_settings(s); }), "");
    other->set(s, std::nextafter(std::get<double>(row.get(s)), 1e9));
    test::expect_contains(error_of([&] { io::check_settings(s); }), io::name_of(row) + " is ");
    test::expect_contains(error_of([&] { settings_from_json(to_json(s)); }), io::name_of(row) + " is ");
    ++pairs;
  }
  EXPECT_EQ(pairs, 2);
}

TEST(SettingsTable, EachFlagStandsOnceInHelp) {
  CLI::App app;
  TrainOptions options;
  add_train_options(app, options);
  std::set<std::string> flags;
  for (const io::SettingInfo* flag : train_flags()) {
    EXPECT_TRUE(flags.insert(flag->flag).second) << flag->flag;
    const CLI::Option* option = app.get_option_no_throw(flag->flag);
    ASSERT_NE(option, nullptr) << flag->flag;
    EXPECT_TRUE(option->get_description().starts_with(flag->help) && !flag->help.empty()) << flag->flag;
    EXPECT_EQ(option->get_group(), flag->group);
    EXPECT_FALSE(flag->group.empty()) << flag->flag << " is hidden";
  }
  EXPECT_EQ(app.get_options().size(), flags.size() + 1);  // and --help
  // Every place in the order of flags is that of a flag.
  const auto placed = std::count_if(flags.begin(), flags.end(), [](const std::string& flag) {
    return flag_rank({.flag = flag}) < flag_rank({.flag = "none"});
  });
  EXPECT_EQ(placed, flag_rank({.flag = "none"}));
}

TEST(SettingsTable, RecordsOfEarlierVersionsHaveTheDefaults) {
  for (const Row& row : rows()) {
    if (row.written_if_set || row.key == "view/headset_texture_checksum") continue;
    json record = to_json(run_for(row));
    const json::json_pointer place("/" + row.key);
    ASSERT_TRUE(record.contains(place)) << row.key;
    record[place.parent_pointer()].erase(place.back());
    if (row.since == 1) {
      EXPECT_EQ(error_of([&] { settings_from_json(record); }), io::name_of(row) + " is missing");
    } else {
      EXPECT_EQ(row.get(settings_from_json(record)), row.usual) << row.key;
    }
  }
  json before_views = to_json(Settings{});
  before_views.erase("view");
  EXPECT_TRUE(settings_from_json(before_views).view == io::ViewOptions{});
  before_views["view"] = 7;
  EXPECT_EQ(error_of([&] { settings_from_json(before_views); }), "view is 7; it must be an object");
}

TEST(SettingsTable, NumbersAreCheckedBeforeTheyAreOurs) {
  const auto with = [](const char* path, const json& value) {
    json record = to_json(Settings{});
    record[json::json_pointer(path)] = value;
    return error_of([&] { settings_from_json(record); });
  };
  EXPECT_EQ(with("/recipe/epochs", 0), "epochs (--epochs) is 0; it must lie in 1 to 1000000");
  EXPECT_EQ(with("/recipe/epochs", 4294967297),
            "epochs (--epochs) is 4294967297; it must lie in 1 to 1000000");
  EXPECT_EQ(with("/recipe/epochs", 2.0), "epochs (--epochs) is 2; it must be a whole number");
  EXPECT_EQ(with("/recipe/epochs", nullptr), "epochs (--epochs) is none; it must be a whole number");
  EXPECT_EQ(with("/recipe/learning_rate", 0),
            "learning_rate (--lr) is 0; it must be finite and greater than 0");
  EXPECT_EQ(with("/recipe/resize", "fit"), "resize (--resize) is fit; it must be keep-ratio or stretch");
  EXPECT_EQ(with("/seed", 18446744073709551615u), "");
  EXPECT_NE(with("/seed", -1), "");
  EXPECT_NE(with("/classes", json{"a", 1}), "");
  const std::string long_text = with("/drop_last", std::string(1000, '\n'));
  EXPECT_EQ(long_text.find('\n'), std::string::npos);
  EXPECT_LT(long_text.size(), 200u);
  EXPECT_NE(error_of([] { settings_from_json(json::array()); }), "");
}

TEST(SettingsTable, OptimizersAreNamedInAnyCase) {
  const Settings typed =
      resolve_settings(parsed_options({"--data=d", "--recipe=plain", "--optimizer=ADAM"}), nullptr);
  EXPECT_EQ(typed.recipe.optimizer, "adam");
  json record = to_json(typed);
  record["recipe"]["optimizer"] = "Adam";  // as earlier versions wrote what had been typed
  EXPECT_EQ(settings_from_json(record).recipe.optimizer, "adam");
  record["recipe"]["optimizer"] = "adamant";
  test::expect_contains(error_of([&] { settings_from_json(record); }), "--optimizer adamant");
}

TEST(SettingsTable, APositionComesBackFromItsRecord) {
  Position position{.epoch = 3,
                    .step = 4,
                    .epoch_images = 16,
                    .best_accuracy = 12.5,
                    .best_epoch = 2,
                    .loss_sum = 1e-3,
                    .correct_sum = 7,
                    .images = 32,
                    .train_listing = "ab",
                    .valid_listing = "cd"};
  const kernels::StepState state{
      .loss_scale = 512, .good_steps = 5, .skipped_steps = 6, .updates = 7, .forward_pass = 8};
  const std::string text = position_json(position, state);
  const auto back = io::read_settings<PositionRecord>(json::parse(text));
  EXPECT_EQ(position_json(back.position, back.state), text);
  EXPECT_EQ(text,
            R"({"epoch":3,"step":4,"pictures":16,"best_accuracy":12.5,"best_epoch":2,"loss_sum":0.001,)"
            R"("correct_sum":7.0,"images":32,"optimizer_steps":7,"forward_passes":8,"loss_scale":512.0,)"
            R"("good_steps":5,"skipped_steps":6,"train_listing":"ab","valid_listing":"cd"})");
}

TEST(SettingChanges, AreNamedByTheirFlags) {
  Settings before, after;
  EXPECT_TRUE(changed_settings(before, after).empty());
  after.seed = 7;
  after.recipe.learning_rate = 1e-3;
  after.flat_folders = true;
  after.changes = {"the past"};  // no settings
  after.initial_weights = {"a file"};
  const auto changes = changed_settings(before, after);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(describe(changes[0]), "--lr 0.001 (was 3.5e-05)");
  EXPECT_EQ(changes[0].setting->on_resume, io::OnResume::recorded);
  EXPECT_EQ(describe(changes[1]), "--seed 7 (was 0)");
  EXPECT_EQ(changes[1].setting->on_resume, io::OnResume::insist);
  EXPECT_EQ(describe(changes[2]), "--flat-folders true (was none)");
}

}  // namespace
}  // namespace poster
