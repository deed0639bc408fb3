#include "io/format/shell_line.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "io/format/join.h"
#include "io/format/printable.h"

namespace poster::io {
namespace {

bool plain(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
         (letter >= 'A' && letter <= 'Z') ||
         std::string_view("_-+=./,:@%").find(letter) != std::string_view::npos;
}

std::string quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  const bool readable = printable(word) == word;
  std::string text = readable ? "'" : "$'";
  for (const char letter : word) {
    if (readable && letter == '\'') {
      text += "'\\''";
    } else if (readable || plain(letter) || letter == ' ') {
      text += letter;
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(letter)));
      text += code;
    }
  }
  return text + "'";
}

}  // namespace

std::string shell_line(const std::vector<std::string>& words) { return join(words, " ", quoted); }

}  // namespace poster::io
