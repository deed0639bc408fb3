// The one reader of text: UTF-8, without the byte order mark that Windows' editors put before it. What would
// be read wrongly (UTF-16, zero bytes, another encoding) is refused by a line that says what to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace poster::io {

enum class TextEncoding {
  utf8,
  utf16_le,
  utf16_be,
  utf32_le,
  utf32_be,
  binary,  // holds zero bytes where UTF-16 has none
  other,   // bytes that are no UTF-8 and no UTF-16
};

// By the byte order mark, or by where the zero bytes are.
TextEncoding text_encoding(std::string_view bytes);

std::string_view without_byte_order_mark(std::string_view bytes);  // that of UTF-8

// The text of `bytes`: a view into them. Throws poster::Error, which begins with `name`, for all other
// encodings than UTF-8.
std::string_view utf8_text(std::string_view bytes, const std::string& name);

// The same for readers that know 8-bit encodings: TextEncoding::other is returned as it is.
std::string_view text_of_any_8_bit_encoding(std::string_view bytes, const std::string& name);

// utf8_text of a whole file (io/format/input_file.h).
std::string read_text(const std::filesystem::path& path, std::uint64_t most_bytes);

// Takes the next line off a text that isn't empty, with its line break: LF, CR LF or CR.
std::string_view take_line(std::string_view& text);

// The lines of a text; they end by LF, CR LF or CR. Behind the last line break there is no further line.
std::vector<std::string_view> text_lines(std::string_view text);

}  // namespace poster::io
