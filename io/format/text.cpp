#include "io/format/text.h"

#include <algorithm>

#include "engine/error.h"
#include "io/format/input_file.h"
#include "io/format/printable.h"
#include "io/format/utf8.h"

namespace poster::io {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16Le("\xFF\xFE", 2), kUtf16Be("\xFE\xFF", 2);
constexpr std::string_view kUtf32Le("\xFF\xFE\0\0", 4), kUtf32Be("\0\0\xFE\xFF", 4);

// Without a mark UTF-16 shows by zero bytes at places of one parity alone: each letter, digit, space or line
// break of ASCII brings one. A list of names with zero bytes between them has fewer.
TextEncoding encoding_by_zeros(std::string_view bytes) {
  std::size_t zeros[2] = {};
  for (std::size_t at = 0; at < bytes.size(); ++at) zeros[at % 2] += bytes[at] == '\0';
  if (bytes.size() % 2 != 0) return TextEncoding::binary;
  const std::size_t many = (bytes.size() + 2) / 4;  // half of the pairs
  if (zeros[0] == 0 && zeros[1] >= many) return TextEncoding::utf16_le;
  if (zeros[1] == 0 && zeros[0] >= many) return TextEncoding::utf16_be;
  return TextEncoding::binary;
}

// "line 3 (byte 40)"
std::string line_and_byte(std::string_view bytes, std::size_t at) {
  const auto line = std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
  return "line " + std::to_string(line) + " (byte " + std::to_string(at + 1) + ")";
}

// Of bytes that are no UTF-8: whole lines first, because is_utf8 is quick.
std::size_t first_bad_byte(std::string_view bytes) {
  std::size_t good = 0;
  while (good < bytes.size()) {
    const std::size_t end = std::min(bytes.find('\n', good), bytes.size() - 1) + 1;
    if (!is_utf8(bytes.substr(good, end - good))) break;
    good = end;
  }
  while (good < bytes.size()) {
    const std::size_t length = utf8_sequence(bytes.substr(good));
    if (length == 0) break;
    good += length;
  }
  return good;
}

[[noreturn]] void refuse(std::string_view bytes, TextEncoding encoding, const std::string& name) {
  switch (encoding) {
    case TextEncoding::utf16_le:
    case TextEncoding::utf16_be:
      throw Error(name + ": the text is UTF-16; save it as UTF-8");
    case TextEncoding::utf32_le:
    case TextEncoding::utf32_be:
      throw Error(name + ": the text is UTF-32; save it as UTF-8");
    case TextEncoding::binary:
      throw Error(name + ": there is a zero byte in " + line_and_byte(bytes, bytes.find('\0')) +
                  ", which no text has; save it as UTF-8, with lines that end by a line break");
    default:
      throw Error(name + ": the text is not UTF-8 in " + line_and_byte(bytes, first_bad_byte(bytes)) +
                  "; save it as UTF-8");
  }
}

}  // namespace

TextEncoding text_encoding(std::string_view bytes) {
  if (bytes.starts_with(kUtf32Le)) return TextEncoding::utf32_le;
  if (bytes.starts_with(kUtf32Be)) return TextEncoding::utf32_be;
  if (bytes.starts_with(kUtf16Le)) return TextEncoding::utf16_le;
  if (bytes.starts_with(kUtf16Be)) return TextEncoding::utf16_be;
  if (bytes.find('\0') != std::string_view::npos) return encoding_by_zeros(bytes);
  return is_utf8(bytes) ? TextEncoding::utf8 : TextEncoding::other;
}

std::string_view without_byte_order_mark(std::string_view bytes) {
  if (bytes.starts_with(kMark)) bytes.remove_prefix(kMark.size());
  return bytes;
}

std::string_view utf8_text(std::string_view bytes, const std::string& name) {
  const TextEncoding encoding = text_encoding(bytes);
  if (encoding != TextEncoding::utf8) refuse(bytes, encoding, name);
  return without_byte_order_mark(bytes);
}

std::string_view text_of_any_8_bit_encoding(std::string_view bytes, const std::string& name) {
  const TextEncoding encoding = text_encoding(bytes);
  if (encoding != TextEncoding::utf8 && encoding != TextEncoding::other) refuse(bytes, encoding, name);
  return without_byte_order_mark(bytes);
}

std::string read_text(const std::filesystem::path& path, std::uint64_t most_bytes) {
  std::string bytes = read_file(path, most_bytes);
  const std::string_view text = utf8_text(bytes, path.string());
  bytes.erase(0, bytes.size() - text.size());
  return bytes;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with("\r\n"))
    text.remove_prefix(2);
  else if (!text.empty())
    text.remove_prefix(1);
  return line;
}

std::vector<std::string_view> text_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) lines.push_back(take_line(text));
  return lines;
}

}  // namespace poster::io
