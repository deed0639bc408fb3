// Element types of tensors in files and at the border of the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace poster {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

std::size_t size_of(DType dtype);       // bytes of an element
std::string_view name_of(DType dtype);  // safetensors' names: "F32", …, "BOOL"
std::optional<DType> dtype_by_name(std::string_view name);

std::string describe(const std::vector<std::int64_t>& shape);  // "[2, 3]"

}  // namespace poster
