#include "apps/program/help_format.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

namespace poster {
namespace {

constexpr std::size_t kLeftColumn = 32, kNarrowest = 60, kWidest = 160, kWithoutTerminal = 120;

class HelpFormat : public CLI::Formatter {
 public:
  HelpFormat() { column_width(kLeftColumn); }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string left = "  " + make_option_name(option, is_positional) + make_option_opts(option);
    std::string text = make_option_desc(option);
    if (text.empty()) return left + "\n";
    if (left.size() + 2 > kLeftColumn)
      left += "\n" + std::string(kLeftColumn, ' ');
    else
      left.resize(kLeftColumn, ' ');
    return left + wrapped(text, help_width() - kLeftColumn, kLeftColumn) + "\n";
  }

  // Examples, which are set in, stay as they are.
  std::string make_description(const CLI::App* app) const override {
    std::istringstream lines(app->get_description());
    std::string result;
    for (std::string line; std::getline(lines, line);)
      result += (line.starts_with(" ") ? line : wrapped(line, help_width(), 0)) + "\n";
    return result;
  }
};

}  // namespace

std::size_t help_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWithoutTerminal;
  return std::clamp<std::size_t>(size.ws_col, kNarrowest, kWidest);
}

std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
  const std::string next_line = "\n" + std::string(indent, ' ');
  std::string result;
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') {
      result += next_line;
      column = 0;
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    if (column > 0 && column + 1 + end - at > width) {
      result += next_line;
      column = 0;
    } else if (column > 0) {
      result += ' ';
      ++column;
    }
    result.append(text, at, end - at);
    column += end - at;
    at = std::min(text.find_first_not_of(' ', end), text.size());
  }
  return result;
}

std::shared_ptr<CLI::FormatterBase> make_help_format() { return std::make_shared<HelpFormat>(); }

}  // namespace poster
