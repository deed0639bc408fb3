#pragma once

#include <string_view>

namespace poster::io {

// Whether a text is valid UTF-8 (RFC 3629: shortest forms, no surrogates, up to U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace poster::io
