// poster_predict as a user runs it: the same answers as evaluation, every kind of input, every kind of
// output.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/codec/image_reader.h"
#include "io/video/film_reader.h"
#include "io/video/film_writer.h"
#include "tests/support/only_file.h"
#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using poster::io::Image;
using poster::test::Outcome;
const std::string kFilmEnding = poster::io::can_write_mp4() ? ".mp4" : ".avi";

class PosterPredictTest : public poster::test::ProgramTest {
 protected:
  PosterPredictTest() : ProgramTest("poster_predict"), root_(folder_.path()) {}

  // One trained network for all cases: drawn faces and an epoch over them.
  static void SetUpTestSuite() {
    trained_ = new poster::test::TemporaryFolder;
    const std::string in = "cd '" + trained_->path().string() + "' && '" POSTER_BIN_DIR "/";
    ASSERT_EQ(std::system((in + "poster_samples' --out faces --per-class 4 --size 64 --seed 1 >log").c_str()),
              0);
    ASSERT_EQ(
        std::system((in + "poster_train' --data faces --model poster-v2-tiny --batch-size 7 --epochs 2 --lr "
                          "1e-3 --out run >log 2>&1")
                        .c_str()),
        0);
  }
  static void TearDownTestSuite() {
    delete trained_;
    trained_ = nullptr;
  }
  void SetUp() override {
    fs::create_directory_symlink(*trained_ / "faces", root_ / "faces");
    fs::create_directory_symlink(*trained_ / "run", root_ / "run");
  }

  Outcome predict(const std::string& arguments, const std::string& prefix = "") const {
    return run("run/last.safetensors " + arguments, prefix);
  }
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) result.push_back(line);
    return result;
  }
  static std::vector<nlohmann::json> objects(const Outcome& outcome) {
    std::vector<nlohmann::json> result;
    for (const std::string& line : lines(outcome.output)) result.push_back(nlohmann::json::parse(line));
    return result;
  }
  std::vector<std::string> images(const std::string& folder) const {
    std::vector<std::string> result;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / folder))
      if (entry.is_regular_file()) result.push_back(fs::relative(entry.path(), root_).string());
    std::sort(result.begin(), result.end());
    return result;
  }
  // The faces of the test split as frames of a video.
  std::vector<std::string> make_video(const std::string& name) const {
    const auto files = images("faces/test/");
    poster::io::FilmWriter writer(root_ / name, 10);
    for (const std::string& file : files) writer.write(poster::io::read_image((root_ / file).string()));
    writer.close();
    return files;
  }

  fs::path root_;
  static poster::test::TemporaryFolder* trained_;
};
poster::test::TemporaryFolder* PosterPredictTest::trained_ = nullptr;

// Evaluates with poster_train, and counts the same table from predictions.
void expect_evaluations_table(const nlohmann::json& evaluation,
                              const std::vector<nlohmann::json>& predictions) {
  const auto classes = evaluation.at("classes").get<std::vector<std::string>>();
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < classes.size(); ++i) index[classes[i]] = i;
  std::vector<std::vector<int>> table(classes.size(), std::vector<int>(classes.size()));
  for (const auto& prediction : predictions) {
    const std::string truth =
        fs::path(prediction.at("path").get<std::string>()).parent_path().filename().string();
    ++table[index.at(truth)][index.at(prediction.at("class").get<std::string>())];
  }
  EXPECT_EQ(nlohmann::json(table), evaluation.at("confusion"));
}

TEST_F(PosterPredictTest, AgreesWithEvaluationWhateverTheBatchAndTheView) {
  int folders = 0;
  for (const std::string view : {"", "--view lower", "--view headset --headset-mix 0.5"}) {
    const std::string out = "e" + std::to_string(folders++);
    ASSERT_EQ(run_other("poster_train", "--data faces --evaluate run/last.safetensors --split train --out " +
                                            out + " " + view)
                  .exit_code,
              0);
    const auto evaluation = nlohmann::json::parse(
        std::ifstream(poster::test::only_file(root_ / out, "evaluation-last-train", ".json")));
    const Outcome one = predict("faces/train --format json " + view);
    ASSERT_EQ(one.exit_code, 0) << one.errors;
    expect_evaluations_table(evaluation, objects(one));
    const auto batched = objects(predict("faces/train --format json --batch 5 " + view)),
               single = objects(one);
    ASSERT_EQ(batched.size(), single.size());
    for (std::size_t i = 0; i < single.size(); ++i) {
      EXPECT_EQ(batched[i].at("path"), single[i].at("path"));
      // To rounding: how a product is cut up depends on its size.
      for (const auto& [name, value] : single[i].at("probabilities").items())
        EXPECT_NEAR(batched[i].at("probabilities").at(name).get<double>(), value.get<double>(), 1e-5);
    }
  }
}

TEST_F(PosterPredictTest, AnswersWithAPosterV1AsEvaluationDoesAndHasNoAttentionOfIt) {
  ASSERT_EQ(run_other("poster_train",
                      "--data faces --model poster-v1-tiny --batch-size 7 --epochs 1 --lr 1e-3 --out v1")
                .exit_code,
            0);
  ASSERT_EQ(run_other("poster_train", "--data faces --evaluate v1/last.safetensors --split train --out v1")
                .exit_code,
            0);
  for (const std::string batch : {"", " --batch 5"}) {
    const Outcome outcome = run("v1/last.safetensors faces/train --format json" + batch);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
    const auto found = objects(outcome);
    expect_evaluations_table(nlohmann::json::parse(std::ifstream(root_ / "v1/evaluation-last-train.json")),
                             found);
    // Image by image: what evaluation has written down.
    std::map<std::string, std::vector<double>> evaluated;
    std::ifstream table(root_ / "v1/predictions-last-train.csv");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
      std::vector<std::string> cells;
      std::istringstream stream(line);
      for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
      ASSERT_GE(cells.size(), 8u) << line;
      for (std::size_t i = cells.size() - 7; i < cells.size(); ++i)
        evaluated[cells[0]].push_back(std::stod(cells[i]));
    }
    ASSERT_EQ(evaluated.size(), found.size());
    for (const auto& face : found) {
      const auto path = fs::path(face.at("path").get<std::string>()).lexically_relative("faces").string();
      ASSERT_TRUE(evaluated.contains(path)) << path;
      std::size_t i = 0;
      for (const auto& [name, value] : face.at("probabilities").items())
        EXPECT_NEAR(value.get<double>(), evaluated.at(path)[i++], 1e-4) << path << " " << name;
    }
  }
  expect_error("v1/last.safetensors faces/test --attention heat",
               {"attention: the class token of poster-v1-tiny", "leave attention out"});
}

TEST_F(PosterPredictTest, EveryImageIsAnObjectWithBoxClassAndProbabilities) {
  const auto found = objects(predict("faces/test --format json"));
  ASSERT_EQ(found.size(), images("faces/test/").size());
  for (const auto& face : found) {
    EXPECT_EQ(face.at("box"), nlohmann::json({0.0, 0.0, 64.0, 64.0}));
    double sum = 0, largest = 0;
    std::string best;
    for (const auto& [name, value] : face.at("probabilities").items()) {
      sum += value.get<double>();
      if (value.get<double>() > largest) largest = value, best = name;
    }
    EXPECT_NEAR(sum, 1, 1e-5);
    EXPECT_EQ(face.at("class"), best);
    EXPECT_GT(face.at("ms").get<double>(), 0);
  }
}

TEST_F(PosterPredictTest, CsvHasItsColumnsAndQuotesWhatNeedsIt) {
  fs::copy(root_ / images("faces/test/").front(), root_ / "a, \"b\".png");
  const auto table = lines(predict("'a, \"b\".png' faces/test --format csv").output);
  ASSERT_EQ(table.size(), 2 + images("faces/test/").size());
  EXPECT_EQ(table[0],
            "path,frame,left,top,width,height,class,anger,disgust,fear,happiness,neutral,sadness,surprise,ms,"
            "time_s,damage");
  EXPECT_EQ(table[1].find("\"a, \"\"b\"\".png\",,0.0,0.0,64.0,64.0,"), 0u) << table[1];
  for (std::size_t i = 2; i < table.size(); ++i)
    EXPECT_EQ(std::count(table[i].begin(), table[i].end(), ','), 16) << table[i];
}

TEST_F(PosterPredictTest, NamesGivenStandBesideInputs) {
  const Outcome outcome = predict("--classes k1,k2,k3,k4,k5,k6,k7 --rename-classes faces/test --format json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto named = objects(outcome), plain = objects(predict("faces/test --format json"));
  ASSERT_EQ(named.size(), plain.size());
  EXPECT_EQ(named[0].at("probabilities").at("k1"), plain[0].at("probabilities").at("anger"));
  EXPECT_EQ(named[0].at("probabilities").at("k7"), plain[0].at("probabilities").at("surprise"));
}

TEST_F(PosterPredictTest, TakesAListOnStandardInput) {
  const auto files = images("faces/test/");
  std::ofstream list(root_ / "list.txt");
  list << files[1] << "\n\n" << files[0] << "\r\nfaces/valid\n";
  list.close();
  const auto found = objects(predict("- --format json < list.txt"));
  ASSERT_EQ(found.size(), 2 + images("faces/valid/").size());
  EXPECT_EQ(found[0].at("path"), files[1]);
  EXPECT_EQ(found[1].at("path"), files[0]);
}

TEST_F(PosterPredictTest, PassesOverWhatCannotBeReadAndSaysSo) {
  const auto files = images("faces/test/");
  std::ofstream(root_ / "text.jpg") << "no image";
  std::ofstream(root_ / "text.avi") << "no video";
  fs::create_directory(root_ / "empty");
  const Outcome outcome =
      predict("text.jpg " + files[0] + " missing.png text.avi empty 97 " + files[1] + " --format json");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(objects(outcome).size(), 2u) << outcome.output;
  const auto errors = lines(outcome.errors);
  ASSERT_EQ(errors.size(), 5u) << outcome.errors;
  const std::vector<std::string> names = {
      "text.jpg: ", "missing.png: ", "text.avi: ", "empty: ", "camera 97: "};
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(errors[i].find("poster_predict: " + names[i]), 0u) << errors[i];
}

TEST_F(PosterPredictTest, ReadsAndWritesVideos) {
  const auto files = make_video("film.avi");
  const auto frames =
      objects(predict("film.avi --faces none --format json --batch 3 --annotate out --attention heat"));
  ASSERT_EQ(frames.size(), files.size());
  const auto stills = objects(predict("faces/test --format json"));
  int same = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].at("frame"), i);
    EXPECT_EQ(frames[i].at("path"), "film.avi");
    EXPECT_NEAR(frames[i].at("time_s").get<double>(), static_cast<double>(i) / 10, 1e-3);
    same += frames[i].at("class") == stills[i].at("class");
  }
  EXPECT_GE(same,
            static_cast<int>(0.8 * static_cast<double>(frames.size())));  // JPEG changes pixels a little
  poster::io::FilmReader reader((root_ / ("out/film" + kFilmEnding)).string());
  EXPECT_NEAR(reader.frames_per_second(), 10, 1e-9);
  poster::io::Frame frame;
  std::size_t count = 0;
  for (; reader.next(frame); ++count) {
    EXPECT_EQ(frame.image.width, 192);  // enlarged
    EXPECT_NEAR(frame.time_s, static_cast<double>(count) / 10, 1e-3);
  }
  EXPECT_EQ(count, files.size());
  EXPECT_EQ(reader.complaint(), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "heat"), {}), std::ssize(files));
  EXPECT_TRUE(fs::exists(root_ / "heat/film-frame-000001.png"));
  for (const auto& entry : fs::directory_iterator(root_ / "out"))
    EXPECT_EQ(entry.path().filename(), "film" + kFilmEnding);
}

TEST_F(PosterPredictTest, DrawsBoxesAndLabelsAndSaysWhatItWrote) {
  const auto files = images("faces/test/");
  const Outcome outcome = predict(files[0] + " " + files[0] + " --annotate out");
  ASSERT_EQ(outcome.exit_code, 0);
  std::vector<fs::path> drawn;
  for (const auto& entry : fs::directory_iterator(root_ / "out")) drawn.push_back(entry.path());
  ASSERT_EQ(drawn.size(), 2u);  // the second of the same name has a number
  EXPECT_NE(outcome.errors.find("written to out: 2 images, the first is out/"), std::string::npos)
      << outcome.errors;
  const Image after = poster::io::read_image(drawn[0].string());
  ASSERT_EQ(after.width, 192);   // three times as large, to be read
  EXPECT_GT(after.height, 200);  // the face fills the image: its label lies under it
  // The box's colour in a corner, and under the image.
  for (const int y : {0, 194}) {
    EXPECT_GT(after.row(y)[0], 200);
    EXPECT_LT(after.row(y)[2], 100);
  }
}

TEST_F(PosterPredictTest, TheDemonstrationAnswersWithAllClassesAndSaysWhatItWrote) {
  const Outcome outcome = run("--demo");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_NE(outcome.output.find("share/poster/demo/face.png: happiness 9"), std::string::npos)
      << outcome.output;
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '%'), 7) << outcome.output;
  EXPECT_NE(outcome.errors.find("no file was written"), std::string::npos) << outcome.errors;
  const Outcome drawn = run("--demo --annotate out");
  const std::size_t at = drawn.errors.find("written: ");
  ASSERT_NE(at, std::string::npos) << drawn.errors;
  const std::string file = drawn.errors.substr(at + 9, drawn.errors.find('\n', at) - at - 9);
  EXPECT_EQ(poster::io::read_image((root_ / file).string()).width, 224);
  expect_error("--demo run/last.safetensors faces", {"--demo", "leave CHECKPOINT and INPUT out"});
}

TEST_F(PosterPredictTest, LooksAtEveryThirdFrameAndSumsUp) {
  const auto files = make_video("film.avi");
  const Outcome outcome = predict(
      "film.avi --faces none --every 3 --format json --annotate out --summary --min-probability 0.99");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto frames = objects(outcome);
  ASSERT_EQ(frames.size(), (files.size() + 2) / 3);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].at("frame"), 3 * i);
    EXPECT_NEAR(frames[i].at("time_s").get<double>(), 0.3 * static_cast<double>(i), 1e-3);
  }
  poster::io::FilmReader reader((root_ / ("out/film" + kFilmEnding)).string());
  EXPECT_NEAR(reader.frames_per_second(), 10.0 / 3, 1e-3);  // it lasts as long as the film
  for (const char* part : {"frames", "without a face", "uncertain", "mean time of one", "written: out/film"})
    EXPECT_NE(outcome.errors.find(part), std::string::npos) << outcome.errors;
}

TEST_F(PosterPredictTest, AttentionSumsToOneAndBecomesAHeatMap) {
  const auto files = images("faces/test/");
  const auto found = objects(predict(files[0] + " " + files[1] + " --format json --attention heat"));
  ASSERT_EQ(found.size(), 2u);
  for (const auto& face : found) {
    const auto attention = face.at("attention").get<std::vector<double>>();
    ASSERT_EQ(attention.size(), 49u);
    double sum = face.at("attention_to_itself").get<double>();
    for (double weight : attention) sum += weight;
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  EXPECT_NE(found[0].at("attention"), found[1].at("attention"));
  int maps = 0;
  for (const auto& entry : fs::directory_iterator(root_ / "heat")) {
    const Image map = poster::io::read_image(entry.path().string());
    EXPECT_EQ(map.height, 224);
    EXPECT_GT(map.width, 2 * 224);  // what was seen, its map, and the colours' bar
    ++maps;
  }
  EXPECT_EQ(maps, 2);
  // Looking changes no answer.
  const auto plain = objects(predict(files[0] + " --format json"));
  EXPECT_EQ(plain[0].at("probabilities"), found[0].at("probabilities"));
  EXPECT_FALSE(plain[0].contains("attention"));
}

TEST_F(PosterPredictTest, FindsFacesOrSaysThatThereAreNone) {
  poster::io::write_image((root_ / "grey.png").string(), Image(200, 200));
  const Outcome text = predict("grey.png --faces detect");
  EXPECT_EQ(text.output, "grey.png: no face\n");
  EXPECT_EQ(text.exit_code, 0);
  const auto none = objects(predict("grey.png --faces detect --format json"));
  ASSERT_EQ(none.size(), 1u);
  EXPECT_TRUE(none[0].at("box").is_null());
  const auto table = lines(predict("grey.png --faces detect --format csv").output);
  ASSERT_EQ(table.size(), 2u);
  EXPECT_EQ(std::count(table[1].begin(), table[1].end(), ','), 16) << table[1];
  // A drawn face in the middle of a larger image: its box lies there.
  ASSERT_EQ(run_other("poster_samples", "--out large --per-class 3 --size 200 --seed 2").exit_code, 0);
  int inside = 0, total = 0;
  for (const auto& file : images("large/train")) {
    const Image face = poster::io::read_image((root_ / file).string());
    Image large(500, 400);
    for (int y = 0; y < 200; ++y) std::copy_n(face.row(y), 600, large.row(y + 100) + 3 * 250);
    poster::io::write_image((root_ / "large.png").string(), large);
    const auto found = objects(predict("large.png --faces detect --format json --min-face 60"));
    ++total;
    if (found.empty() || found[0].at("box").is_null()) continue;
    const auto box = found[0].at("box").get<std::vector<double>>();
    inside += box[0] > 230 && box[1] > 80 && box[0] + box[2] < 470 && box[1] + box[3] < 320;
    if (total == 4) break;
  }
  EXPECT_GT(inside, 0) << "of " << total;
}

// A frame is no cropped face: it is looked for, unless the network sees what a headset leaves.
TEST_F(PosterPredictTest, FindsFacesInFilmsWhereTheViewIsTheWholeFace) {
  make_video("film.avi");
  const Outcome full = predict("film.avi faces/test --format json");
  EXPECT_EQ(full.exit_code, 0);
  EXPECT_EQ(std::count(full.errors.begin(), full.errors.end(), '\n'), 1) << full.errors;
  EXPECT_NE(full.errors.find("film.avi: faces are looked for in each frame"), std::string::npos)
      << full.errors;
  for (const auto& face : objects(full)) {
    const bool whole = face.at("box") == nlohmann::json({0.0, 0.0, 64.0, 64.0});
    EXPECT_EQ(whole, !face.contains("frame")) << face;
  }
  const Outcome none = predict(POSTER_TEST_DATA "/films/second.webm --format csv");
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_NE(none.errors.find("second.webm: no face in any of 10 frames"), std::string::npos) << none.errors;
  EXPECT_EQ(full.errors.find("no face in any"), std::string::npos) << full.errors;
  const Outcome lower = predict("film.avi --view lower --format json");
  EXPECT_EQ(lower.exit_code, 0);
  EXPECT_NE(lower.errors.find("the whole of each frame is taken for the face"), std::string::npos)
      << lower.errors;
  EXPECT_NE(lower.errors.find("the network was trained with \"full\""), std::string::npos) << lower.errors;
  EXPECT_EQ(std::count(lower.errors.begin(), lower.errors.end(), '\n'), 2) << lower.errors;
  EXPECT_EQ(objects(lower)[0].at("box"), nlohmann::json({0.0, 0.0, 64.0, 64.0}));
  const Outcome headset = predict("film.avi --view headset --headset-mix 0.5 --format json");
  EXPECT_NE(headset.errors.find("the whole of each frame is taken for the face"), std::string::npos)
      << headset.errors;
  EXPECT_EQ(objects(headset)[0].at("box"), nlohmann::json({0.0, 0.0, 64.0, 64.0}));
  const Outcome box = predict("film.avi --view lower --box 10,5,40,50 --format json");
  EXPECT_EQ(std::count(box.errors.begin(), box.errors.end(), '\n'), 1) << box.errors;
  for (const auto& face : objects(box)) EXPECT_EQ(face.at("box"), nlohmann::json({10.0, 5.0, 40.0, 50.0}));
  const Outcome beyond = predict(images("faces/test/").front() + " --box 30,5,40,50");
  EXPECT_EQ(beyond.exit_code, 2);
  EXPECT_NE(beyond.errors.find("reaches beyond the 64x64 pixels"), std::string::npos);
  const Outcome beside = predict("film.avi --box 70,5,40,50");
  EXPECT_EQ(beside.exit_code, 2);
  EXPECT_EQ(beside.output, "");
  EXPECT_EQ(std::count(beside.errors.begin(), beside.errors.end(), '\n'), 1) << beside.errors;
}

TEST_F(PosterPredictTest, SaysWhatIsMissingOfFilms) {
  const std::string films = POSTER_TEST_DATA "/films/";
  const Outcome outcome =
      predict("--faces none --format json " + films + "cut.mp4 " + films + "change.webm " + films +
              "hole.mp4 " + films + "second.webm " + films + "playlist.m3u8");
  EXPECT_EQ(outcome.exit_code, 2);
  const auto errors = lines(outcome.errors);
  ASSERT_EQ(errors.size(), 3u) << outcome.errors;
  EXPECT_NE(errors[0].find("cut.mp4: ends early, 15 of 30 frames could be read"), std::string::npos)
      << errors[0];
  EXPECT_NE(errors[1].find("hole.mp4: damaged, 26 of 30 frames could be read"), std::string::npos)
      << errors[1];
  EXPECT_NE(errors[2].find("playlist.m3u8: "), std::string::npos) << errors[2];
  std::map<std::string, std::vector<nlohmann::json>> frames;
  for (const auto& face : objects(outcome))
    frames[fs::path(face.at("path").get<std::string>()).filename()].push_back(face);
  EXPECT_EQ(frames["cut.mp4"].size(), 15u);
  ASSERT_EQ(frames["hole.mp4"].size(), 26u);
  EXPECT_TRUE(frames["hole.mp4"][11].contains("damaged"));
  EXPECT_FALSE(frames["hole.mp4"][25].contains("damaged"));
  ASSERT_EQ(frames["change.webm"].size(), 20u);
  ASSERT_EQ(frames["second.webm"].size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(frames["change.webm"][10 + i].at("box"), nlohmann::json({0.0, 0.0, 64.0, 96.0}));
    EXPECT_EQ(frames["change.webm"][10 + i].at("probabilities"),
              frames["second.webm"][i].at("probabilities"));
  }
}

TEST_F(PosterPredictTest, TakesListsAsFindAndWindowsWriteThem) {
  const auto files = images("faces/test/");
  const auto listed = [&](const std::string& bytes) {
    std::ofstream(root_ / "list", std::ios::binary) << bytes;
    return predict("- --format csv < list");
  };
  EXPECT_EQ(lines(listed(files[0] + std::string(1, '\0') + files[1] + std::string(1, '\0')).output).size(),
            3u);
  EXPECT_EQ(lines(listed("\xEF\xBB\xBF" + files[0] + "\r\n" + files[1] + "\r\n").output).size(), 3u);
  std::string utf16 = "\xFF\xFE";
  for (const char c : files[0] + "\r\n") utf16 += std::string{c, '\0'};
  const Outcome refused = listed(utf16), none = listed("");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.errors.find("UTF-16"), std::string::npos) << refused.errors;
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.errors.find("is empty"), std::string::npos) << none.errors;
}

// Whatever of the film is finished when the request comes is kept, and the table has as many rows.
TEST_F(PosterPredictTest, EndsInOrderWhenItIsStopped) {
  make_video("film.avi");
  std::string again;
  for (int i = 0; i < 400; ++i) again += "film.avi\n";
  std::ofstream(root_ / "list") << again;
  // The program's first row is the sign to stop it.
  std::ofstream(root_ / "stop.sh") << R"(mkfifo rows
"$@" --format csv < list > rows & program=$!
{ IFS= read -r header; IFS= read -r row; kill -TERM $program; cat > rest; } < rows
wait $program
)";
  const Outcome outcome = predict("--faces none --annotate out -", "bash stop.sh");
  EXPECT_EQ(outcome.exit_code, 75) << outcome.errors;
  EXPECT_NE(outcome.errors.find("stopped before the end"), std::string::npos) << outcome.errors;
  std::size_t frames = 0;
  for (const auto& entry : fs::directory_iterator(root_ / "out")) {
    EXPECT_EQ(entry.path().extension(), kFilmEnding) << entry.path();
    poster::io::FilmReader reader(entry.path().string());
    for (poster::io::Frame frame; reader.next(frame);) ++frames;
    EXPECT_EQ(reader.complaint(), "");
  }
  std::ifstream rest(root_ / "rest");
  EXPECT_EQ(frames,
            1u + static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(rest), {}, '\n')));
}

TEST_F(PosterPredictTest, NeverOverwritesWhatItWrote) {
  const auto files = images("faces/test/");
  fs::create_directory(root_ / "in");
  fs::copy(root_ / files[0], root_ / "in/a.png");
  // Twice into a folder within the one that is looked at: neither its own images are, nor does one go.
  ASSERT_EQ(predict("in --annotate in/out --attention in/heat").exit_code, 0);
  const Outcome second = predict("in --annotate in/out --attention in/heat");
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_EQ(lines(second.output).size(), 1u) << second.output;
  EXPECT_NE(second.errors.find("files of an earlier run are kept"), std::string::npos) << second.errors;
  for (const char* folder : {"in/out", "in/heat"})
    for (const char* name : {"in_a.png", "in_a-2.png"})
      EXPECT_TRUE(fs::exists(root_ / folder / name)) << folder << name;
}

TEST_F(PosterPredictTest, RefusesBadCommandLines) {
  expect_error("", {"CHECKPOINT"});
  expect_error("run/last.safetensors", {"INPUT"});
  expect_error("missing.safetensors faces", {"missing.safetensors"});
  expect_error("run/last.safetensors faces --format xml", {"xml", "json"});
  expect_error("run/last.safetensors faces --min-face 5", {"--min-face", "--faces detect"});
  expect_error("run/last.safetensors faces --faces detect --detector missing.onnx", {"missing.onnx"});
  expect_error("run/last.safetensors faces --faces detect --box 1,2,3,4",
               {"--box", "--faces", "one of the two"});
  expect_error("run/last.safetensors faces --box 1,2,3", {"--box"});
  expect_error("run/last.safetensors faces --box 1,2,0,4", {"a box without an area"});
  expect_error("run/last.safetensors faces --batch 0", {"--batch"});
  expect_error("run/last.safetensors faces --every 0", {"--every"});
  expect_error("run/last.safetensors faces --top 0", {"--top"});
  expect_error("run/last.safetensors faces --min-probability 1.5", {"--min-probability"});
  expect_error("run/last.safetensors faces --classes a,b,c,d,e,f,g,h", {"8 class names", "7 outputs"});
  expect_error("run/last.safetensors faces --classes a,b,c,d,e,f,g",
               {"names its outputs anger, disgust", "a, b, c", "--rename-classes"});
  expect_error("run/last.safetensors faces --annotate run/last.safetensors", {"--annotate"});
}

TEST_F(PosterPredictTest, SaysWhereThereIsNoDisplay) {
  const Outcome outcome = predict("faces/test --watch", "env -u DISPLAY -u WAYLAND_DISPLAY");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.errors.find("there is no display"), std::string::npos) << outcome.errors;
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
}

}  // namespace
