// What both formats of PyTorch's files come to; TorchFile holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dtype.h"
#include "io/torch/pickle_value.h"

namespace poster::io {

enum class TorchFormat { zip, legacy };

// Bytes that tensors share.
struct TorchStorage {
  std::string_view key;          // its name in the file
  std::string_view device;       // "cpu", "cuda:0": where it was saved from
  std::optional<DType> dtype;    // nothing: bytes alone, or elements of a type that Poster doesn't know
  std::size_t element_size = 1;  // bytes
  std::uint64_t count = 0;       // elements
  std::span<const std::byte> bytes;
  std::optional<std::uint32_t> crc32;  // of the bytes, until it was checked
};

struct TorchTensor {
  DType dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // in elements, from 0
  std::uint64_t offset;               // in elements, within the storage
  std::size_t storage;                // equal for tensors that share memory
  bool requires_grad;
};

struct TorchContent {
  explicit TorchContent(std::size_t most_memory) : tree(most_memory) {}

  TorchFormat format = TorchFormat::zip;
  PickleTree tree;
  PickleValue root;
  std::vector<TorchStorage> storages;
  std::vector<TorchTensor> tensors;
  std::vector<std::string> unsafe_names, unknown_names, unsupported_tensors;
};

}  // namespace poster::io
