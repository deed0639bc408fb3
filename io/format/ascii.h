// Texts that others write by hand: letters and white space of ASCII, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace poster::io {

// ASCII letters in lower case; and without white space at both ends.
std::string lower(std::string_view text);
std::string trim(std::string_view text);

}  // namespace poster::io
