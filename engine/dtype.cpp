#include "engine/dtype.h"

namespace poster {
namespace {

struct Row {
  DType dtype;
  std::string_view name;
  std::size_t size;
};
// In the order of the enumeration.
constexpr Row kRows[] = {
    {DType::f64, "F64", 8},      {DType::f32, "F32", 4}, {DType::f16, "F16", 2}, {DType::bf16, "BF16", 2},
    {DType::i64, "I64", 8},      {DType::i32, "I32", 4}, {DType::i16, "I16", 2}, {DType::i8, "I8", 1},
    {DType::u64, "U64", 8},      {DType::u32, "U32", 4}, {DType::u16, "U16", 2}, {DType::u8, "U8", 1},
    {DType::boolean, "BOOL", 1},
};

const Row& row_of(DType dtype) { return kRows[static_cast<int>(dtype)]; }

}  // namespace

std::size_t size_of(DType dtype) { return row_of(dtype).size; }
std::string_view name_of(DType dtype) { return row_of(dtype).name; }

std::optional<DType> dtype_by_name(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return row.dtype;
  return std::nullopt;
}

std::string describe(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t side : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(side);
  }
  return text + "]";
}

}  // namespace poster
