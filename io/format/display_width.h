// How much room a text takes on a terminal.
#pragma once

#include <string_view>

namespace poster::io {

// Columns that a terminal takes for a UTF-8 text: CJK letters count two, combining marks none.
int display_width(std::string_view text);

}  // namespace poster::io
