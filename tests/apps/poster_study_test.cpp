// poster_study as a user runs it: a whole study, killed and stopped at many moments, and what it says of bad
// input.
#include <gtest/gtest.h>
#include <sys/file.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
using poster::test::Outcome;

class PosterStudyTest : public poster::test::ProgramTest {
 protected:
  PosterStudyTest() : ProgramTest("poster_study"), root_(folder_.path()) {}

  // A plain experiment with two seeds, and a search of five trials of which those with the second rate
  // diverge.
  static json study() {
    return json::parse(R"({
      "name": "Small", "description": "A study for a test.",
      "data": {"faces": {"sample_faces": {"per_class": 3, "size": 32}}},
      "options": {"model": "poster-v1-tiny", "recipe": "plain", "rho": 0, "batch-size": 4, "epochs": 2, "lr": 1e-3,
                  "print-freq": 1},
      "experiments": {
        "plain": {"data": "faces", "seeds": [1, 2],
                  "claim": {"accuracy": 92.81, "source": "a paper", "measured": "best | epoch"}},
        "found": {"data": "faces", "seeds": [5],
                  "search": {"method": "halving", "trials": 5, "eta": 2, "min-epochs": 1, "seed": 4,
                             "parameters": {"lr": {"choice": [1e-3, 2e-3, 1e30]}, "flip": {"uniform": [0, 1]}}}}
      }})");
  }
  void write(const json& value, const std::string& name = "s.json") const {
    std::ofstream(root_ / name) << value.dump(1);
  }
  std::string bytes(const std::string& path) const {
    std::ifstream stream(root_ / path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::vector<std::vector<std::string>> rows(const std::string& path) const {
    std::vector<std::vector<std::string>> all;
    std::string line, field;
    for (std::istringstream lines(bytes(path)); std::getline(lines, line);) {
      all.emplace_back();
      for (std::istringstream fields(line); std::getline(fields, field, ',');) all.back().push_back(field);
    }
    return all;
  }
  // Runs the study and sends it a signal as soon as `moment`, a shell condition, holds; it may end before
  // that.
  Outcome interrupt(const std::string& signal, const std::string& moment,
                    const std::string& arguments) const {
    std::ofstream(root_ / "begun").close();
    const std::string watch = "sh -c '\"$0\" \"$@\" & pid=$!; until " + moment +
                              " || ! kill -0 $pid 2>/dev/null; do sleep 0.005; done; kill -" + signal +
                              " $pid 2>/dev/null; wait $pid'";
    return run(arguments, watch);
  }
  std::set<std::string> checkpoints(const std::string& folder) const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / folder))
      if (entry.path().extension() == ".safetensors")
        found.insert(fs::relative(entry.path(), root_ / folder));
    return found;
  }
  void expect_hand_computed_table(const std::string& out) const;
  void expect_right_promotions(const std::string& out) const;

  fs::path root_;
};

// study.csv from what the evaluations of the runs say.
void PosterStudyTest::expect_hand_computed_table(const std::string& out) const {
  const auto table = rows(out + "/study.csv");
  ASSERT_EQ(table.size(), 9u);
  std::size_t at = 1;
  for (const std::string state : {"best", "last"})
    for (const std::string split : {"valid", "test"}) {
      double x[2];
      for (int i = 0; i < 2; ++i)
        x[i] = json::parse(bytes(out + "/plain/seed-" + std::to_string(i + 1) + "/evaluation-" + state + "-" +
                                 split + ".json"))
                   .at("accuracy");
      const auto& row = table[at++];
      EXPECT_EQ(row[0] + row[1] + row[2] + row[3] + row[4], "plain" + state + split + "22");
      EXPECT_NEAR(std::stod(row[5]), (x[0] + x[1]) / 2, 1e-9);
      EXPECT_NEAR(std::stod(row[6]), std::fabs(x[0] - x[1]) / std::sqrt(2.0), 1e-9);
      EXPECT_EQ(row[9], "92.81");
      EXPECT_NEAR(std::stod(row[10]), 92.81 - (x[0] + x[1]) / 2, 1e-9);
    }
  // The best epoch is the one that valid says, whatever test says.
  for (const std::string run : {"plain/seed-1", "plain/seed-2", "found/seed-5"}) {
    const auto metrics = rows(out + "/" + run + "/metrics.csv");
    const int best = std::stod(metrics[2][5]) > std::stod(metrics[1][5]);
    for (const std::string split : {"valid", "test"})
      EXPECT_EQ(json::parse(bytes(out + "/" + run + "/evaluation-best-" + split + ".json")).at("epoch"), best)
          << run;
  }
  const std::string page = bytes(out + "/study.md");
  for (const char* part : {"best \\| epoch", "a paper", "92.81", "Successive halving", "diverged", "winner"})
    EXPECT_NE(page.find(part), std::string::npos) << part << "\n" << page;
  for (const char* name :
       {"study.png", "study.svg", "found/trials.png", "found/trials.svg", "report.md", "report.html"})
    EXPECT_GT(fs::file_size(root_ / out / name), 0u) << name;
}

void PosterStudyTest::expect_right_promotions(const std::string& out) const {
  struct Trial {
    int number;
    double accuracy, loss;
  };
  std::vector<Trial> sound;
  std::set<int> longer;
  const auto table = rows(out + "/found/trials.csv");
  ASSERT_EQ(table.size(), 6u);
  for (int number = 0; number < 5; ++number) {
    const auto& row = table[static_cast<std::size_t>(number) + 1];
    if (std::stod(row[1]) > 1) {
      EXPECT_EQ(row.back(), "diverged in epoch 0");
      continue;
    }
    const auto metrics = rows(out + "/found/search/trial-00" + std::to_string(number) + "/metrics.csv");
    sound.push_back({number, std::stod(metrics[1][5]), std::stod(metrics[1][4])});
    if (metrics.size() > 2) longer.insert(number);
  }
  ASSERT_TRUE(sound.size() >= 3 && sound.size() < 5) << sound.size();  // else the test shows nothing
  std::sort(sound.begin(), sound.end(), [](const Trial& a, const Trial& b) {
    return a.accuracy != b.accuracy ? a.accuracy > b.accuracy : a.loss < b.loss;
  });
  EXPECT_EQ(longer, (std::set<int>{sound[0].number, sound[1].number}));
}

TEST_F(PosterStudyTest, ComesOutTheSameHoweverOftenItIsKilled) {
  write(study());
  const Outcome whole = run("s.json --out whole/out --keep all --threads 1");
  ASSERT_EQ(whole.exit_code, 0) << whole.errors << whole.output;
  expect_hand_computed_table("whole/out");
  expect_right_promotions("whole/out");

  // The same study in the same folder, below another working directory: paths are in checkpoints.
  fs::rename(root_ / "whole/out", root_ / "first");
  const std::string again = "s.json --out whole/out --keep all --threads 2", out = "whole/out/";
  const std::pair<const char*, std::string> moments[] = {
      {"KILL", "[ -e " + out + "data/.faces.partial/train/fear ]"},
      {"KILL", "[ -e " + out + "plain/seed-1/study-run.json ]"},
      {"KILL", "[ -e " + out + "plain/seed-1/best.safetensors ]"},
      {"TERM", "grep -q \"^Epoch: .1\" " + out + "plain/seed-1/log.txt 2>/dev/null"},
      {"KILL", "[ -e " + out + "plain/seed-1/predictions-best-test.csv ]"},
      {"KILL", "[ -e " + out + "plain/seed-1/scores.json ]"},
      {"TERM", "find " + out + "plain/seed-2/log.txt -newer begun 2>/dev/null | grep -q ."},
      {"KILL", "[ -e " + out + "found/search/trial-001/metrics.csv ]"},
      {"KILL", "[ -e " + out + "found/search/trial-003/run.json ]"},
      {"KILL", "[ -e " + out + "found/seed-5/last.safetensors ]"}};
  for (const auto& [signal, moment] : moments) {
    const Outcome stopped = interrupt(signal, moment, again);
    if (std::string(signal) == "TERM")
      EXPECT_TRUE(stopped.exit_code == 75) << moment << stopped.exit_code << stopped.output << stopped.errors;
    else
      EXPECT_TRUE(stopped.exit_code == 137)
          << moment << stopped.exit_code << stopped.output << stopped.errors;
    EXPECT_FALSE(fs::exists(root_ / (out + "found/seed-5/scores.json"))) << moment;
  }
  const Outcome last = run(again);
  ASSERT_EQ(last.exit_code, 0) << last.errors << last.output;
  for (const char* name : {"study.csv", "study.md", "study.json", "study.svg", "study.png",
                           "found/trials.csv", "found/trials.svg"})
    EXPECT_EQ(bytes(out + name), bytes(std::string("first/") + name)) << name;
  int compared = 0;
  for (const std::string& name : checkpoints("first"))
    if (name.find("previous") == std::string::npos) {
      EXPECT_EQ(bytes(out + name), bytes("first/" + name)) << name;
      ++compared;
    }
  EXPECT_GE(compared, 10);

  // Once more: nothing is trained, and only the best states of the runs stay.
  const Outcome tidy = run("s.json --out whole/out");
  EXPECT_EQ(tidy.exit_code, 0) << tidy.errors;
  EXPECT_EQ(tidy.output.find("Epoch:"), std::string::npos) << tidy.output;
  EXPECT_EQ(checkpoints(out),
            (std::set<std::string>{"found/seed-5/best.safetensors", "plain/seed-1/best.safetensors",
                                   "plain/seed-2/best.safetensors"}));
  EXPECT_EQ(bytes(out + "study.md"), bytes("first/study.md"));

  // A promoted trial is the run that poster_train makes with all epochs from the start.
  const auto trials = rows(out + "found/trials.csv");
  const auto promoted = std::find_if(trials.begin() + 1, trials.end(),
                                     [](const auto& row) { return !row[4].empty() && row[1].size() < 6; });
  ASSERT_NE(promoted, trials.end());
  const Outcome direct =
      run_other("poster_train",
                "--data whole/out/data/faces --model poster-v1-tiny --recipe plain --rho 0 --batch-size "
                "4 --epochs 2 --seed 4 --out direct --lr " +
                    (*promoted)[1] + " --flip " + (*promoted)[2]);
  ASSERT_EQ(direct.exit_code, 0) << direct.errors;
  EXPECT_EQ(bytes("direct/last.safetensors"),
            bytes("first/found/search/trial-00" + (*promoted)[0] + "/last.safetensors"));

  // Settings that changed are never mixed with the old ones.
  json changed = study();
  changed["experiments"]["plain"]["options"] = {{"lr", 2e-3}};
  write(changed);
  expect_error("s.json --out whole/out", {"plain/seed-1", "learning_rate", "0.001", "0.002", "--out"});
  changed = study();
  changed["data"]["faces"]["sample_faces"]["per_class"] = 4;
  write(changed);
  expect_error("s.json --out whole/out", {"data/faces", "\"per_class\":3", "\"per_class\":4", "--out"});
  write(study());
  fs::copy(root_ / (out + "data/faces/train/fear/face_00000_00.png"),
           root_ / (out + "data/faces/train/fear/more.png"));
  expect_error("s.json --out whole/out", {"plain/seed-1", "listing/train", "--out"});
  EXPECT_EQ(bytes(out + "study.md"), bytes("first/study.md"));
}

TEST_F(PosterStudyTest, AnExperimentAloneAndSeedsThatDiverge) {
  json two = study();
  two["experiments"].erase("found");
  two["experiments"]["wild"] = two["experiments"]["plain"];
  two["experiments"]["wild"]["options"] = {{"lr", 1e30}, {"epochs", 3}};
  two["experiments"]["plain"]["options"] = {{"epochs", 1}};
  write(two);
  const Outcome one = run("s.json --out out --only plain --seeds 1");
  ASSERT_EQ(one.exit_code, 0) << one.errors << one.output;
  EXPECT_FALSE(fs::exists(root_ / "out/plain/seed-2"));
  EXPECT_FALSE(fs::exists(root_ / "out/wild"));
  EXPECT_NE(bytes("out/study.csv").find("wild,best,test,0,1,,,,,92.81,\n"), std::string::npos)
      << bytes("out/study.csv");
  const Outcome wild = run("s.json --out out --only wild --seeds 1");
  EXPECT_EQ(wild.exit_code, 1) << wild.output;
  EXPECT_NE(wild.errors.find("diverged"), std::string::npos) << wild.errors;
  EXPECT_NE(bytes("out/study.md").find("0 of 1, 1 diverged"), std::string::npos) << bytes("out/study.md");
}

TEST_F(PosterStudyTest, SaysErrorsOnOneLineAndBeginsNothing) {
  expect_error("", {"STUDY is required"});
  expect_error("none.json", {"none.json"});
  write(study());
  expect_error("s.json --out out --only plane", {"--only plane", "plain, found"});
  expect_error("s.json --out out --data faces", {"--data faces", "NAME=PATH"});
  expect_error("s.json --out out --data face=x", {"face", "it has faces"});
  expect_error("s.json --out out --data faces=nowhere", {"nowhere", "--data faces=PATH"});
  expect_error("s.json --out out --keep some", {"--keep"});
  expect_error("s.json --out out --seeds 0", {"--seeds"});
  expect_error("s.json --out s.json/out", {"s.json/out"});
  json bad = study();
  bad["options"]["seed"] = 3;
  write(bad);
  expect_error("s.json --out out", {"s.json", "plain", "\"seed\"", "seeds"});
  bad = study();
  bad["experiments"]["found"]["search"]["parameters"]["flip"] = {{"uniform", {5, 6}}};
  write(bad);
  expect_error("s.json --out out", {"found", "trial 0", "flip"});
  bad["experiments"]["found"]["search"]["parameters"] = {{"epochs", {{"choice", {1}}}}};
  write(bad);
  expect_error("s.json --out out", {"found", "epochs"});
  bad = study();
  bad["data"]["own"] = {{"path", "own"}, {"about", "poster_prepare folder --in x --out own"}};
  bad["experiments"]["found"]["data"] = "own";
  write(bad);
  expect_error("s.json --out out", {"own", "poster_prepare folder --in x --out own", "--data own=PATH"});
  EXPECT_FALSE(fs::exists(root_ / "out/data"));
  EXPECT_FALSE(fs::exists(root_ / "out/plain"));
}

// In the dry run as at the start: by experiment, and by the option that is wrong.
TEST_F(PosterStudyTest, FindsFaultsBeforeItBegins) {
  ASSERT_EQ(run_other("poster_samples", "--out faces --per-class 4 --size 32").exit_code, 0);
  std::ofstream(root_ / "page.pth") << "<!DOCTYPE html><html></html>";
  fs::copy(root_ / "faces", root_ / "other", fs::copy_options::recursive);
  fs::rename(root_ / "other/test/fear", root_ / "other/test/terror");
  fs::copy(root_ / "faces", root_ / "lacking", fs::copy_options::recursive);
  fs::remove_all(root_ / "lacking/valid");
  json base = study();
  base["data"]["faces"] = {{"path", "faces"}};
  const auto expect_fault = [&](const json& options, std::initializer_list<std::string> parts,
                                const std::string& arguments = "--dry-run") {
    json bad = base;
    bad["experiments"]["plain"]["options"] = options;
    write(bad);
    expect_error("s.json --out out " + arguments, parts);
  };
  expect_fault({{"batch-size", 0}}, {"s.json: experiment \"plain\"", "batch"});
  expect_fault({{"batch-size", 1}}, {"experiment \"plain\"", "--batch-size 1"});
  expect_fault({{"batch-size", 4000}}, {"experiment \"plain\"", "--batch-size 4000"});
  expect_fault({{"lr", "inf"}}, {"experiment \"plain\"", "lr"});
  expect_fault({{"epochs", 0}}, {"experiment \"plain\"", "epochs"});
  expect_fault({{"ir50", "nowhere.pth"}}, {"experiment \"plain\"", "nowhere.pth"});
  expect_fault({{"landmarks", "page.pth"}}, {"experiment \"plain\"", "page.pth: is a web page"});
  expect_fault({{"pretrained-dir", "faces"}}, {"experiment \"plain\"", "holds no ir50.pth"});
  expect_fault({{"classes", {"fear", "joy"}}}, {"experiment \"plain\"", "joy"});
  expect_fault({{"new-head", true}}, {"experiment \"plain\"", "--new-head"});
  expect_fault(json::object(), {"experiment \"plain\"", "terror"}, "--dry-run --data faces=other");
  expect_fault(json::object(), {"experiment \"plain\"", "valid"}, "--dry-run --data faces=lacking");
  expect_fault(json::object(), {"page.pth"}, "--dry-run --data faces=page.pth");
  write(base);
  expect_error("s.json --dry-run --out page.pth/out", {"page.pth"});
  // Of a search each trial is looked at.
  base["experiments"]["found"]["search"]["parameters"] = {{"batch-size", {{"integer", {1, 1}}}}};
  base["experiments"].erase("plain");
  write(base);
  expect_error("s.json --out out --dry-run", {"experiment \"found\": search: trial 0", "--batch-size 1"});
  EXPECT_FALSE(fs::exists(root_ / "out"));
  expect_error("s.json --out out", {"experiment \"found\": search: trial 0", "--batch-size 1"});
  EXPECT_FALSE(fs::exists(root_ / "out/found"));
}

// What was trained with fewer epochs goes on from there, and is the run that has all of them from the start.
TEST_F(PosterStudyTest, MoreEpochsGoOnWhereTheRunsEnded) {
  json small = study();
  small["experiments"].erase("found");
  small["experiments"]["plain"]["seeds"] = {1};
  const auto with_epochs = [&](int epochs) {
    small["options"]["epochs"] = epochs;
    write(small);
  };
  with_epochs(2);
  ASSERT_EQ(run("s.json --out all --keep all").exit_code, 0);
  const std::string whole = bytes("all/plain/seed-1/last.safetensors"), table = bytes("all/study.csv");
  fs::rename(root_ / "all", root_ / "whole");
  with_epochs(1);
  ASSERT_EQ(run("s.json --out all --keep all").exit_code, 0);
  // As --keep best leaves it.
  fs::copy(root_ / "all", root_ / "tidy", fs::copy_options::recursive);
  for (const char* name : {"last.safetensors", "last.previous.safetensors", "best.previous.safetensors"})
    fs::remove(root_ / "tidy/plain/seed-1" / name);
  EXPECT_NE(bytes("all/study.csv"), table);
  with_epochs(2);
  const Outcome more = run("s.json --out all --keep all");
  EXPECT_EQ(more.exit_code, 0) << more.errors;
  EXPECT_NE(more.output.find("at epoch 1, step 0"), std::string::npos) << more.output;
  EXPECT_EQ(bytes("all/plain/seed-1/last.safetensors"), whole);
  EXPECT_EQ(bytes("all/study.csv"), table);
  // Where the best state alone is left it can't, and stays as it is.
  const std::string best = bytes("tidy/plain/seed-1/best.safetensors");
  expect_error("s.json --out tidy", {"tidy/plain/seed-1", "1 epochs", "can't go on to 2", "--out"});
  EXPECT_EQ(bytes("tidy/plain/seed-1/best.safetensors"), best);
  with_epochs(1);  // and as it was, all is done
  const Outcome same = run("s.json --out tidy");
  EXPECT_EQ(same.exit_code, 0) << same.errors;
  EXPECT_EQ(same.output.find("Epoch:"), std::string::npos) << same.output;
  expect_error("s.json --out all", {"all/plain/seed-1", "epochs", "2 and not 1"});
}

TEST_F(PosterStudyTest, RefusesAFolderThatIsInUseOrHoldsOtherRuns) {
  write(study());
  fs::create_directories(root_ / "out");
  {
    const int file = ::open((root_ / "out/.lock").c_str(), O_RDWR | O_CREAT, 0666);
    ASSERT_EQ(::flock(file, LOCK_EX), 0);
    expect_error("s.json --out out", {"out", "at work in it"});
    ::close(file);
  }
  fs::create_directories(root_ / "out/plain/seed-1");
  std::ofstream(root_ / "out/plain/seed-1/run.json") << "{}";
  expect_error("s.json --out out", {"out/plain/seed-1", "--out"});
}

TEST_F(PosterStudyTest, EveryStudyThatComesWithItHasASoundPlan) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(POSTER_SOURCE_DIR "/studies")) {
    if (entry.path().extension() != ".json") continue;
    names.insert(entry.path().stem());
    const Outcome plan = run("'" + entry.path().string() + "' --dry-run --out out");
    EXPECT_EQ(plan.exit_code, 0) << entry.path() << plan.errors;
    EXPECT_NE(plan.output.find("seed"), std::string::npos) << plan.output;
    EXPECT_EQ(plan.output.find("claim"), std::string::npos);
    const json study = json::parse(std::ifstream(entry.path()));
    for (const auto& [name, place] : study.at("data").items())
      EXPECT_FALSE(place.at("about").empty()) << name;
  }
  for (const char* name :
       {"reference", "raf-db", "affectnet-7", "affectnet-8", "caer-s", "v1-v2", "sample-faces"})
    EXPECT_TRUE(names.contains(name)) << name;
  EXPECT_FALSE(fs::exists(root_ / "out"));
}

TEST_F(PosterStudyTest, HelpNamesEveryOption) {
  const Outcome outcome = run("--help");
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* option :
       {"--out", "--data", "--only", "--seeds", "--device", "--threads", "--dry-run", "--keep"})
    EXPECT_NE(outcome.output.find(option), std::string::npos) << option;
}

}  // namespace
