#include "io/weights/safetensors_format.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "io/format/checksum.h"

namespace poster::io {
namespace {

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  return xxh64(text.data(), text.size(), seed);
}

}  // namespace

namespace safetensors_format {

std::optional<std::uint64_t> byte_size(DType dtype, const std::vector<std::int64_t>& shape) {
  std::uint64_t size = size_of(dtype);
  for (const std::int64_t side : shape)
    if (side < 0 || __builtin_mul_overflow(size, static_cast<std::uint64_t>(side), &size))
      return std::nullopt;
  return size;
}

std::string checksum(const std::map<std::string, std::string>& metadata,
                     const std::map<std::string, TensorView, std::less<>>& tensors) {
  // Each part is hashed with the hash before it as its seed, and each hash takes in its length, so parts
  // can't trade bytes with their neighbours.
  std::uint64_t hash = 0;
  for (const auto& [key, value] : metadata)
    if (key != kChecksumKey) hash = hash_text(value, hash_text(key, hash));
  for (const auto& [name, tensor] : tensors) {
    hash = hash_text(name, hash);
    hash = hash_text(name_of(tensor.dtype), hash);
    hash = hash_text(describe(tensor.shape), hash);
    hash = xxh64(tensor.bytes.data(), tensor.bytes.size(), hash);
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace safetensors_format
}  // namespace poster::io
