// Tables of comma-separated values. What is read must be the same again when it is written and read anew.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "engine/error.h"
#include "io/format/csv.h"
#include "tests/fuzz/memory_watch.h"

namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows read(std::string_view text) {
  Rows rows;
  poster::io::CsvReader reader(text, "f");
  std::size_t line = 0;
  for (std::vector<std::string> row; reader.next(row); rows.push_back(row)) {
    if (row.empty() || row.size() > poster::io::kMaxCsvFields || reader.line() <= line) std::abort();
    line = reader.line();
  }
  return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    {
      const poster::fuzz::MemoryWatch watch(size);
      poster::io::CsvReader reader(text, "f");
      for (std::vector<std::string> row; reader.next(row);)
        for (const std::string& field : row) poster::io::parse_number(field);
    }
    const Rows rows = read(text);
    std::string written = "sep=,\n";
    for (const auto& row : rows)
      for (std::size_t i = 0; i < row.size(); ++i)
        written += poster::io::csv_field(row[i]) + (i + 1 < row.size() ? "," : "\n");
    if (read(written) != rows) std::abort();
  } catch (const poster::Error& error) {
    if (std::strchr(error.what(), '\n') != nullptr) std::abort();
  }
  return 0;
}
