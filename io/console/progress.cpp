#include "io/console/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "io/format/display_width.h"
#include "kernels/environment.h"

namespace poster::io {
namespace {

constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
constexpr int kWidestBar = 30, kNarrowestBar = 5;
constexpr const char* kEraseLine = "\r\x1b[K";

std::string printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string bar(double share, int width) {
  const int filled = static_cast<int>(share * width);
  std::string text(width, ' ');
  std::fill_n(text.begin(), filled, '=');
  if (filled < width && filled > 0) text[filled] = '>';
  return text;
}

int terminal_width(int file) {
  winsize size{};
  return ::ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// A lost or blocked terminal must not end a run, so what can't be written is let go.
void write_out(int file, const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(file, text.data(), text.size());
}

}  // namespace

std::string format_duration(double seconds) {
  const auto whole = static_cast<long long>(seconds > 0 ? std::min(seconds, 1e9) + 0.5 : 0);
  const long long days = whole / 86400, hours = whole / 3600 % 24, minutes = whole / 60 % 60;
  char text[64];
  if (days > 0)
    std::snprintf(text, sizeof text, "%lldd %02lld:%02lld", days, hours, minutes);
  else if (hours > 0)
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", hours, minutes, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld", minutes, whole % 60);
  return text;
}

std::string format_progress(const ProgressState& state, int width) {
  const double share =
      state.total > 0
          ? std::clamp(static_cast<double>(state.done) / static_cast<double>(state.total), 0.0, 1.0)
          : 0;
  char counts[96];
  std::snprintf(counts, sizeof counts, " %3d%% %lld/%lld", static_cast<int>(share * 100),
                static_cast<long long>(state.done), static_cast<long long>(state.total));
  std::vector<std::string> parts;
  if (state.images_per_second > 0)
    parts.push_back(
        printed(state.images_per_second < 10 ? "%.1f images/s" : "%.0f images/s", state.images_per_second));
  if (state.seconds_left >= 0) parts.push_back(format_duration(state.seconds_left) + " left");
  if (!std::isnan(state.loss)) parts.push_back(printed("loss %.4f", state.loss));
  if (!std::isnan(state.accuracy)) parts.push_back(printed("accuracy %.2f %%", state.accuracy));

  const int fixed = display_width(state.label) + static_cast<int>(std::strlen(counts)) + 3;
  std::string tail;
  int room = width - fixed - kNarrowestBar;
  if (room < 0) {
    // No room for a bar: as much of the counts as fits.
    const std::string text = counts + 1;
    return text.substr(0, std::max(width, 0));
  }
  for (const std::string& part : parts) {
    if (static_cast<int>(part.size()) + 3 > room) break;
    tail.append(" | ").append(part);
    room -= static_cast<int>(part.size()) + 3;
  }
  std::string line = state.label;
  line.append(" [").append(bar(share, std::min(kWidestBar, kNarrowestBar + room))).append("]");
  return line.append(counts).append(tail);
}

ProgressBar::ProgressBar(int file) : file_(file) {
  const char* terminal = environment(Variable::terminal);
  on_terminal_ = ::isatty(file) == 1 && !(terminal != nullptr && std::strcmp(terminal, "dumb") == 0);
}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::start(std::string label, std::int64_t total_steps, Clock::time_point now) {
  clear();
  state_ = {.label = std::move(label), .total = total_steps};
  images_ = 0;
  started_ = now;
  drawn_ = now - kRedrawInterval;
  draw(now);
}

void ProgressBar::advance(std::int64_t images, double loss, double accuracy, Clock::time_point now) {
  ++state_.done;
  images_ += images;
  state_.loss = loss;
  state_.accuracy = accuracy;
  draw(now);
}

void ProgressBar::draw(Clock::time_point now) {
  if (!on_terminal_ || now - drawn_ < kRedrawInterval) return;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  if (state_.done > 0 && seconds > 0) {
    state_.images_per_second = static_cast<double>(images_) / seconds;
    state_.seconds_left =
        seconds / static_cast<double>(state_.done) * static_cast<double>(state_.total - state_.done);
  }
  // The last column stays free: some terminals wrap as soon as it is filled.
  write_out(file_, kEraseLine + format_progress(state_, terminal_width(file_) - 1));
  visible_ = true;
}

void ProgressBar::clear() {
  if (!visible_) return;
  write_out(file_, kEraseLine);
  visible_ = false;
}

}  // namespace poster::io
