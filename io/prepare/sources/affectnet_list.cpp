#include "io/prepare/sources/affectnet_list.h"

#include "io/codec/image_reader.h"
#include "io/format/csv.h"
#include "io/format/text.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {

ParsedList parse_list(const std::string& text) {
  ParsedList list;
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string line = trim(io::take_line(rest));
    ++number;
    if (line.empty()) continue;
    const std::size_t gap = line.find_last_of(" \t");
    const auto label = gap == std::string::npos ? std::nullopt : io::parse_integer(line.substr(gap));
    const std::string name = trim(line.substr(0, gap));
    if (label && io::has_image_extension(name)) {
      list.lines.push_back({number, name, *label});
      continue;
    }
    if (list.others++ > 0) continue;
    list.first_other = line;
    list.first_other_number = number;
  }
  return list;
}

}  // namespace poster::prepare
