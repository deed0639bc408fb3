// Texts from outside as UTF-8 that everything can show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace poster::io {

// Length of the valid UTF-8 sequence at the start of a text that isn't empty, or 0.
std::size_t utf8_sequence(std::string_view text);

// Bytes that aren't UTF-8 and control characters become '?'.
std::string printable(const std::string& text);

// What is left as it is of the control characters that texts of ours are laid out with.
enum class TextLayout { none, tabs, tabs_and_line_breaks };

// For terminals: control characters, what turns the direction of writing, and bytes that aren't UTF-8 are
// written as in C, "\n", "\x1b", "\u202e"; everything else stays as it is.
std::string escaped(std::string_view text, TextLayout kept = TextLayout::none);

}  // namespace poster::io
