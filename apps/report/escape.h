// Texts from outside, made harmless in what a report is written in. Bytes that aren't UTF-8 and control
// characters become '?' (io::printable).
#pragma once

#include <string>
#include <string_view>

namespace poster {

// For text and for attributes in double quotes.
std::string html_escaped(const std::string& text);
// For a paragraph or a table's cell.
std::string markdown_escaped(const std::string& text);
// For the path of a link: bytes other than letters, digits, '-', '_', '.', '~' and '/' as %XX.
std::string url_escaped(const std::string& path);
// Text of several lines: each made printable.
std::string printable_lines(const std::string& text);

std::string base64(std::string_view bytes);

}  // namespace poster
