#include "io/console/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>

#include "io/format/display_width.h"

namespace poster::io {
namespace {

using namespace std::chrono_literals;

ProgressState sample() {
  return {.label = "Epoch 3/50",
          .done = 12,
          .total = 48,
          .images_per_second = 210.4,
          .seconds_left = 31,
          .loss = 0.87164,
          .accuracy = 65.625};
}

TEST(FormatProgress, EverythingFits) {
  EXPECT_EQ(
      format_progress(sample(), 120),
      "Epoch 3/50 [=======>                      ]  25% 12/48 | 210 images/s | 0:31 left | loss 0.8716 | "
      "accuracy 65.62 %");
}

TEST(FormatProgress, NeverWiderThanTheTerminal) {
  for (int width = 0; width < 150; ++width)
    EXPECT_LE(display_width(format_progress(sample(), width)), width) << width;
  ProgressState korean = sample();
  korean.label = "학습";
  for (int width = 0; width < 150; ++width)
    EXPECT_LE(display_width(format_progress(korean, width)), width) << width;
  EXPECT_EQ(format_progress(sample(), 60), "Epoch 3/50 [==>      ]  25% 12/48 | 210 images/s | 0:31 left");
}

TEST(FormatProgress, WhatIsNotKnownIsLeftOut) {
  const ProgressState start{.label = "Test", .total = 12};
  EXPECT_EQ(format_progress(start, 80), "Test [                              ]   0% 0/12");
  const ProgressState nothing{.label = "Test"};
  EXPECT_EQ(format_progress(nothing, 80), "Test [                              ]   0% 0/0");
  ProgressState done = sample();
  done.done = done.total;
  done.loss = NAN;
  EXPECT_NE(format_progress(done, 100).find("[==============================] 100% 48/48"),
            std::string::npos);
  EXPECT_EQ(format_progress(done, 100).find("loss"), std::string::npos);
}

TEST(FormatDuration, Literals) {
  EXPECT_EQ(format_duration(0), "0:00");
  EXPECT_EQ(format_duration(31), "0:31");
  EXPECT_EQ(format_duration(59.6), "1:00");
  EXPECT_EQ(format_duration(725), "12:05");
  EXPECT_EQ(format_duration(3 * 3600 + 7 * 60 + 9), "3:07:09");
  EXPECT_EQ(format_duration(2 * 86400 + 4 * 3600 + 600), "2d 04:10");
  EXPECT_EQ(format_duration(-1), "0:00");
  EXPECT_EQ(format_duration(NAN), "0:00");
}

TEST(ProgressBar, WritesNothingToAFile) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  {
    ProgressBar bar(ends[1]);
    EXPECT_FALSE(bar.on_terminal());
    bar.start("Epoch 1/1", 2);
    bar.advance(8, 1, 50);
    bar.clear();
  }
  ::close(ends[1]);
  char byte;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
}

// A terminal of its own, 60 columns wide.
class ProgressBarOnATerminal : public testing::Test {
 protected:
  void SetUp() override {
    master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0)
      GTEST_SKIP() << "no pseudo-terminal";
    terminal_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
    if (terminal_ < 0) GTEST_SKIP() << "no pseudo-terminal";
    const winsize size{.ws_row = 24, .ws_col = 60, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(terminal_, TIOCSWINSZ, &size);
    ::setenv("TERM", "xterm", 1);
  }
  void TearDown() override {
    ::close(terminal_);
    ::close(master_);
  }
  std::string output() {
    std::string text;
    char buffer[4096];
    for (ssize_t size; (size = ::read(master_, buffer, sizeof buffer)) > 0;) text.append(buffer, size);
    return text;
  }

  int master_ = -1, terminal_ = -1;
};

TEST_F(ProgressBarOnATerminal, RedrawsTenTimesASecondAtMost) {
  const std::string erase = "\r\x1b[K";
  const auto start = ProgressBar::Clock::time_point(100s);
  ProgressBar bar(terminal_);
  ASSERT_TRUE(bar.on_terminal());
  bar.start("Epoch 1/1", 100, start);
  EXPECT_EQ(output(), erase + "Epoch 1/1 [                              ]   0% 0/100");
  bar.advance(8, 0.5, 50, start + 50ms);
  EXPECT_EQ(output(), "");
  bar.advance(8, 0.5, 50, start + 1000ms);
  EXPECT_EQ(output(), erase + "Epoch 1/1 [          ]   2% 2/100 | 16 images/s | 0:49 left");
  for (int i = 0; i < 50; ++i) bar.advance(8, 0.5, 50, start + 1000ms + i * 1ms);
  EXPECT_EQ(output(), "");
  bar.clear();
  EXPECT_EQ(output(), erase);
  bar.clear();
  EXPECT_EQ(output(), "");
  bar.advance(8, 0.5, 50, start + 2000ms);
  EXPECT_NE(output(), "");
}

TEST_F(ProgressBarOnATerminal, IsGoneAtTheEnd) {
  {
    ProgressBar bar(terminal_);
    bar.start("Test", 1);
    output();
  }
  EXPECT_EQ(output(), "\r\x1b[K");
}

TEST_F(ProgressBarOnATerminal, ADumbTerminalGetsNothing) {
  ::setenv("TERM", "dumb", 1);
  ProgressBar bar(terminal_);
  bar.start("Test", 1);
  EXPECT_FALSE(bar.on_terminal());
  EXPECT_EQ(output(), "");
}

}  // namespace
}  // namespace poster::io
