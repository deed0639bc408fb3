// The parts of poster_study that train nothing: draws of a search, halving, statistics, study files, options.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/study/halving.h"
#include "apps/study/plan.h"
#include "apps/study/search_space.h"
#include "apps/study/statistics.h"
#include "apps/study/study_file.h"
#include "apps/study/study_options.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace poster;
using namespace poster::study;
using poster::test::error_of;
using poster::test::expect_contains;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(SearchSpace, DrawsLieInTheirBoundsAndFillThem) {
  const Parameter uniform{.name = "flip", .domain = Parameter::Domain::uniform, .low = 0.25, .high = 0.75},
      whole{.name = "batch-size", .domain = Parameter::Domain::integer, .low = 3, .high = 6};
  double least = 1, greatest = 0, sum = 0;
  std::set<std::int64_t> seen;
  for (int trial = 0; trial < 2000; ++trial) {
    const double x = draw(uniform, 1, trial).get<double>();
    least = std::min(least, x);
    greatest = std::max(greatest, x);
    sum += x;
    ASSERT_TRUE(draw(whole, 1, trial).is_number_integer());
    seen.insert(draw(whole, 1, trial).get<std::int64_t>());
  }
  EXPECT_TRUE(least >= 0.25 && least < 0.26) << least;
  EXPECT_TRUE(greatest <= 0.75 && greatest > 0.74) << greatest;
  EXPECT_NEAR(sum / 2000, 0.5, 0.02);  // four deviations are 0.013
  EXPECT_EQ(seen, (std::set<std::int64_t>{3, 4, 5, 6}));
}

TEST(SearchSpace, LogarithmsAreUniform) {
  const Parameter lr{.name = "lr", .domain = Parameter::Domain::logarithmic, .low = 1e-5, .high = 1e-1};
  int decade[4] = {};
  for (int trial = 0; trial < 4000; ++trial) {
    const double x = draw(lr, 7, trial).get<double>();
    ASSERT_TRUE(x >= 1e-5 && x <= 1e-1) << x;
    ++decade[std::clamp(static_cast<int>(std::floor(std::log10(x) + 5)), 0, 3)];
  }
  for (const int count : decade) EXPECT_NEAR(count, 1000, 120);  // four deviations are 110
}

TEST(SearchSpace, RoundingNeverLeavesTheBounds) {
  const Parameter narrow{
      .name = "x", .domain = Parameter::Domain::uniform, .low = 0.123456, .high = 0.123457};
  for (int trial = 0; trial < 50; ++trial) {
    const double x = draw(narrow, 0, trial).get<double>();
    EXPECT_TRUE(x >= 0.123456 && x <= 0.123457) << x;
  }
}

TEST(SearchSpace, ADrawDependsOnSeedTrialAndNameAlone) {
  const Parameter a{.name = "lr", .domain = Parameter::Domain::uniform, .low = 0, .high = 1};
  Parameter b = a;
  b.name = "wd";
  EXPECT_EQ(draw(a, 1, 5), draw(a, 1, 5));
  EXPECT_NE(draw(a, 1, 5), draw(a, 2, 5));
  EXPECT_NE(draw(a, 1, 5), draw(a, 1, 6));
  EXPECT_NE(draw(a, 1, 5), draw(b, 1, 5));
  // The numbers themselves, so that a study comes out the same with every version.
  EXPECT_EQ(draw(a, 1, 0).dump() + " " + draw(a, 1, 1).dump() + " " + draw(a, 1, 2).dump(),
            "0.4123 0.6503 0.3804");
}

TEST(SearchSpace, ChoicesKeepTheirTypes) {
  const auto parameters = read_parameters(Json::parse(R"({"optimizer": {"choice": ["adam", "sgd"]},
                                                          "balanced": {"choice": [true, false]}})"),
                                          "s");
  ASSERT_EQ(parameters.size(), 2u);
  std::set<std::string> seen;
  for (int trial = 0; trial < 40; ++trial)
    for (const Parameter& p : parameters) seen.insert(draw(p, 0, trial).dump());
  EXPECT_EQ(seen, (std::set<std::string>{"\"adam\"", "\"sgd\"", "true", "false"}));
}

TEST(SearchSpace, SaysWhatIsWrongWithADomain) {
  const auto error = [](const char* json) {
    return error_of([&] { read_parameters(Json::parse(json), "study.json"); });
  };
  expect_contains(error(R"({})"), "a parameter or more");
  expect_contains(error(R"({"lr": {"log": [0, 1]}})"), "greater than 0");
  expect_contains(error(R"({"lr": {"uniform": [2, 1]}})"), "low must not be greater");
  expect_contains(error(R"({"lr": {"uniform": [2]}})"), "[low, high]");
  expect_contains(error(R"({"lr": {"normal": [0, 1]}})"), "log, uniform, integer, choice");
  expect_contains(error(R"({"lr": {"choice": []}})"), "choice");
  expect_contains(error(R"({"lr": {"integer": [1, 2.5]}})"), "whole");
  expect_contains(error(R"({"lr": 3})"), "\"lr\"");
}

std::vector<std::pair<int, int>> rungs(int trials, int eta, int least, int epochs) {
  std::vector<std::pair<int, int>> pairs;
  for (const Rung& rung : halving_rungs(trials, eta, least, epochs))
    pairs.emplace_back(rung.trials, rung.epochs);
  return pairs;
}

TEST(Halving, RungsHaveFewerTrialsAndMoreEpochs) {
  using Pairs = std::vector<std::pair<int, int>>;
  EXPECT_EQ(rungs(27, 3, 5, 50), (Pairs{{27, 5}, {9, 15}, {3, 45}}));
  EXPECT_EQ(rungs(81, 3, 5, 50), (Pairs{{81, 5}, {27, 15}, {9, 45}, {3, 50}}));
  EXPECT_EQ(rungs(8, 2, 1, 4), (Pairs{{8, 1}, {4, 2}, {2, 4}}));
  EXPECT_EQ(rungs(9, 2, 1, 100), (Pairs{{9, 1}, {4, 2}, {2, 4}}));
  EXPECT_EQ(rungs(5, 3, 2, 10), (Pairs{{5, 2}}));   // the next would have one trial
  EXPECT_EQ(rungs(10, 2, 8, 4), (Pairs{{10, 4}}));  // never more epochs than the experiment has
  EXPECT_EQ(rungs(1, 2, 1, 9), (Pairs{{1, 1}}));
}

TEST(Halving, RanksByAccuracyThenLossThenNumberAndWhatFailedLast) {
  const std::vector<TrialScore> scores = {{0, false, 50, 1.0}, {1, true, kNaN, kNaN}, {2, false, 60, 2.0},
                                          {3, false, 50, 0.5}, {4, false, 50, 1.0},   {5, false, 99, kNaN},
                                          {6, false, kNaN, 1}, {7, true, 100, 0.1}};
  EXPECT_EQ(ranking(scores), (std::vector<int>{2, 3, 0, 4, 1, 5, 6, 7}));
  EXPECT_EQ(promoted(scores, 2), (std::vector<int>{2, 3}));
  EXPECT_EQ(promoted(scores, 8), (std::vector<int>{2, 3, 0, 4}));
  EXPECT_TRUE(promoted({{0, true, 1, 1}}, 1).empty());
}

TEST(Statistics, AgreeWithHandComputation) {
  const std::vector<double> values = {2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(summarise(values).mean, 5);
  EXPECT_DOUBLE_EQ(summarise(values).deviation, std::sqrt(32.0 / 7));
  const std::vector<double> one = {81.4};
  EXPECT_DOUBLE_EQ(summarise(one).mean, 81.4);
  EXPECT_TRUE(std::isnan(summarise(one).deviation));
  EXPECT_TRUE(std::isnan(summarise({}).mean));
  EXPECT_EQ(summarise({}).count, 0u);
}

TEST(StudyOptions, GoThroughTheCommandLineOfTraining) {
  const Json options = Json::parse(
      R"({"recipe": "plain", "lr": 3.5e-5, "batch-size": 12, "drop-last": true, "new-head": false, "balanced": true,
          "classes": ["b", "a"], "pretrained-dir": "@weights", "view": "lower"})");
  const TrainOptions parsed = train_options(options, {{"weights", "/else/where"}}, "s");
  EXPECT_EQ(parsed.given.get(&Settings::recipe, &io::Recipe::learning_rate), 3.5e-5);
  EXPECT_EQ(parsed.given.get(&Settings::recipe, &io::Recipe::batch_size), 12);
  EXPECT_TRUE(parsed.given.get(&Settings::drop_last) == true);
  EXPECT_FALSE(parsed.weights.new_head);
  EXPECT_EQ(parsed.given.get(&Settings::recipe, &io::Recipe::balanced_sampler), true);
  EXPECT_EQ(parsed.given.get(&Settings::classes), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(parsed.weights.pretrained_dir, "/else/where");
  const Settings settings = settings_of(parsed, "s");
  EXPECT_EQ(settings.recipe.name, "plain");
  EXPECT_EQ(settings.recipe.batch_size, 12);
  EXPECT_EQ(settings.recipe.resize, io::ResizeMode::stretch);  // of the lower view
}

TEST(StudyOptions, RefuseWhatTrainingWouldRefuseAndWhatTheStudyDecides) {
  const auto error = [](const char* json) {
    const std::string text =
        error_of([&] { settings_of(train_options(Json::parse(json), {}, "s.json: e"), "s.json: e"); });
    EXPECT_EQ(text.find("s.json: e"), 0u) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  };
  for (const char* name : {"data", "out", "resume", "evaluate", "split", "seed", "start-epoch", "dry-run",
                           "device", "threads", "gpu", "checkpoint_path", "best_checkpoint_path", "beta"})
    expect_contains(error(("{\"" + std::string(name) + "\": 1}").c_str()), "\"" + std::string(name) + "\"");
  expect_contains(error(R"({"learning-rate": 1})"), "\"learning-rate\"");
  expect_contains(error(R"({"help": true})"), "\"help\"");
  expect_contains(error(R"({"b": 3})"), "\"b\"");
  expect_contains(error(R"({"lr": "fast"})"), "--lr");
  expect_contains(error(R"({"lr": -1})"), "--lr");
  expect_contains(error(R"({"lr": null})"), "\"lr\"");
  // No number of another meaning: the parser would take it for the largest there is.
  expect_contains(error(R"({"view": "headset", "headset-seed": -1})"), "-1 is negative");
  expect_contains(error(R"({"lr": {"log": [1, 2]}})"), "\"lr\"");
  expect_contains(error(R"({"drop-last": "yes"})"), "true or false");
  expect_contains(error(R"({"recipe": "best"})"), "raf-db");
  expect_contains(error(R"({"model": "resnet"})"), "poster-v2-tiny");
  expect_contains(error(R"({"flip": 1.5})"), "flip");
  expect_contains(error(R"({"weights": "@mine"})"), "\"@mine\"");
  expect_contains(error(R"({"view": "headset", "headset-colour": "pink"})"),
                  "s.json: e: --headset-colour: 'pink' is no colour");
}

class StudyFile : public testing::Test {
 protected:
  Study read(const std::string& text) const {
    const std::string path = folder_ / "s.json";
    std::ofstream(path) << text;
    return read_study(path);
  }
  // A sound study, with `experiment` as the value of the one it has.
  static std::string with(const std::string& experiment, const std::string& more = "") {
    return R"({"name": "n", "description": "d", "data": {"own": {"path": "p", "about": "a"}}, )" + more +
           R"("experiments": {"e": )" + experiment + "}}";
  }
  std::string error(const std::string& text) const {
    const std::string message = error_of([&] { read(text); });
    EXPECT_NE(message.find("s.json"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }

  test::TemporaryFolder folder_;
};

TEST_F(StudyFile, DefaultsAreOverriddenByTheExperiment) {
  const Study study = read(with(R"({"data": "own", "options": {"lr": 2, "wd": 3}})",
                                R"("options": {"lr": 1, "epochs": 5}, "seeds": 2, )"));
  EXPECT_EQ(study.experiments[0].options.dump(), R"({"lr":2,"epochs":5,"wd":3})");
  EXPECT_EQ(study.experiments[0].seeds, (std::vector<std::uint64_t>{0, 1}));
  const auto plan =
      make_plan(read(with(R"({"data": "own", "seeds": [7, 3]})")), {{"own", "p"}}, "out", {}, 4);
  EXPECT_EQ(plan[0].seeds, (std::vector<std::uint64_t>{7, 3, 8, 9}));
  ASSERT_EQ(plan[0].runs.size(), 4u);
  EXPECT_EQ(plan[0].runs[1].folder, "out/e/seed-3");
}

TEST_F(StudyFile, SaysWhatIsWrong) {
  expect_contains(error("{"), "s.json:1:1: not valid JSON");
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  expect_contains(error(with(R"({"data": "own", "options": {"epochs": )" + deep + "}}")),
                  "nested deeper than");
  expect_contains(error("[]"), "must be an object");
  expect_contains(error(R"({"name": "n", "name": "m"})"), "\"name\" occurs twice");
  expect_contains(error(R"({"name": "n"})"), "\"description\" is missing");
  expect_contains(error(with(R"({"data": "own", "sedes": 2})")), "\"sedes\"");
  expect_contains(error(with(R"({"data": "other"})")), "\"other\"");
  expect_contains(error(with(R"({"data": "own", "seeds": 0})")), "\"seeds\"");
  expect_contains(error(with(R"({"data": "own", "seeds": [1, 1]})")), "\"seeds\"");
  expect_contains(error(with(R"({"data": "own", "claim": {"accuracy": 81}})")), "\"source\" is missing");
  expect_contains(
      error(with(R"({"data": "own", "claim": {"accuracy": 0.8e3, "source": "", "measured": ""}})")),
      "0.0 to 100.0");
  expect_contains(error(with(R"({"data": "own", "search": {"method": "grid"}})")), "random, halving");
  expect_contains(error(with(R"({"data": "own", "search": {"method": "random", "trials": 2, "eta": 2,
                                 "parameters": {"lr": {"log": [1, 2]}}}})")),
                  "\"eta\"");
  std::string bad = with(R"({"data": "own"})");
  bad.replace(bad.find("\"e\""), 3, "\"../e\"");
  expect_contains(error(bad), "\"../e\"");
  bad.replace(bad.find("\"../e\""), 6, "\"data\"");
  expect_contains(error(bad), "stands for something else");
  expect_contains(error(R"({"name": "n", "description": "d", "data": {"f": {"sample_faces": {"per_class": 3,
                             "identities": 9}}}, "experiments": {}})"),
                  "\"f\"");
  expect_contains(error(R"({"name": "n", "description": "d", "data": {}, "experiments": {}})"), "is empty");
}

}  // namespace
