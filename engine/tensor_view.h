// A tensor in somebody else's memory, on the host, row-major: what files hold and what parameters are set
// from.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/dtype.h"
#include "engine/error.h"
#include "kernels/half.h"

namespace poster {

struct TensorView {
  DType dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  // not always aligned to the element: use what stands below

  std::int64_t element_count() const { return static_cast<std::int64_t>(bytes.size() / size_of(dtype)); }
};

namespace detail {

// Reads element i from memory of any alignment.
template <typename Stored, typename Value = Stored>
struct Elements {
  const std::byte* data;

  Value operator[](std::int64_t i) const {
    Stored stored = {};
    std::memcpy(&stored, data + static_cast<std::size_t>(i) * sizeof stored, sizeof stored);
    if constexpr (std::is_same_v<Stored, Value>) {
      return stored;
    } else {
      return static_cast<Value>(stored);
    }
  }
};

struct Bfloat16 {  // the upper half of a float
  std::uint16_t bits;
  explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

}  // namespace detail

// Calls f once with an object whose operator[](std::int64_t) gives element i as double, float (also for the
// 16-bit types), or an integer.
template <typename F>
auto visit_elements(const TensorView& tensor, F&& f) {
  using namespace detail;
  const std::byte* const data = tensor.bytes.data();
  switch (tensor.dtype) {
    case DType::f64:
      return f(Elements<double>{data});
    case DType::f32:
      return f(Elements<float>{data});
    case DType::f16:
      return f(Elements<Half, float>{data});
    case DType::bf16:
      return f(Elements<Bfloat16, float>{data});
    case DType::i64:
      return f(Elements<std::int64_t>{data});
    case DType::i32:
      return f(Elements<std::int32_t>{data});
    case DType::i16:
      return f(Elements<std::int16_t>{data});
    case DType::i8:
      return f(Elements<std::int8_t>{data});
    case DType::u64:
      return f(Elements<std::uint64_t>{data});
    case DType::u32:
      return f(Elements<std::uint32_t>{data});
    case DType::u16:
      return f(Elements<std::uint16_t>{data});
    case DType::u8:
    case DType::boolean:
      return f(Elements<std::uint8_t>{data});
  }
  throw Error("a tensor of an unknown type, check the file");
}

// The elements as T (float, double, std::int64_t), from any type: rounded to nearest for floats.
template <typename T>
std::vector<T> converted(const TensorView& tensor) {
  std::vector<T> result(static_cast<std::size_t>(tensor.element_count()));
  visit_elements(tensor, [&](const auto& elements) {
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = static_cast<T>(elements[static_cast<std::int64_t>(i)]);
  });
  return result;
}

// The elements of a tensor of exactly that type (float: F32, double: F64, std::int64_t: I64, std::int32_t:
// I32, std::uint8_t: U8 or BOOL). Throws Error for another type.
template <typename T>
std::vector<T> values(const TensorView& tensor);

}  // namespace poster
