#include "io/csv.h"

#include <charconv>
#include <cmath>

#include "engine/error.h"
#include "io/ascii.h"

namespace poster::io {
namespace {

template <typename T>
std::optional<T> parse_whole(std::string_view field) {
  const std::string text = trim(field);
  T value{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

CsvReader::CsvReader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {
  const std::string_view first = text_.substr(0, text_.find('\n'));
  if (first.find(',') == std::string_view::npos) {
    if (first.find('\t') != std::string_view::npos)
      separator_ = '\t';
    else if (first.find(';') != std::string_view::npos)
      separator_ = ';';
  }
}

void CsvReader::quoted_field(std::string& field) {
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
        ++at_;
        return;
      }
      ++at_;
    }
    line_ += c == '\n';
    field += c;
  }
  throw Error(place() + ": a quote that never ends; close it");
}

bool CsvReader::next(std::vector<std::string>& fields) {
  for (;;) {
    fields.assign(1, "");
    if (at_ >= text_.size()) return false;
    row_line_ = line_;
    bool ended = false;
    while (!ended && at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' && fields.back().empty()) {
        quoted_field(fields.back());
      } else if (c == '\n' || c == '\r') {
        at_ += c == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n' ? 2 : 1;
        ++line_;
        ended = true;
      } else {
        if (c == separator_)
          fields.emplace_back();
        else
          fields.back() += c;
        ++at_;
      }
    }
    if (fields.size() > 1 || !fields.front().empty()) return true;
  }
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::optional<double> parse_number(std::string_view field) {
  const auto value = parse_whole<double>(field);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<long> parse_integer(std::string_view field) { return parse_whole<long>(field); }

}  // namespace poster::io
