// Lists and small label files as data sets bring them: text of any encoding, lines "name label", maps of
// classes, NumPy arrays of one value; lists of names on standard input.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "apps/predict/list_reader.h"
#include "engine/error.h"
#include "io/format/text.h"
#include "io/prepare/class_map.h"
#include "io/prepare/npy.h"
#include "io/prepare/sources/affectnet_list.h"
#include "io/prepare/text_encoding.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <typename Read>
void reads(Read read) {
  try {
    read();
  } catch (const poster::Error& error) {
    require(std::strchr(error.what(), '\n') == nullptr);
  }
}

void check_text(const std::string& text) {
  require(poster::io::is_utf8(text) && text.find('\0') == std::string::npos);
  std::size_t length = 0;
  const auto lines = poster::io::text_lines(text);
  for (const std::string_view line : lines) {
    require(line.find_first_of("\r\n") == std::string_view::npos);
    length += line.size();
  }
  require(length <= text.size());
  const auto list = poster::prepare::parse_list(text);
  require(list.lines.size() + list.others <= lines.size());
  for (const auto& line : list.lines)
    require(!line.name.empty() && line.number >= 1 && line.number <= lines.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace poster::prepare;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const TextRules rules = {(data[0] & 1) != 0, data[0] & 2 ? "WINDOWS-1252" : ""};
  reads([&] {
    const std::string text = to_utf8(bytes, "f", rules);
    check_text(text);
    const ClassMap map = ClassMap::from_text(text, "f");
    for (const std::string& name : map.classes())
      require(name.find('/') == std::string::npos && name.front() != '.');
  });
  reads([&] {
    const long value = read_npy_integer({data + 1, size - 1}, "f");
    require(value >= -1'000'000 && value <= 1'000'000);
  });
  reads([&] {
    std::istringstream stream(bytes);
    poster::ListReader reader(stream);
    std::size_t length = 0;
    for (std::string each; reader.next(each); length += each.size())
      require(!each.empty() && each.find('\0') == std::string::npos);
    require(length <= bytes.size());
  });
  const std::string name = clean_name(bytes, rules);
  require(!poster::io::is_utf8(bytes) || poster::io::is_utf8(name));
  return 0;
}
