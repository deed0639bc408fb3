// The two formats of PyTorch's files; not for others than TorchFile and tests.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "io/torch/torch_content.h"

namespace poster::io {

// Both refer to `bytes` in what they give, and throw poster::Error without the file's name.
//
// Zip (torch/serialization.py: _save, _load): entries NAME/data.pkl (the object), NAME/data/KEY (a storage),
// NAME/byteorder ("little"), NAME/version, all stored as they are.
std::unique_ptr<TorchContent> read_torch_zip(std::span<const std::byte> bytes, bool ignore_unsafe);
// Legacy (_legacy_save, _legacy_load): five pickles in a row: magic number, 1001, system info, the object,
// the list of storage keys; then for each key the number of elements (int64) and the elements.
std::unique_ptr<TorchContent> read_torch_legacy(std::span<const std::byte> bytes, bool ignore_unsafe);

bool is_torch_zip(std::span<const std::byte> bytes);
bool is_torch_legacy(std::span<const std::byte> bytes);

// Memory that the objects of a file may take.
inline std::size_t most_memory_for(std::size_t file_size) { return 2 * file_size + (std::size_t{16} << 20); }

}  // namespace poster::io
