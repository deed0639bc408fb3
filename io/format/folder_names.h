// What lies in a folder, for readers that want all of it or an error: std::filesystem's iterators forget
// which folder could not be read, and end the program when memory runs out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace poster::io {

// Names in byte order, without "." and "..". Throws poster::Error that names the folder when it can't be
// opened or read to its end.
std::vector<std::string> names_in(const std::filesystem::path& folder);
// The same; nothing where there is no such folder.
std::vector<std::string> names_in_if_there(const std::filesystem::path& folder);

}  // namespace poster::io
