// The header of a safetensors file; not for others than the reader.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dtype.h"

namespace poster::io::safetensors_format {

struct HeaderEntry {
  DType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;  // of the bytes, whose number fits the shape
};

struct Header {
  std::map<std::string, HeaderEntry> tensors;
  std::map<std::string, std::string> metadata;
};

// Reads the header's JSON as it comes: no tree of it is built, which could take a hundred times its size.
// Throws poster::Error with the file's name for whatever breaks a rule within the header.
Header parse_header(std::string_view header, const std::filesystem::path& path);

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why);

}  // namespace poster::io::safetensors_format
