// PyTorch's names of element types and storages; not for others than the readers and the writer.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/dtype.h"

namespace poster::io {

// "torch.float16", "torch.half", … -> f16; nothing for types that Poster doesn't know.
std::optional<DType> dtype_of_torch_name(std::string_view name);
// f16 -> "float16".
std::string_view torch_name_of(DType dtype);

struct StorageType {
  std::string_view name;       // "HalfStorage"; "UntypedStorage"
  std::optional<DType> dtype;  // nothing: bytes alone, or elements of a type that Poster doesn't know
  std::size_t element_size;
};

constexpr std::string_view kUntypedStorage = "UntypedStorage";

// "torch.HalfStorage", "torch.cuda.HalfStorage", "torch.storage.UntypedStorage", …; nullptr for other names.
const StorageType* storage_type_of_name(std::string_view name);
// nullptr for types without a storage class of their own (uint16 to uint64).
const StorageType* storage_type_of(DType dtype);

}  // namespace poster::io
