#include "io/format/printable.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace poster::io {
namespace {

std::uint32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(sequence[i]));
  };
  if (sequence.size() == 1) return byte(0);
  std::uint32_t code = byte(0) & (0x7Fu >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) code = code << 6 | (byte(i) & 0x3F);
  return code;
}

// Controls (C0, DEL, C1), separators of lines, and marks that turn or hide what stands beside them.
bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F) ||
      (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F))
    return 0;
  return length;
}

std::string printable(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_sequence(std::string_view(text).substr(i));
    const bool shown =
        length > 1 || (length == 1 && static_cast<unsigned char>(text[i]) >= 0x20 && text[i] != 0x7F);
    if (shown)
      result.append(text, i, length);
    else
      result += '?';
    i += std::max<std::size_t>(length, 1);
  }
  return result;
}

std::string escaped(std::string_view text, TextLayout kept) {
  std::string result;
  const auto add = [&](const char* format, unsigned value) {
    char escape[16];
    result.append(escape, static_cast<std::size_t>(std::snprintf(escape, sizeof escape, format, value)));
  };
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    const std::uint32_t code = length > 0 ? code_point(sequence) : 0;
    if (length == 0)
      add("\\x%02x", static_cast<unsigned char>(text[0]));
    else if (!is_control(code) || (code == '\t' && kept != TextLayout::none) ||
             (code == '\n' && kept == TextLayout::tabs_and_line_breaks))
      result += sequence;
    else if (code == '\n' || code == '\r' || code == '\t')
      result += code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t";
    else
      add(code < 0x80 ? "\\x%02x" : "\\u%04x", code);
    text.remove_prefix(sequence.size());
  }
  return result;
}

}  // namespace poster::io
