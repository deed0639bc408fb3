// What the reader and the writer of safetensors files share; not for others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "io/weights/safetensors.h"

namespace poster::io::safetensors_format {

constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr std::size_t kLengthSize = 8;
constexpr const char* kMetadataKey = "__metadata__";
constexpr const char* kChecksumKey = "checksum";

// Bytes of a tensor of that shape; nothing when a side is negative or the product overflows.
std::optional<std::uint64_t> byte_size(DType dtype, const std::vector<std::int64_t>& shape);
// 16 hexadecimal digits over the metadata (without the checksum's own entry) and the tensors.
std::string checksum(const std::map<std::string, std::string>& metadata,
                     const std::map<std::string, TensorView, std::less<>>& tensors);

}  // namespace poster::io::safetensors_format
