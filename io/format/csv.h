// Comma-separated values (RFC 4180): fields in quotes may hold commas, doubled quotes and line breaks; lines
// end in LF, CRLF or CR. Tabs and semicolons are separators where the first rows show it, or where a first
// line "sep=;" says so, as Excel writes it. Numbers have a decimal point.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace poster::io {

// More in one row is no table but a damaged file, or another one: a row of nothing but commas would take
// thirty times its size. A field that is longer is a quote that isn't closed.
inline constexpr std::size_t kMaxCsvFields = 1 << 14;
inline constexpr std::size_t kLongestCsvField = 1 << 20;

class CsvReader {
 public:
  // `text` must outlive the reader; `name` stands before the line number in errors.
  CsvReader(std::string_view text, std::string name);

  // The next row that isn't blank; false at the end. Throws poster::Error for a quote that never ends, a row
  // of more than kMaxCsvFields fields and a field of more than kLongestCsvField bytes.
  bool next(std::vector<std::string>& fields);
  // The line at which the last row began, from 1; and NAME:LINE.
  std::size_t line() const { return row_line_; }
  std::string place() const { return name_ + ":" + std::to_string(row_line_); }

 private:
  CsvReader(std::string_view text, std::string name, char separator)
      : text_(text), name_(std::move(name)), separator_(separator) {}
  void skip_separator_line();
  static char separator_of(std::string_view text);
  void quoted_field(std::string& field);
  void plain_part(std::string& field);
  void append(std::string& field, std::size_t end);

  std::string_view text_;
  std::string name_;
  char separator_ = 0;
  std::size_t at_ = 0, line_ = 1, row_line_ = 0;
};

// The field, in quotes where it must be.
std::string csv_field(std::string_view text);

// The number, or nothing where the field isn't one alone.
std::optional<double> parse_number(std::string_view field);
std::optional<long> parse_integer(std::string_view field);

}  // namespace poster::io
