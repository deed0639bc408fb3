#include "apps/program/number_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

namespace poster {
namespace {

enum class Kind { none, whole, whole_from_0, real };

Kind kind_of(const CLI::Option& option) {
  std::string name = option.get_type_name();
  name = name.substr(0, name.find_first_of(": ["));  // what follows are its checks
  if (name == "UINT" || name == "S") return Kind::whole_from_0;
  for (const char* whole : {"INT", "N", "COUNT", "PX", "T", "BITS"})
    if (name == whole) return Kind::whole;
  return name == "FLOAT" || name == "F" || name == "SHARE" ? Kind::real : Kind::none;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "" or what is wrong, as the library wants it.
std::string whole_fault(const std::string& text, bool from_0) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = std::string_view(text).substr(negative || text.starts_with('+') ? 1 : 0);
  if (!is_digits(digits)) return "'" + text + "' is no whole number";
  if (digits.size() > 1 && digits.front() == '0') return "'" + text + "': write it without zeros in front";
  if (negative && from_0) return text + " is negative; give 0 or more";
  errno = 0;
  if (from_0)
    std::strtoull(text.c_str(), nullptr, 10);
  else
    std::strtoll(text.c_str(), nullptr, 10);
  return errno == ERANGE ? text + " is too large" : "";
}

std::string real_fault(const std::string& text) {
  constexpr std::string_view kLetters = "+-.0123456789eE";
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) return "'" + text + "' is no number";
  if (!std::isfinite(value)) return text + " is not a finite number";
  return text.find_first_not_of(kLetters) == std::string::npos ? "" : "'" + text + "' is no decimal number";
}

}  // namespace

CLI::Validator zero_or_more() {
  return CLI::Validator(
      [](std::string& text) {
        return std::strtod(text.c_str(), nullptr) < 0 ? text + "; it must be 0 or more" : "";
      },
      "");
}

void check_numbers(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const Kind kind = kind_of(*option);
    if (kind == Kind::real) option->check(CLI::Validator(real_fault, ""));
    if (kind == Kind::whole || kind == Kind::whole_from_0)
      option->check(CLI::Validator(
          [kind](std::string& text) { return whole_fault(text, kind == Kind::whole_from_0); }, ""));
  }
  for (CLI::App* command : app.get_subcommands({})) check_numbers(*command);
}

}  // namespace poster
