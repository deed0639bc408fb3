// Command lines to be copied into a terminal.
#pragma once

#include <string>
#include <vector>

namespace poster::io {

// The words as a line for bash, each quoted where it must be; bytes that aren't printable UTF-8 as $'\xff'.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace poster::io
