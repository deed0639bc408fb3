#include "io/run/log_format.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace poster::io {
namespace {

// printf would give "-nan" for a NaN with its sign bit set; Python never does.
std::string fixed(double value, int width, int digits) {
  char text[400];
  std::snprintf(text, sizeof text, "%*.*f", width, digits, std::isnan(value) ? std::fabs(value) : value);
  return text;
}

std::string format_progress(int step, int steps, const AverageMeter& loss, const AverageMeter& accuracy) {
  const std::string last = std::to_string(steps);
  char position[64];
  std::snprintf(position, sizeof position, "[%*d/%s]", static_cast<int>(last.size()), step, last.c_str());
  std::string line = position;
  line.append("\tLoss ").append(fixed(loss.value(), 0, 4));
  line.append(" (").append(fixed(loss.average(), 0, 4)).append(")");
  line.append("\tAccuracy ").append(fixed(accuracy.value(), 6, 3));
  line.append(" (").append(fixed(accuracy.average(), 6, 3)).append(")");
  return line;
}

}  // namespace

std::string python_float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string scientific(buffer, end);
  const std::size_t e = scientific.find('e');
  const int exponent = std::stoi(scientific.substr(e + 1));
  if (exponent < -4 || exponent >= 16) return scientific;  // its exponent has two digits or more, as Python's
  const auto fixed_end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
  std::string text(buffer, fixed_end);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string format_learning_rate_line(double learning_rate) {
  std::string line = "Current learning rate: ";
  return line.append(python_float_repr(learning_rate));
}

std::string format_epoch_line(int epoch, int step, int steps, const AverageMeter& loss,
                              const AverageMeter& accuracy) {
  std::string line = "Epoch: [";
  return line.append(std::to_string(epoch)).append("]").append(format_progress(step, steps, loss, accuracy));
}

std::string format_test_line(int step, int steps, const AverageMeter& loss, const AverageMeter& accuracy) {
  std::string line = "Test: ";
  return line.append(format_progress(step, steps, loss, accuracy));
}

std::string format_accuracy_line(double accuracy) {
  std::string line = " * Accuracy ";
  return line.append(fixed(accuracy, 0, 3));
}

std::string format_best_accuracy_line(float accuracy) {
  std::string line = "Current best accuracy: ";
  return line.append(python_float_repr(accuracy));
}

}  // namespace poster::io
