// The one writer of JSON files.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace poster::io {

// Indented by two, with a line break at the end; NaN and infinity become null. Throws poster::Error.
void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& value);

}  // namespace poster::io
