#pragma once

#include <string>
#include <string_view>

namespace poster::io {

// A name from a file, for messages: quoted, on one line, not too long.
std::string quoted_name(std::string_view name);

}  // namespace poster::io
