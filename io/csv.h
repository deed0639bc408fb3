// Comma-separated values (RFC 4180): fields in quotes may hold commas, doubled quotes and line breaks; lines
// end in LF or CRLF. Tabs and semicolons are taken as separators where the first line holds no comma.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace poster::io {

class CsvReader {
 public:
  // `text` must outlive the reader; `name` stands before the line number in errors.
  CsvReader(std::string_view text, std::string name);

  // The next row that isn't blank; false at the end. Throws poster::Error for a quote that never ends.
  bool next(std::vector<std::string>& fields);
  // The line at which the last row began, from 1; and NAME:LINE.
  std::size_t line() const { return row_line_; }
  std::string place() const { return name_ + ":" + std::to_string(row_line_); }

 private:
  void quoted_field(std::string& field);

  std::string_view text_;
  std::string name_;
  char separator_ = ',';
  std::size_t at_ = 0, line_ = 1, row_line_ = 0;
};

// The field, in quotes where it must be.
std::string csv_field(std::string_view text);

// The number, or nothing where the field isn't one alone.
std::optional<double> parse_number(std::string_view field);
std::optional<long> parse_integer(std::string_view field);

}  // namespace poster::io
