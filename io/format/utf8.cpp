#include "io/format/utf8.h"

namespace poster::io {

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    const unsigned first = *at++;
    if (first < 0x80) continue;
    // The second byte's range excludes longer forms, surrogates and what lies beyond U+10FFFF.
    int more = 0;
    unsigned lowest = 0x80, highest = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      more = 2;
      if (first == 0xE0) lowest = 0xA0;
      if (first == 0xED) highest = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
      if (first == 0xF0) lowest = 0x90;
      if (first == 0xF4) highest = 0x8F;
    } else {
      return false;
    }
    if (end - at < more) return false;
    for (; more > 0; --more, ++at) {
      if (*at < lowest || *at > highest) return false;
      lowest = 0x80, highest = 0xBF;
    }
  }
  return true;
}

}  // namespace poster::io
