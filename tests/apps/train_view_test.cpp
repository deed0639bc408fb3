// poster_train --view as a user runs it: the checkpoint keeps the view, and evaluation and resuming go by it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/codec/image_reader.h"
#include "io/face/face_view.h"
#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using poster::test::Outcome;

class TrainViewTest : public poster::test::ProgramTest {
 protected:
  TrainViewTest() : ProgramTest("poster_train"), root_(folder_.path()) {
    make_once("faces", "poster_samples", "--out faces --per-class 4 --size 64 --seed 1");
  }
  static std::string flags(const std::string& out, const std::string& more) {
    return "--data faces --model poster-v2-tiny --batch-size 5 --rho 0 --lr 1e-3 --out " + out + " " + more;
  }
  std::string bytes(const std::string& path) const {
    std::ifstream stream(root_ / path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  nlohmann::json json(const std::string& path) const { return nlohmann::json::parse(bytes(path)); }
  void train(const std::string& out, const std::string& more) const {
    make_once(out, "poster_train", flags(out, more));
  }
  // The loss that evaluating a run's last checkpoint gives.
  double evaluated(const std::string& run_folder, const std::string& more,
                   std::string* output = nullptr) const {
    const Outcome outcome = run("--evaluate " + run_folder + "/last.safetensors --out evaluated " + more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    if (output) *output = outcome.output;
    const std::string record = written(outcome.output);
    return record.empty() ? 0.0 : json(record).at("loss").get<double>();
  }
  // A table of predictions without the paths, boxes and times.
  static std::string shares(const std::string& table) {
    std::istringstream lines(table);
    std::string kept, field;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line.substr(0, line.rfind(',')));
      for (int i = 0; std::getline(fields, field, ','); ++i)
        if (i >= 6 && i < 14)  // the class and its seven probabilities
          kept += field + ",";
      kept += "\n";
    }
    return kept;
  }
  // The record of an evaluation, as its last line names it.
  static std::string written(const std::string& output) {
    const std::size_t at = output.rfind("Written: ");
    if (at == std::string::npos) return "";
    return output.substr(at + 9, output.find(',', at) - at - 9);
  }
  // The whole data set with its images replaced by views of them.
  void write_views(const std::string& to, const poster::io::ViewOptions& options) const {
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "faces")) {
      if (!entry.is_regular_file()) continue;
      const fs::path target = root_ / to / fs::relative(entry.path(), root_ / "faces");
      fs::create_directories(target.parent_path());
      poster::io::write_image(target.string(),
                              apply_view(poster::io::read_image(entry.path().string()), options,
                                         poster::io::view_key(entry.path().string())));
    }
  }

  fs::path root_;
};

const char* const kMixed = "--view headset --headset-mix 0.5 --headset-colour 203040";

TEST_F(TrainViewTest, ResumesToTheBitAndEvaluatesWithTheCheckpointsView) {
  train("whole", std::string("--epochs 2 ") + kMixed);
  train("parts", std::string("--epochs 1 ") + kMixed);
  const Outcome resumed = run("--resume auto --out parts --epochs 2");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_TRUE(bytes("parts/last.safetensors") == bytes("whole/last.safetensors"));
  EXPECT_EQ(json("parts/run.json"), json("whole/run.json"));
  const auto view = json("whole/run.json").at("settings").at("view");
  EXPECT_EQ(view.at("view"), "headset");
  EXPECT_EQ(view.at("headset_mix"), 0.5);
  EXPECT_EQ(view.at("headset_colour"), (std::vector<int>{0x20, 0x30, 0x40}));
  EXPECT_NE(bytes("whole/log.txt").find("View: headset, 2.3 x 0.6, #203040, on 50 % of the images"),
            std::string::npos);

  std::string said;
  const double own = evaluated("whole", "", &said);
  EXPECT_NE(said.find("View: headset, 2.3 x 0.6, #203040, on 50 % of the images (seed 0)\n"),
            std::string::npos)
      << said;
  EXPECT_EQ(written(said), "evaluated/evaluation-last-test.json");
  EXPECT_EQ(json(written(said)).at("view"), view);
  EXPECT_EQ(evaluated("whole", kMixed), own);
  const double full = evaluated("whole", "--view full", &said);
  EXPECT_NE(said.find("WARNING: another view than in training. View: full (trained with: headset"),
            std::string::npos)
      << said;
  EXPECT_EQ(written(said).find("evaluated/evaluation-last-test-seen-full-"), 0u) << said;
  EXPECT_EQ(json(written(said)).at("trained_view"), view);
  const double all = evaluated("whole", "--headset-mix 1", &said);
  EXPECT_NE(said.find("(trained with: headset"), std::string::npos) << said;
  EXPECT_NE(own, full);
  EXPECT_NE(own, all);
  EXPECT_NE(full, all);
  // None of them has replaced the run's own.
  EXPECT_EQ(json("evaluated/evaluation-last-test.json").at("loss"), own);
}

// What poster_prepare has cut is the view of the run, and is done to others' images alone.
TEST_F(TrainViewTest, ThePreparationTravelsWithTheRun) {
  const Outcome prepared = run_other("poster_prepare", "folder --in faces --out lowered --view lower");
  ASSERT_EQ(prepared.exit_code, 0) << prepared.errors;
  EXPECT_EQ(json("lowered/preparation.json").at("view").at("view"), "lower");
  expect_error(flags("x", "--data lowered --epochs 1 --view lower"), {"--view lower", "lowered", "already"});
  expect_error(flags("x", "--data lowered --epochs 1 --view full"), {"--view full", "already"});
  EXPECT_FALSE(fs::exists(root_ / "x/last.safetensors"));

  train("run", "--epochs 1 --data lowered");
  const auto settings = json("run/run.json").at("settings");
  EXPECT_EQ(settings.at("view").at("view"), "lower");
  EXPECT_EQ(settings.at("recipe").at("resize"), "stretch");
  EXPECT_EQ(settings.at("preparation").at("program"), "poster_prepare");
  EXPECT_NE(bytes("run/log.txt")
                .find("View: lower, from 0.5 of the face's height on (in the images already, by "
                      "poster_prepare)"),
            std::string::npos);

  // Whole faces are cut, cut ones aren't: the network is shown the same.
  std::string said;
  const double on_lowered = evaluated("run", "", &said);
  EXPECT_EQ(written(said), "evaluated/evaluation-last-test.json");
  EXPECT_EQ(evaluated("run", "--data faces", &said), on_lowered);
  EXPECT_NE(said.find("View: lower"), std::string::npos) << said;
  const std::string elsewhere = written(said);
  EXPECT_EQ(elsewhere.find("evaluated/evaluation-last-test-on-"), 0u) << said;
  // Two other sets of images have a file each.
  fs::create_directories(root_ / "more");
  fs::copy(root_ / "faces", root_ / "more", fs::copy_options::recursive);
  fs::copy_file(fs::directory_iterator(root_ / "faces/test/anger")->path(),
                root_ / "more/test/anger/another.png");
  const std::string content = bytes(elsewhere);
  evaluated("run", "--data more", &said);
  EXPECT_NE(written(said), elsewhere) << said;
  EXPECT_EQ(bytes(elsewhere), content);
  expect_error("--evaluate run/last.safetensors --view lower", {"--view lower", "already"});
  const Outcome probabilities =
                    run_other("poster_predict", "run/last.safetensors --format csv faces/test/anger"),
                of_lowered =
                    run_other("poster_predict", "run/last.safetensors --format csv lowered/test/anger");
  ASSERT_EQ(probabilities.exit_code, 0) << probabilities.errors;
  ASSERT_EQ(of_lowered.exit_code, 0) << of_lowered.errors;
  EXPECT_EQ(shares(probabilities.output), shares(of_lowered.output));

  // Going on with the same images under another record, or none, isn't the same run.
  fs::rename(root_ / "lowered/preparation.json", root_ / "kept.json");
  expect_error("--resume auto --out run --epochs 2", {"lowered", "unknown", "preparation.json"});
  fs::rename(root_ / "kept.json", root_ / "lowered/preparation.json");
  EXPECT_EQ(run("--resume auto --out run --epochs 2").exit_code, 0);

  // Nor is a second cut made by preparing again, or by mixing.
  const Outcome again = run_other("poster_prepare", "folder --in lowered/train --out twice --view lower");
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_NE(again.errors.find("a second cut"), std::string::npos) << again.errors;
  const Outcome kept = run_other("poster_prepare", "folder --in lowered/train --out once");
  EXPECT_EQ(kept.exit_code, 0) << kept.errors;
  EXPECT_EQ(json("once/preparation.json").at("view"), json("lowered/preparation.json").at("view"));
  fs::create_directory(root_ / "mixed");
  fs::create_directory_symlink(root_ / "lowered/train", root_ / "mixed/train");
  fs::create_directory_symlink(root_ / "faces/valid", root_ / "mixed/valid");
  expect_error(flags("x", "--epochs 1 --data mixed"), {"mixed/valid", "mixed/train", "same view"});
}

// A network of whole faces that is tried on lower halves says so everywhere.
TEST_F(TrainViewTest, AnotherPreparationThanThatOfTrainingIsSaid) {
  ASSERT_EQ(run_other("poster_prepare", "folder --in faces --out lowered --view lower").exit_code, 0);
  train("run", "--epochs 1");
  std::string said;
  const double own = evaluated("run", "", &said), other = evaluated("run", "--data lowered", &said);
  EXPECT_NE(own, other);
  EXPECT_NE(said.find("WARNING: another view than in training. View: lower"), std::string::npos) << said;
  EXPECT_NE(said.find("Not the run's own result: lowered/test"), std::string::npos) << said;
  const auto record = json(written(said));
  EXPECT_EQ(record.at("trained_view").at("view"), "full");
  EXPECT_EQ(record.at("preparation").at("program"), "poster_prepare");
  EXPECT_EQ(json("evaluated/evaluation-last-test.json").at("loss"), own);
  const Outcome predicted = run_other("poster_predict", "run/last.safetensors --format json lowered/test");
  EXPECT_NE(predicted.errors.find("were made with the view \"lower"), std::string::npos) << predicted.errors;
  EXPECT_NE(predicted.output.find("\"view_other_than_trained\":\"lower"), std::string::npos)
      << predicted.output;
}

// What is painted while training is what somebody else paints beforehand with the same functions.
TEST_F(TrainViewTest, LearnsTheSameFromViewsMadeBeforehand) {
  poster::io::ViewOptions options;
  options.view = poster::io::View::headset;
  options.headset_mix = 0.5;
  options.headset_colour = {0x20, 0x30, 0x40};
  write_views("painted", options);
  options = {};
  options.view = poster::io::View::lower;
  options.eye_line = 0.4;
  write_views("lower", options);
  const auto losses = [&](const std::string& out) {
    std::string rows = bytes(out + "/metrics.csv"), kept;
    std::istringstream lines(rows);
    for (std::string line, field; std::getline(lines, line);) {
      std::istringstream fields(line);
      for (int i = 0; i < 6 && std::getline(fields, field, ','); ++i) kept += field + ",";
    }
    return kept;
  };
  train("on_the_fly", std::string("--epochs 1 ") + kMixed);
  train("beforehand", "--epochs 1 --data painted");
  EXPECT_EQ(losses("on_the_fly"), losses("beforehand"));
  train("lower_on_the_fly", "--epochs 1 --view lower --eye-line 0.4 --workers 1 --cache-mib 0");
  train("lower_beforehand", "--epochs 1 --data lower --resize stretch");
  EXPECT_EQ(losses("lower_on_the_fly"), losses("lower_beforehand"));
  EXPECT_NE(losses("lower_on_the_fly"), losses("on_the_fly"));
  EXPECT_EQ(json("lower_on_the_fly/run.json").at("settings").at("recipe").at("resize"), "stretch");
}

TEST_F(TrainViewTest, ATextureMustStayTheSame) {
  poster::io::Image texture(6, 4);
  for (std::size_t i = 0; i < texture.rgb.size(); ++i) texture.rgb[i] = static_cast<std::uint8_t>(3 * i);
  poster::io::write_image((root_ / "headset.png").string(), texture);
  train("run", "--epochs 1 --view headset --headset-texture headset.png");
  const double own = evaluated("run", "");
  fs::rename(root_ / "headset.png", root_ / "moved.png");
  expect_error("--resume run/last.safetensors --out more --epochs 2", {"headset.png: no such image"});
  EXPECT_EQ(evaluated("run", "--headset-texture moved.png"), own);
  const Outcome resumed =
      run("--resume run/last.safetensors --out more --epochs 2 --headset-texture moved.png");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.errors;
  texture.rgb[5] ^= 1;
  poster::io::write_image((root_ / "headset.png").string(), texture);
  expect_error("--resume run/last.safetensors --out other --epochs 2",
               {"headset.png: not the headset texture that the network was trained with"});
}

TEST_F(TrainViewTest, RefusesContradictions) {
  train("run", "--epochs 1 --view lower");
  expect_error(
      "--resume auto --out run --epochs 2 --view headset",
      {"--view: the checkpoint was trained with the view \"lower, from 0.5", "leave these options out"});
  expect_error("--resume auto --out run --epochs 2 --eye-line 0.45", {"from 0.45"});
  expect_error("--resume auto --out run --epochs 2 --headset-mix 0.5",
               {"--headset-mix has no effect on --view lower"});
  EXPECT_EQ(run("--resume auto --out run --epochs 2 --view lower --eye-line 0.5").exit_code, 0);

  expect_error(flags("x", "--eye-line 0.4"), {"--eye-line has no effect on --view full; give --view lower"});
  expect_error(flags("x", "--headset-colour 000000 --view lower"), {"give --view headset"});
  expect_error(flags("x", "--face-margin 0.2"), {"--face-margin has no effect on --view full"});
  expect_error(flags("x", "--view headset --headset-colour pink"), {"--headset-colour: 'pink' is no colour"});
  expect_error(flags("x", "--view headset --headset-mix 1.5"),
               {"--view: headset_mix (--headset-mix) is 1.5; it must lie in 0 to 1"});
  expect_error(flags("x", "--view upper"), {"--view", "upper"});
  expect_error(flags("x", "--view headset --headset-texture none.png"), {"none.png: no such image"});
  expect_error(flags("x", "--view headset --view-detector none.onnx"), {"none.onnx: no such file"});
  EXPECT_FALSE(fs::exists(root_ / "x/last.safetensors"));
}

}  // namespace
