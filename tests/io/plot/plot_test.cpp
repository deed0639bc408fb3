#include <gtest/gtest.h>

#include <cmath>

#include "engine/error.h"
#include "io/format/printable.h"
#include "io/plot/canvas.h"
#include "io/plot/comparison.h"
#include "io/plot/confusion.h"
#include "io/plot/curves.h"
#include "tests/support/temporary_folder.h"

// Fontconfig keeps some patterns until the process ends; the leak checker is told so.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig"; }

namespace poster::io {
namespace {

using test::message_of;
using test::read_file;

int big_endian(const std::string& bytes, std::size_t at) {
  int value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

struct Size {
  int width, height;
};

// Checks that both files are whole, and gives the PNG's size.
Size expect_plot(const std::filesystem::path& stem) {
  const std::string png = read_file(stem.string() + ".png"), svg = read_file(stem.string() + ".svg");
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_NE(png.find("IEND"), std::string::npos);
  EXPECT_NE(svg.find("<svg"), std::string::npos);
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
  return {big_endian(png, 16), big_endian(png, 20)};
}

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

std::vector<EpochMetrics> run_of(int epochs) {
  std::vector<EpochMetrics> rows;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const double progress = 1 - std::exp(-epoch / 10.0);
    rows.push_back({.epoch = epoch,
                    .learning_rate = 3.5e-5,
                    .train_loss = 1.1 - progress,
                    .train_accuracy = 40 + 60 * progress,
                    .valid_loss = 1.2 - 0.7 * progress,
                    .valid_accuracy = 42 + 40 * progress});
  }
  return rows;
}

TEST(NiceTicks, Literals) {
  const std::pair<std::vector<double>, std::vector<double>> cases[] = {
      {nice_ticks(0, 100, 5), {0, 20, 40, 60, 80, 100}},
      {nice_ticks(0, 1, 5), {0, 0.2, 0.4, 0.6, 0.8, 1}},
      {nice_ticks(30, 50, 8), {30, 32.5, 35, 37.5, 40, 42.5, 45, 47.5, 50}},
      {nice_ticks(-0.5, 0.5, 12, true), {0}},
      {nice_ticks(-0.1, 7.1, 12, true), {0, 1, 2, 3, 4, 5, 6, 7}},
      {nice_ticks(0, 24, 12, true), {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24}},
      {nice_ticks(0, 29, 12, true), {0, 5, 10, 15, 20, 25}},
      {nice_ticks(3, 3, 4), {3}},
  };
  for (const auto& [ticks, expected] : cases) {
    ASSERT_EQ(ticks.size(), expected.size());
    for (std::size_t i = 0; i < ticks.size(); ++i) EXPECT_NEAR(ticks[i], expected[i], 1e-9);
  }
  for (int last = 1; last <= 600; ++last) {
    const auto ticks = nice_ticks(0, last, 12, true);
    EXPECT_GE(ticks.size(), 2u) << last;
    EXPECT_LE(ticks.size(), 13u) << last;
    for (const double tick : ticks) EXPECT_EQ(tick, std::round(tick));
  }
}

TEST(TickLabel, HasTheDecimalsOfTheStep) {
  EXPECT_EQ(tick_label(80, 20), "80");
  EXPECT_EQ(tick_label(0.5, 0.25), "0.50");
  EXPECT_EQ(tick_label(37.5, 2.5), "37.5");
  EXPECT_EQ(tick_label(0.3 - 0.1, 0.1), "0.2");
  EXPECT_EQ(tick_label(-0.0, 1), "0");
  EXPECT_EQ(tick_label(0.002, 0.002), "0.002");
  EXPECT_EQ(tick_label(2e30, 1e30), "2e+30");
}

TEST(Printable, KeepsUtf8AndNothingElse) {
  EXPECT_EQ(printable("happy é 기쁨 😀"), "happy é 기쁨 😀");
  EXPECT_EQ(printable("a\nb\tc\x7f"), "a?b?c?");
  EXPECT_EQ(printable("\xB1\xE2\xBB\xDD"), "????");         // CP949
  EXPECT_EQ(printable("x\xC0\x80\xED\xA0\x80"), "x?????");  // overlong, surrogate
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "????");         // beyond U+10FFFF
  EXPECT_EQ(printable("\xEA\xB8"), "??");                   // cut short
}

TEST(Canvas, FitsText) {
  measure_text([](Canvas& canvas) {
    const TextStyle style{.size = 12};
    EXPECT_EQ(canvas.shortened("short", style, 1000), "short");
    for (const char* name : {"a rather long class name 1", "기쁨과 당황과 분노와 불안과 상처와 슬픔",
                             "\xff\xff\xff\xff\xff\xff\xff\xff"}) {
      for (const double width : {20.0, 35.0, 40.0}) {
        const std::string text = canvas.shortened(name, style, width);
        EXPECT_LE(canvas.text_width(text, style), width) << text;
        EXPECT_EQ(printable(text), text);
      }
    }
    EXPECT_EQ(canvas.shortened("a rather long class name 1", style, 100).back(), '1');
    EXPECT_EQ(canvas.shortened("x", style, 0), "...");
    EXPECT_LT(canvas.fitted("a rather long class name", style, 30).size, 12);
    EXPECT_EQ(canvas.fitted("a", style, 30).size, 12);
  });
}

TEST(PlotCurves, AnyNumberOfEpochs) {
  test::TemporaryFolder folder;
  for (const int epochs : {0, 1, 2, 500}) {
    plot_curves(folder / "curves", "A run", run_of(epochs));
    const Size size = expect_plot(folder / "curves");
    EXPECT_EQ(size.width, 1760);
    EXPECT_EQ(size.height, 1360);
  }
  EXPECT_EQ(folder.entries(), 2);
}

TEST(PlotCurves, NaNLeavesAGap) {
  test::TemporaryFolder folder;
  auto rows = run_of(100);
  plot_curves(folder / "whole", "A run", rows);
  rows[50].train_loss = std::nan("");
  plot_curves(folder / "gap", "A run", rows);
  EXPECT_EQ(occurrences(read_file(folder / "gap.svg"), "<path"),
            occurrences(read_file(folder / "whole.svg"), "<path") + 1);
  for (EpochMetrics& row : rows) {
    row.valid_accuracy = row.valid_loss = std::nan("");
    row.train_loss = INFINITY;
    row.train_accuracy = std::nan("");
  }
  plot_curves(folder / "nothing", "A run without a finite value", rows);
  expect_plot(folder / "nothing");
  EXPECT_EQ(read_file(folder / "nothing.svg").find("nan"), std::string::npos);
}

TEST(PlotCurves, OddValues) {
  test::TemporaryFolder folder;
  auto rows = run_of(3);
  for (EpochMetrics& row : rows) {
    row.epoch += 1000;
    row.train_accuracy = row.valid_accuracy = 100;
    row.train_loss = row.valid_loss = 0;
  }
  plot_curves(folder / "perfect", std::string(300, 'T'), rows);
  expect_plot(folder / "perfect");
  for (EpochMetrics& row : rows) row.train_accuracy = row.valid_accuracy = 0;
  rows[1].train_loss = 1e30;
  rows[2].valid_loss = -3;
  plot_curves(folder / "poor", "\xff\n", rows);
  expect_plot(folder / "poor");
}

TEST(PlotCurves, SaysWhereItCantWrite) {
  test::TemporaryFolder folder;
  const auto message = message_of<Error>([&] { plot_curves(folder / "none/curves", "", run_of(1)); });
  EXPECT_NE(message.find("none/curves.png: the folder"), std::string::npos) << message;
}

TEST(PlotConfusion, AnyNumberOfClasses) {
  test::TemporaryFolder folder;
  int last_width = 0;
  for (const int classes : {1, 3, 7, 30}) {
    std::vector<std::string> names;
    for (int i = 0; i < classes; ++i) names.push_back("class " + std::to_string(i));
    ConfusionMatrix matrix(names);
    for (int i = 0; i < classes; ++i) matrix.add(i, i * 7 % classes, 1 + i * 12345);
    plot_confusion(folder / "confusion", "Test split", matrix);
    const Size size = expect_plot(folder / "confusion");
    EXPECT_GT(size.width, last_width);
    last_width = size.width;
  }
  EXPECT_EQ(folder.entries(), 2);
}

TEST(PlotConfusion, StrayOutputsGetAColumnWhenPredicted) {
  test::TemporaryFolder folder;
  ConfusionMatrix matrix({"a", "b", "c"}, 7);
  matrix.add(0, 0);
  plot_confusion(folder / "three", "", matrix);
  const int three = expect_plot(folder / "three").width;
  matrix.add(1, 5);
  plot_confusion(folder / "four", "", matrix);
  EXPECT_GT(expect_plot(folder / "four").width, three);
}

TEST(PlotConfusion, LongNamesFit) {
  test::TemporaryFolder folder;
  ConfusionMatrix matrix({std::string(400, 'w'), "\xff\xfe", "", "기쁨"});
  matrix.add(0, 1, 1'000'000'000'000'000);
  plot_confusion(folder / "confusion", std::string(300, 'T'), matrix);
  const Size size = expect_plot(folder / "confusion");
  EXPECT_LT(size.width, 2 * 1200);
  EXPECT_LT(size.height, 2 * 1000);
  ConfusionMatrix none({"a", "b"});
  plot_confusion(folder / "none", "No images", none);
  expect_plot(folder / "none");
}

TEST(PlotComparison, AnyNumberOfRuns) {
  double last_height = 0;
  for (const int runs : {0, 1, 3, 30}) {
    std::vector<std::vector<EpochMetrics>> rows;
    for (int run = 0; run < runs; ++run) rows.push_back(run_of(run % 5 == 3 ? 0 : 1 + 7 * run));
    std::vector<RunCurves> curves;
    for (const auto& each : rows) curves.push_back({"run \xff" + std::string(300, 'r'), each});
    const Plot plot = comparison_plot("Runs", curves), again = comparison_plot("Runs", curves);
    EXPECT_TRUE(plot.svg == again.svg);
    EXPECT_TRUE(plot.png == again.png);
    EXPECT_EQ(big_endian(plot.png, 16), 2 * plot.width);
    EXPECT_EQ(big_endian(plot.png, 20), 2 * plot.height);
    EXPECT_GT(plot.height, last_height);
    EXPECT_EQ(plot.svg.find("nan"), std::string::npos);
    last_height = plot.height;
  }
}

TEST(PlotComparison, RunsBeyondTheColoursAreDashed) {
  const auto rows = run_of(10);
  const auto dashed = [&](std::size_t runs) {
    const std::vector<RunCurves> curves(runs, RunCurves{"run", rows});
    return occurrences(comparison_plot("Runs", curves).svg, "stroke-dasharray");
  };
  EXPECT_EQ(dashed(7), 0);
  EXPECT_EQ(dashed(8), 3);  // two curves and the legend's line
  EXPECT_EQ(dashed(9), 6);
}

TEST(Plots, InMemoryAreTheFiles) {
  test::TemporaryFolder folder;
  const auto rows = run_of(5);
  plot_curves(folder / "curves", "A run", rows);
  const Plot plot = curves_plot("A run", rows);
  EXPECT_TRUE(read_file(folder / "curves.png") == plot.png);
  EXPECT_TRUE(read_file(folder / "curves.svg") == plot.svg);
}

}  // namespace
}  // namespace poster::io
