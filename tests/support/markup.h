// Whether a page is well-formed: every tag closed in its turn, attributes in quotes, no stray < or &, no
// control characters. Stricter than HTML; what Poster writes is XML too.
#pragma once

#include <string>
#include <vector>

#include "io/format/printable.h"

namespace poster::test {

// "" when it is; else what is wrong.
inline std::string markup_error(const std::string& page) {
  std::vector<std::string> open;
  const std::string doctype = "<!DOCTYPE html>";
  if (!page.starts_with(doctype)) return "no doctype";
  for (std::size_t at = doctype.size(); at < page.size();) {
    const std::size_t length = io::utf8_sequence(std::string_view(page).substr(at));
    const auto place = [&] { return " at \"" + page.substr(at, 60) + "\""; };
    if (length == 0) return "not UTF-8" + place();
    const char letter = page[at];
    if (static_cast<unsigned char>(letter) < 0x20 && letter != '\n') return "control character" + place();
    if (letter == '>') return "stray >" + place();
    if (letter == '&') {
      const std::size_t end = page.find(';', at);
      const std::string name = page.substr(at, end - at);
      if (name != "&amp" && name != "&lt" && name != "&gt" && name != "&quot" && name != "&#39")
        return "stray &" + place();
    }
    if (letter != '<') {
      at += length;
      continue;
    }
    bool in_quotes = false;
    std::size_t end = at + 1;
    for (; end < page.size() && (in_quotes || page[end] != '>'); ++end) {
      if (page[end] == '"') in_quotes = !in_quotes;
      if (page[end] == '<') return "< within a tag" + place();
    }
    if (end >= page.size()) return "a tag without end" + place();
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" />", 1));
    if (tag.starts_with("/")) {
      if (open.empty() || open.back() != tag.substr(1))
        return "closed where " + (open.empty() ? "nothing" : open.back()) + " is open" + place();
      open.pop_back();
    } else if (!tag.ends_with("/")) {
      open.push_back(name);
    }
    at = end + 1;
    if (name == "style") at = page.find("</style>", at);
  }
  return open.empty() ? "" : open.back() + " is never closed";
}

}  // namespace poster::test
