// A progress bar on one line of a terminal; nothing at all where the output is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

namespace poster::io {

struct ProgressState {
  std::string label;                 // "Epoch 3/50"
  std::int64_t done = 0, total = 0;  // steps
  double images_per_second = 0;      // 0: not known yet
  double seconds_left = -1;          // negative: not known yet
  double loss = std::numeric_limits<double>::quiet_NaN();
  double accuracy = std::numeric_limits<double>::quiet_NaN();  // percent
};

// "Epoch 3/50 [======>       ]  45% 12/45 | 210 images/s | 0:31 left | loss 0.8716 | accuracy 65.63 %"; in
// `width` columns the bar shrinks first, then parts are left out from the right. Never wider than `width`.
std::string format_progress(const ProgressState& state, int width);
// "0:31", "12:05", "3:07:09", "2d 04:10"
std::string format_duration(double seconds);

class ProgressBar {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ProgressBar(int file = 1);
  ~ProgressBar();  // clears the line
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void start(std::string label, std::int64_t total_steps, Clock::time_point now = Clock::now());
  // After a step of so many images. Redraws at most ten times a second.
  void advance(std::int64_t images, double loss, double accuracy, Clock::time_point now = Clock::now());
  // Takes the line away; call it before anything else is printed. The next advance() may draw it again.
  void clear();
  bool on_terminal() const { return on_terminal_; }

 private:
  void draw(Clock::time_point now);

  int file_;
  bool on_terminal_;
  bool visible_ = false;
  ProgressState state_;
  std::int64_t images_ = 0;
  Clock::time_point started_{}, drawn_{};
};

}  // namespace poster::io
