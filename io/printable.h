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

}  // namespace poster::io
