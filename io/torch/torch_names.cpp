#include "io/torch/torch_names.h"

namespace poster::io {
namespace {

struct NamedType {
  std::string_view name, other;
  DType dtype;
};
constexpr NamedType kTypes[] = {
    {"float64", "double", DType::f64}, {"float32", "float", DType::f32}, {"float16", "half", DType::f16},
    {"bfloat16", "", DType::bf16},     {"int64", "long", DType::i64},    {"int32", "int", DType::i32},
    {"int16", "short", DType::i16},    {"int8", "", DType::i8},          {"uint64", "", DType::u64},
    {"uint32", "", DType::u32},        {"uint16", "", DType::u16},       {"uint8", "", DType::u8},
    {"bool", "", DType::boolean},
};

constexpr StorageType kStorages[] = {
    {"DoubleStorage", DType::f64, 8},
    {"FloatStorage", DType::f32, 4},
    {"HalfStorage", DType::f16, 2},
    {"BFloat16Storage", DType::bf16, 2},
    {"LongStorage", DType::i64, 8},
    {"IntStorage", DType::i32, 4},
    {"ShortStorage", DType::i16, 2},
    {"CharStorage", DType::i8, 1},
    {"ByteStorage", DType::u8, 1},
    {"BoolStorage", DType::boolean, 1},
    {kUntypedStorage, std::nullopt, 1},
    {"_UntypedStorage", std::nullopt, 1},
    {"ComplexFloatStorage", std::nullopt, 8},
    {"ComplexDoubleStorage", std::nullopt, 16},
    {"QInt8Storage", std::nullopt, 1},
    {"QUInt8Storage", std::nullopt, 1},
    {"QInt32Storage", std::nullopt, 4},
    {"QUInt4x2Storage", std::nullopt, 1},
    {"QUInt2x4Storage", std::nullopt, 1},
};

// Removes a prefix; false when the text has another beginning.
bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<DType> dtype_of_torch_name(std::string_view name) {
  if (!skip(name, "torch.") || name.empty()) return std::nullopt;
  for (const NamedType& type : kTypes)
    if (type.name == name || type.other == name) return type.dtype;
  return std::nullopt;
}

std::string_view torch_name_of(DType dtype) {
  for (const NamedType& type : kTypes)
    if (type.dtype == dtype) return type.name;
  return {};
}

const StorageType* storage_type_of_name(std::string_view name) {
  if (!skip(name, "torch.")) return nullptr;
  if (!skip(name, "cuda.")) skip(name, "storage.");
  for (const StorageType& type : kStorages)
    if (type.name == name) return &type;
  return nullptr;
}

const StorageType* storage_type_of(DType dtype) {
  for (const StorageType& type : kStorages)
    if (type.dtype == dtype) return &type;
  return nullptr;
}

}  // namespace poster::io
