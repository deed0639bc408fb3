#include "io/format/csv.h"

#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/support/error_text.h"

namespace poster::io {
namespace {

using Row = std::vector<std::string>;

std::vector<Row> rows_of(const std::string& text) {
  CsvReader reader(text, "t.csv");
  std::vector<Row> rows;
  for (Row row; reader.next(row);) rows.push_back(row);
  return rows;
}

std::string error_of(const std::string& text) {
  return test::error_of([&] { rows_of(text); });
}

TEST(Csv, TheFirstRowsTellTheSeparator) {
  // A header with commas in quotes, or in a name of one column alone.
  EXPECT_EQ(rows_of("\"a,b\";c\n1;2\n").front(), (Row{"a,b", "c"}));
  EXPECT_EQ(rows_of("path;label;note, free\na.jpg;joy;x\nb.jpg;joy;y\n")[1], (Row{"a.jpg", "joy", "x"}));
  // Landmarks in quotes or without are fields between commas.
  EXPECT_EQ(rows_of("a.jpg,\"1;2;3\",4\nb.jpg,\"1;2;3\",5\n")[0].size(), 3u);
  EXPECT_EQ(rows_of("path,marks,label\na.jpg,1;2;3,4\n")[1].size(), 3u);
  EXPECT_EQ(rows_of("a.jpg,1;2;3,4\nb.jpg,1;2;3,5\n")[1], (Row{"b.jpg", "1;2;3", "5"}));
  EXPECT_EQ(rows_of("a\tb\n1,5\t2\n")[1], (Row{"1,5", "2"}));
  // Rows of different lengths: what divides the first row.
  EXPECT_EQ(rows_of("a,b,c\n1\n1,2;3\n")[2], (Row{"1", "2;3"}));
  EXPECT_EQ(rows_of("a;b\n1\n")[0], (Row{"a", "b"}));
}

TEST(Csv, ALineOfExcelNamesTheSeparator) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    EXPECT_EQ(rows_of("sep=;" + end + "a,b;c" + end + "1;2" + end),
              (std::vector<Row>{{"a,b", "c"}, {"1", "2"}}));
    EXPECT_EQ(rows_of("\"sep=|\"" + end + "a|b" + end), (std::vector<Row>{{"a", "b"}}));
  }
  CsvReader reader("sep=;\na;b\n", "t.csv");
  Row row;
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(reader.line(), 2u);
  EXPECT_EQ(rows_of("sep=x\n1,2\n").front(), (Row{"sep=x"}));  // a column's name
}

TEST(Csv, LinesAreCountedThroughEveryLineBreak) {
  CsvReader reader("a,b\r\n\"x\r\ny\rz\",2\r3,4\n\n5,6", "t.csv");
  Row row;
  for (const std::size_t line : {1, 2, 5, 7}) {
    ASSERT_TRUE(reader.next(row));
    EXPECT_EQ(reader.line(), line);
  }
  EXPECT_FALSE(reader.next(row));
}

// A row of nothing but commas would take thirty times its size.
TEST(Csv, RowsAndFieldsHaveALimit) {
  EXPECT_EQ(rows_of("a" + std::string(kMaxCsvFields - 1, ',')).front().size(), kMaxCsvFields);
  test::expect_contains(error_of("x\n" + std::string(kMaxCsvFields, ',')),
                        "t.csv:2: more than 16384 fields in a row");
  EXPECT_EQ(rows_of("b," + std::string(kLongestCsvField, 'a')).front()[1].size(), kLongestCsvField);
  test::expect_contains(error_of("b," + std::string(kLongestCsvField + 1, 'a')),
                        "t.csv:1: a field of more than");
  test::expect_contains(error_of("b,\"" + std::string(kLongestCsvField + 1, '\n') + "\""),
                        "t.csv:1: a field of more than");
  test::expect_contains(error_of("a,b\n\"1,2\n3,4\n"), "t.csv:2: a quote that never ends");
}

TEST(Csv, NumbersHaveADecimalPoint) {
  EXPECT_EQ(parse_number("1.5"), 1.5);
  EXPECT_FALSE(parse_number("1,5"));
  EXPECT_FALSE(parse_number("inf"));
}

}  // namespace
}  // namespace poster::io
