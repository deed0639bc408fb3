// poster_report as a user runs it, on real runs of poster_train.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "tests/support/error_text.h"
#include "tests/support/markup.h"
#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using poster::test::expect_contains;
using poster::test::markup_error;
using poster::test::Outcome;

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class PosterReportTest : public poster::test::ProgramTest {
 protected:
  PosterReportTest() : ProgramTest("poster_report"), root_(folder_.path()) {
    make_once("faces", "poster_samples", "--out faces --per-class 6 --size 48 --seed 1");
  }

  void train(const std::string& out, const std::string& more = "", const std::string& data = "faces") const {
    make_once(out, "poster_train",
              "--data '" + data + "' --model poster-v2-tiny --batch-size 5 --epochs 2 --lr 1e-3 --out '" +
                  out + "' " + more);
  }
  void evaluate(const std::string& checkpoint) const {
    make_once(checkpoint.substr(0, checkpoint.find('/')), "poster_train",
              "--evaluate " + checkpoint + ".safetensors --split test");
  }
  void report(const std::string& arguments) const {
    const Outcome outcome = run(arguments);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_EQ(outcome.errors, "");
  }

  std::string bytes(const std::string& path) const {
    std::ifstream stream(root_ / path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // The page; it is whole, and asks for nothing outside itself.
  std::string page(const std::string& path) const {
    const std::string text = bytes(path);
    EXPECT_EQ(markup_error(text), "");
    EXPECT_EQ(text.find("<script"), std::string::npos);
    const std::regex reference("(src|href)=\"([^\"]{0,20})");
    for (std::sregex_iterator at(text.begin(), text.end(), reference), end; at != end; ++at)
      EXPECT_TRUE((*at)[2].str().starts_with("data:") || (*at)[2].str().starts_with("#")) << (*at)[2];
    EXPECT_EQ(text.find("url("), std::string::npos);
    EXPECT_EQ(text.find("@import"), std::string::npos);
    return text;
  }
  ordered_json json(const std::string& path) const { return ordered_json::parse(bytes(path)); }
  void write(const std::string& path, const std::string& text) const {
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  void change(const std::string& path, const std::function<void(ordered_json&)>& change_it) const {
    ordered_json value = json(path);
    change_it(value);
    write(path, value.dump());
  }

  fs::path root_;
};

// The row of a table that begins with this heading.
std::string row_of(const std::string& page, const std::string& heading) {
  const std::size_t at = page.find("<th scope=\"row\">" + heading + "</th>");
  return at == std::string::npos ? "" : page.substr(at, page.find("</tr>", at) - at);
}

TEST_F(PosterReportTest, OneRunsNumbersAreItsFiles) {
  train("run", "--seed 7");
  evaluate("run/best");
  evaluate("run/last");
  report("run");
  const std::string html = page("run/report.html"), markdown = bytes("run/report.md");
  const ordered_json settings = json("run/run.json");
  for (const char* split : {"valid", "test"})
    for (const char* state : {"best", "last"}) {
      const std::string name = std::string(state) + "-" + split;
      const ordered_json e = json("run/evaluation-" + name + ".json");
      const std::string of = std::string(split) + ", " + state;
      expect_contains(row_of(html, "Accuracy on " + of), "<td>" + fixed(e.at("accuracy"), 2) + " %</td>");
      expect_contains(row_of(html, "Macro F1 on " + of), "<td>" + fixed(e.at("macro_f1"), 4) + "</td>");
      expect_contains(markdown, "| Accuracy on " + of + " | " + fixed(e.at("accuracy"), 2) + " % |");
      std::string scores, counts;
      for (const auto& one : e.at("per_class"))
        scores += "<tr><th scope=\"row\">" + one.at("name").get<std::string>() + "</th><td>" +
                  fixed(one.at("precision"), 4) + "</td><td>" + fixed(one.at("recall"), 4) + "</td><td>" +
                  fixed(one.at("f1"), 4) + "</td><td>" + std::to_string(one.at("support").get<int>()) +
                  "</td></tr>\n";
      expect_contains(html, scores);
      for (std::size_t label = 0; label < e.at("classes").size(); ++label) {
        counts += "<tr><th scope=\"row\">" + e.at("classes")[label].get<std::string>() + "</th>";
        for (const auto& count : e.at("confusion")[label]) counts += "<td>" + count.dump() + "</td>";
        counts += "</tr>\n";
      }
      expect_contains(html, counts);
      expect_contains(html, "loss " + fixed(e.at("loss"), 4));
      EXPECT_TRUE(fs::exists(root_ / ("run/report_files/run-1-confusion-" + name + ".png")));
    }
  expect_contains(row_of(html, "Seed"), "<td>7</td>");
  expect_contains(row_of(html, "Epochs done"), "<td>2 of 2</td>");
  expect_contains(row_of(html, "Best epoch on valid"), "<td>" + settings.at("best_epoch").dump() + "</td>");
  expect_contains(row_of(html, "Hash of train&#39;s listing"),
                  settings.at("train_listing_hash").get<std::string>());
  expect_contains(row_of(html, "Device"), settings.at("device").get<std::string>());
  expect_contains(row_of(html, "Train images of fear"),
                  "<td>" + settings.at("train_pictures").at("fear").dump() + "</td>");
  expect_contains(row_of(html, "recipe.batch_size"), "<td>5</td><td>8</td>");
  EXPECT_EQ(occurrences(html, "data:image/svg+xml;base64,"), 5);
  EXPECT_TRUE(fs::exists(root_ / "run/report_files/curves.png"));
  EXPECT_EQ(occurrences(html, "class=\"warning\""), 0);
}

TEST_F(PosterReportTest, TheWorstMistakesAreShown) {
  train("run");
  report("run --worst 3 --out three.html");
  report("run --worst 0 --out none.html");
  const std::string html = page("three.html");
  EXPECT_EQ(occurrences(html, "data:image/jpeg;base64,"), 3);
  EXPECT_EQ(occurrences(page("none.html"), "data:image/jpeg"), 0);
  // From the predictions by other means: the largest probability of a wrong class.
  double largest = 0;
  std::string worst, line;
  std::istringstream lines(bytes("run/predictions-best-valid.csv"));
  for (std::getline(lines, line); std::getline(lines, line);) {
    std::vector<std::string> fields;
    std::istringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
    ASSERT_EQ(fields.size(), 10u);
    double mine = 0;
    for (std::size_t i = 3; i < fields.size(); ++i) mine = std::max(mine, std::stod(fields[i]));
    if (fields[1] == fields[2] || mine <= largest) continue;
    largest = mine;
    worst = "<span>" + fields[1] + " → " + fields[2] + "</span><span>" + fixed(100 * mine, 1) + " %";
  }
  const std::size_t gallery = html.find("class=\"gallery\"");
  ASSERT_NE(gallery, std::string::npos);
  EXPECT_EQ(html.find("<span>", gallery), html.find(worst, gallery)) << worst;
  expect_contains(bytes("three.md"), "](three_files/run-1-mistake-3.jpg)");
  EXPECT_TRUE(fs::exists(root_ / "three_files/run-1-mistake-3.jpg"));

  fs::rename(root_ / "faces", root_ / "moved");
  report("run --worst 3 --out gone.html");
  expect_contains(page("gone.html"), "3 images of 3 can&#39;t be shown; images were looked for in faces");
  expect_contains(page("gone.html"), "<div class=\"gone\">gone</div>");
  report("run --worst 3 --data moved --out three.html");
  EXPECT_EQ(bytes("three.html"), html);
}

TEST_F(PosterReportTest, SeveralRunsStandSideBySide) {
  train("a/x", "--seed 1");
  train("b/x", "--seed 2 --recipe plain");
  train("third", "--seed 2");
  report("a/x b/x third");
  const std::string html = page("report.html"), markdown = bytes("report.md");
  expect_contains(html, "<th scope=\"col\">a/x</th><th scope=\"col\">b/x</th><th scope=\"col\">third</th>");
  expect_contains(row_of(html, "Seed"), "<td>1</td><td>2</td><td>2</td>");
  std::string accuracies;
  for (const char* run : {"a/x", "b/x", "third"})
    accuracies +=
        "<td>" + fixed(json(std::string(run) + "/evaluation-last-valid.json").at("accuracy"), 2) + " %</td>";
  expect_contains(row_of(html, "Accuracy on valid, last"), accuracies);
  // What differs is apart from what doesn't.
  const std::size_t shared = html.find("that all runs share");
  EXPECT_LT(html.find("<th scope=\"row\">recipe.name</th><td>augmented</td><td>plain</td><td>augmented</td>"),
            shared);
  EXPECT_LT(html.find("<th scope=\"row\">seed</th>"), shared);
  EXPECT_GT(html.find("<th scope=\"row\">recipe.batch_size</th><td>5</td>"), shared);
  EXPECT_EQ(occurrences(html, "poster_train --data faces"), 3 + 6);  // six evaluations on test are missing
  expect_contains(markdown, "## Curves\n\n![");
  expect_contains(html,
                  "best has no evaluation on test; this makes it: poster_train --data faces --evaluate "
                  "a/x/best.safetensors --split test");
  // Many runs are rows.
  report("a/x b/x third a/x b/x third --out many.html --worst 0");
  expect_contains(row_of(page("many.html"), "third"),
                  "<td>finished</td><td>poster-v2-tiny</td><td>augmented</td>");
}

TEST_F(PosterReportTest, TheSameRunsGiveTheSameBytes) {
  train("run");
  report("run --out a/report.html");
  report("run --out b/report.html");
  EXPECT_EQ(bytes("a/report.html"), bytes("b/report.html"));
  EXPECT_EQ(bytes("a/report.md"), bytes("b/report.md"));
  for (const auto& entry : fs::directory_iterator(root_ / "a/report_files")) {
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(name.find(".tmp"), std::string::npos);
    EXPECT_EQ(bytes("a/report_files/" + name), bytes("b/report_files/" + name)) << name;
  }
}

TEST_F(PosterReportTest, TheCommandLineTrainsTheSameRun) {
  train("run", "--seed 5 --gamma 0.7 --erase 0 --weights '' --view lower --eye-line 0.45");
  report("run");
  const std::string html = bytes("run/report.html");
  const std::size_t at = html.find("<pre>poster_train "), end = html.find("</pre>", at);
  ASSERT_NE(at, std::string::npos);
  const std::string command = html.substr(at + 18, end - at - 18);
  ASSERT_EQ(command.find('&'), std::string::npos) << command;
  const Outcome again = run_other("poster_train", command);
  ASSERT_EQ(again.exit_code, 0) << again.errors << command;
  EXPECT_EQ(bytes("run-again/last.safetensors"), bytes("run/last.safetensors")) << command;
}

TEST_F(PosterReportTest, NamesFromOutsideAreHarmless) {
  for (const char* split : {"train", "valid", "test"}) {
    fs::rename(root_ / "faces" / split / "anger", root_ / "faces" / split / "<script>alert(1)<|script>");
    fs::rename(root_ / "faces" / split / "fear", root_ / "faces" / split / "두려움 | *b*");
    // File names that aren't UTF-8.
    std::vector<fs::path> images;
    for (const auto& entry : fs::directory_iterator(root_ / "faces" / split / "disgust"))
      images.push_back(entry.path());
    for (const fs::path& image : images)
      fs::rename(image, image.parent_path() / ("\xff\xfe" + image.filename().string()));
  }
  fs::rename(root_ / "faces", root_ / "<b>faces & more");
  train("run <i>\xfe", "--epochs 1", "<b>faces & more");
  report("'run <i>\xfe' --title '</title><script>x</script>' --worst 100");
  const std::string html = page("run <i>\xfe/report.html"), markdown = bytes("run <i>\xfe/report.md");
  for (const char* harm : {"<script>", "<i>", "<b>"}) {
    EXPECT_EQ(html.find(harm), std::string::npos) << harm;
    // In Markdown's code blocks it is text.
    EXPECT_EQ(std::regex_replace(markdown, std::regex("```\n[^`]*```"), "").find(harm), std::string::npos)
        << harm;
  }
  expect_contains(html, "&lt;script&gt;alert(1)&lt;|script&gt;");
  expect_contains(html, "두려움 | *b*");
  expect_contains(bytes("run <i>\xfe/predictions-best-valid.csv"), "disgust/\xff\xfe");
  expect_contains(markdown, "두려움 \\| \\*b\\*");
  expect_contains(markdown, "&lt;/title&gt;");
  EXPECT_GT(occurrences(html, "data:image/jpeg"), 3);
  EXPECT_EQ(occurrences(html, "class=\"gone\""), 0);
}

TEST_F(PosterReportTest, WhatARunLacksIsSaid) {
  train("run", "--epochs 2");
  change("run/run.json", [](ordered_json& j) {
    j["state"] = "stopped";
    j["settings"]["recipe"]["epochs"] = 9;
  });
  report("run");
  expect_contains(page("run/report.html"),
                  "run: was stopped after 2 of 9 epochs; it goes on with: poster_train --resume auto "
                  "--out run");
  change("run/run.json", [](ordered_json& j) {
    j["state"] = "running";  // as it stands before the first epoch ends
    j["epochs_done"] = 0;
    j["best_epoch"] = -1;
    j["best_accuracy"] = -1.0;
  });
  report("run");
  expect_contains(page("run/report.html"),
                  "run: was interrupted (killed, or the machine stopped) after 2 of 9 epochs");
  const double first = json("run/evaluation-best-valid.json").at("epoch");
  expect_contains(row_of(page("run/report.html"), "Best epoch on valid"), "<td>" + fixed(first, 0) + "</td>");
  fs::remove(root_ / "run/predictions-best-valid.csv");
  report("run");
  expect_contains(page("run/report.html"), "has no predictions-best-valid.csv");
  fs::copy(root_ / "run/evaluation-best-valid.json", root_ / "run/evaluation-other-valid.json");
  for (const char* name : {"evaluation-best-valid.json", "evaluation-last-valid.json",
                           "evaluation-other-valid.json", "metrics.csv"})
    fs::remove(root_ / "run" / name);
  report("run");
  const std::string html = page("run/report.html");
  expect_contains(html, "nothing has been evaluated yet");
  expect_contains(html, "no epoch has ended yet");
  report("run run --out both.html");
  page("both.html");
}

// Training images in a folder "test", and another view, are told apart from the run's accuracy on test.
TEST_F(PosterReportTest, WhatWasEvaluatedElsewhereIsNotTheRunsResult) {
  train("run", "--epochs 1");
  evaluate("run/best");
  const std::string own = bytes("run/evaluation-best-test.json");
  const std::string accuracy =
      "<td>" + fixed(json("run/evaluation-best-test.json").at("accuracy"), 2) + " %</td>";
  fs::create_directory(root_ / "fooled");
  for (const char* split : {"test", "valid", "train"})
    fs::create_directory_symlink(root_ / "faces/train", root_ / "fooled" / split);
  for (const char* more :
       {"--data fooled", "--view lower", "--data fooled --split valid", "--resize stretch"})
    ASSERT_EQ(run_other("poster_train", "--evaluate run/best.safetensors " + std::string(more)).exit_code, 0);
  EXPECT_EQ(bytes("run/evaluation-best-test.json"), own);
  report("run");
  const std::string html = page("run/report.html");
  expect_contains(row_of(html, "Accuracy on test, best"), accuracy);
  expect_contains(html, "On other images, or seen otherwise");
  expect_contains(html, "those that it was trained on");
  expect_contains(html, "another view");
  expect_contains(html, "fooled/test (");
  EXPECT_EQ(occurrences(html, "Not the run&#39;s own result"), 4);
  // An earlier version's files tell of the folder alone.
  change("run/evaluation-best-test.json", [](ordered_json& j) {
    for (const char* key : {"listing_hash", "state", "of"}) j.erase(key);
  });
  report("run");
  expect_contains(row_of(page("run/report.html"), "Accuracy on test, best"), accuracy);
  change("run/evaluation-best-test.json", [](ordered_json& j) { j["data"] = "elsewhere"; });
  report("run");
  expect_contains(row_of(page("run/report.html"), "Accuracy on test, best"), "<td>–</td>");
}

TEST_F(PosterReportTest, RunsOnDifferentImagesAreComparedUnderAWarning) {
  train("run", "--epochs 1");
  report("run run --out same.html");
  EXPECT_EQ(page("same.html").find("don&#39;t compare"), std::string::npos);
  ASSERT_EQ(run_other("poster_samples", "--out others --per-class 6 --size 48 --seed 2").exit_code, 0);
  train("other", "--epochs 1", "others");
  report("run other --out two.html");
  expect_contains(page("two.html"), "The figures on valid of other and run don&#39;t compare");
  expect_contains(page("two.html"), "others/valid, ");
}

TEST_F(PosterReportTest, PredictionsOfAnotherEvaluationAreNotShown) {
  train("run");
  std::string text = bytes("run/predictions-best-valid.csv");
  text.erase(text.rfind('\n', text.size() - 2) + 1);
  write("run/predictions-best-valid.csv", text);
  report("run");
  expect_contains(page("run/report.html"), "predictions-best-valid.csv is of another evaluation");
}

TEST_F(PosterReportTest, MixedUpClassesAreSaid) {
  train("run", "--epochs 1");
  change("run/evaluation-best-valid.json", [](ordered_json& j) {
    j["renaming"] = {{"text", "The outputs fit other names:\n  output 0, named <a>: b\n"}};
  });
  report("run");
  expect_contains(page("run/report.html"),
                  "<pre>The outputs fit other names:\n  output 0, named &lt;a&gt;: b</pre>");
}

TEST_F(PosterReportTest, InitialWeightsAreNamed) {
  train("first", "--epochs 1");
  train("second", "--epochs 1 --weights first/best.safetensors");
  report("second");
  expect_contains(page("second/report.html"), "best.safetensors xxh64:");
  expect_contains(page("second/report.html"), "--weights best.safetensors --out second-again</pre>");
}

TEST_F(PosterReportTest, RefusesWhatIsNoRun) {
  expect_error("nowhere", {"nowhere", "folder of a run"});
  fs::create_directory(root_ / "empty");
  expect_error("empty", {"empty/run.json", "not there", "folder of a run"});
  expect_error("", {"RUN"});
  expect_error("empty --worst -1", {"--worst"});
  train("run", "--epochs 1");
  expect_error("run --out same --markdown ./same", {"same", "two names"});
  write("file", "x");
  expect_error("run --out file/report.html", {"file"});
  EXPECT_FALSE(fs::exists(root_ / "report.html"));
}

TEST_F(PosterReportTest, RefusesDamagedFiles) {
  train("run", "--epochs 1");
  const auto damaged = [&](const std::string& name, const std::string& text,
                           std::initializer_list<std::string> parts) {
    const std::string whole = bytes(name);
    write(name, text);
    expect_error("run", parts);
    write(name, whole);
  };
  const std::string run_json = bytes("run/run.json"), evaluation = bytes("run/evaluation-best-valid.json");
  damaged("run/run.json", run_json.substr(0, run_json.size() / 2), {"run/run.json:", "not valid JSON"});
  damaged("run/run.json", "{}", {"run/run.json", "state"});
  damaged("run/run.json", "[1]", {"run/run.json"});
  damaged("run/run.json", std::regex_replace(run_json, std::regex("\"seed\": 0"), "\"seed\": \"x\""),
          {"run/run.json"});
  damaged("run/evaluation-best-valid.json", evaluation.substr(0, 99),
          {"run/evaluation-best-valid.json", "evaluate"});
  damaged("run/evaluation-best-valid.json", "{}",
          {"run/evaluation-best-valid.json", "\"classes\"", "evaluate"});
  damaged("run/evaluation-best-valid.json",
          std::regex_replace(evaluation, std::regex("\"valid\""), "\"test\""),
          {"run/evaluation-best-valid.json", "split"});
  damaged("run/metrics.csv", "epoch\n", {"run/metrics.csv", "line 1"});
  damaged("run/predictions-best-valid.csv", "x\n", {"run/predictions-best-valid.csv:1", "evaluate"});
  report("run");
}

TEST_F(PosterReportTest, ABrowserShowsItWithoutComplaint) {
  if (std::system("command -v chromium >/dev/null") != 0) GTEST_SKIP() << "there is no chromium";
  train("run", "--epochs 1");
  report("run");
  report("run run --out two.html");
  for (const char* name : {"run/report.html", "two.html"}) {
    page(name);
    const std::string command = "cd '" + root_.string() +
                                "' && HOME=. timeout 120 chromium --headless --no-sandbox --disable-gpu "
                                "--user-data-dir=profile --enable-logging=stderr --dump-dom 'file://" +
                                (root_ / name).string() + "' >dom.txt 2>browser.txt";
    ASSERT_EQ(std::system(command.c_str()), 0) << bytes("browser.txt");
    EXPECT_EQ(bytes("browser.txt").find("CONSOLE"), std::string::npos) << bytes("browser.txt");
    expect_contains(bytes("dom.txt"), "Run it again</h2>");
  }
  // The check itself: a page that asks for more than it may is complained of.
  std::string bad = bytes("two.html");
  bad.insert(bad.find("</main>"), "<img src=\"http://localhost:1/x.png\" />");
  write("bad.html", bad);
  std::system(("cd '" + root_.string() +
               "' && HOME=. timeout 120 chromium --headless --no-sandbox --disable-gpu "
               "--user-data-dir=profile --enable-logging=stderr --dump-dom 'file://" +
               (root_ / "bad.html").string() + "' >dom.txt 2>browser.txt")
                  .c_str());
  EXPECT_NE(bytes("browser.txt").find("CONSOLE"), std::string::npos) << bytes("browser.txt");
}

}  // namespace
