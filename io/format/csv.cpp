#include "io/format/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/error.h"
#include "io/format/ascii.h"

namespace poster::io {
namespace {

constexpr std::string_view kSeparators = ",\t;";
constexpr std::string_view kOtherSeparators = "|:";  // taken where "sep=" names them
// By how much of a table its separator is told.
constexpr std::size_t kSampledRows = 5, kSampledBytes = 1 << 16;

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
  skip_separator_line();
  if (separator_ == 0) separator_ = separator_of(text_.substr(at_));
}

void CsvReader::skip_separator_line() {
  const std::size_t end = std::min(text_.find_first_of("\r\n"), text_.size());
  std::string_view line = text_.substr(0, end);
  if (line.size() > 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
  if (line.size() != 5 || lower(line.substr(0, 4)) != "sep=") return;
  if ((std::string(kSeparators) + std::string(kOtherSeparators)).find(line[4]) == std::string::npos) return;
  separator_ = line[4];
  at_ = end;
  if (at_ < text_.size()) at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
  ++line_;
}

// The first separator by which the first rows have equally many fields, more than one; else the first that
// divides the first row. Only what stands outside of quotes counts.
char CsvReader::separator_of(std::string_view text) {
  char divides = ',';
  bool any_divides = false;
  std::string_view sample = text.substr(0, kSampledBytes);
  for (const char separator : kSeparators) {
    CsvReader reader(sample, "", separator);
    std::vector<std::string> row;
    std::vector<std::size_t> counts;
    try {
      while (counts.size() < kSampledRows && reader.next(row)) counts.push_back(row.size());
    } catch (const Error&) {
      // The sample ends within a quote, or this isn't the separator; the rows before tell.
    }
    if (sample.size() < text.size() && reader.at_ >= sample.size() && counts.size() > 1) counts.pop_back();
    if (counts.empty() || counts.front() < 2) continue;
    if (std::ranges::count(counts, counts.front()) == std::ssize(counts)) return separator;
    if (!any_divides) divides = separator;
    any_divides = true;
  }
  return divides;
}

void CsvReader::append(std::string& field, std::size_t end) {
  if (field.size() + (end - at_) > kLongestCsvField)
    throw Error(place() + ": a field of more than " + std::to_string(kLongestCsvField) +
                " bytes; close the quote before it, or check that it is the right file");
  field.append(text_, at_, end - at_);
  at_ = end;
}

void CsvReader::quoted_field(std::string& field) {
  ++at_;
  for (;;) {
    const std::size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) throw Error(place() + ": a quote that never ends; close it");
    // CR LF is one line break, CR or LF alone one each.
    for (std::size_t i = at_; i < quote; ++i)
      line_ += text_[i] == '\n' || (text_[i] == '\r' && (i + 1 >= text_.size() || text_[i + 1] != '\n'));
    append(field, quote);
    if (++at_ >= text_.size() || text_[at_] != '"') return;
    append(field, at_ + 1);  // two quotes stand for one
  }
}

void CsvReader::plain_part(std::string& field) {
  std::size_t end = at_;
  while (end < text_.size() && text_[end] != separator_ && text_[end] != '\n' && text_[end] != '\r') ++end;
  append(field, end);
}

bool CsvReader::next(std::vector<std::string>& fields) {
  while (at_ < text_.size()) {
    row_line_ = line_;
    std::size_t count = 0;
    for (bool more = true; more;) {
      if (count == kMaxCsvFields)
        throw Error(place() + ": more than " + std::to_string(kMaxCsvFields) +
                    " fields in a row; check that it is the right file");
      if (count == fields.size()) fields.emplace_back();
      std::string& field = fields[count++];
      field.clear();
      if (at_ < text_.size() && text_[at_] == '"') quoted_field(field);
      plain_part(field);
      more = at_ < text_.size() && text_[at_] == separator_;
      at_ += more;
    }
    fields.resize(count);
    if (at_ < text_.size()) {
      at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
      ++line_;
    }
    if (count > 1 || !fields.front().empty()) return true;
  }
  return false;
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
