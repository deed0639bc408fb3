#include <bit>
#include <cstring>

#include "engine/error.h"
#include "io/safetensors.h"

namespace poster::io {
namespace {

template <typename T>
constexpr bool holds(Dtype dtype) {
  if constexpr (std::is_same_v<T, double>) return dtype == Dtype::f64;
  if constexpr (std::is_same_v<T, float>) return dtype == Dtype::f32;
  if constexpr (std::is_same_v<T, std::int64_t>) return dtype == Dtype::i64;
  if constexpr (std::is_same_v<T, std::int32_t>) return dtype == Dtype::i32;
  if constexpr (std::is_same_v<T, std::uint8_t>) return dtype == Dtype::u8 || dtype == Dtype::boolean;
}

// The bytes may lie at any address, so elements are copied out before they are read.
template <typename Stored, typename Convert>
std::vector<float> convert(const TensorView& tensor, Convert&& to_float) {
  std::vector<float> result(tensor.element_count());
  for (std::size_t i = 0; i < result.size(); ++i) {
    Stored element;
    std::memcpy(&element, tensor.bytes.data() + i * sizeof element, sizeof element);
    result[i] = to_float(element);
  }
  return result;
}

template <typename Stored>
std::vector<float> convert(const TensorView& tensor) {
  return convert<Stored>(tensor, [](Stored element) { return static_cast<float>(element); });
}

float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3FFu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | mantissa << 13);
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

}  // namespace

template <typename T>
std::vector<T> values(const TensorView& tensor) {
  if (!holds<T>(tensor.dtype))
    throw Error("a tensor of dtype " + std::string(name_of(tensor.dtype)) +
                " where another was expected, check the file");
  std::vector<T> result(tensor.element_count());
  if (!result.empty()) std::memcpy(result.data(), tensor.bytes.data(), tensor.bytes.size());
  return result;
}
template std::vector<double> values(const TensorView&);
template std::vector<float> values(const TensorView&);
template std::vector<std::int64_t> values(const TensorView&);
template std::vector<std::int32_t> values(const TensorView&);
template std::vector<std::uint8_t> values(const TensorView&);

std::vector<float> values_as_float(const TensorView& tensor) {
  switch (tensor.dtype) {
    case Dtype::f64:
      return convert<double>(tensor);
    case Dtype::f32:
      return values<float>(tensor);
    case Dtype::f16:
      return convert<std::uint16_t>(tensor, float_from_half);
    case Dtype::bf16:
      return convert<std::uint16_t>(tensor, [](std::uint16_t upper_half) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(upper_half) << 16);
      });
    case Dtype::i64:
      return convert<std::int64_t>(tensor);
    case Dtype::i32:
      return convert<std::int32_t>(tensor);
    case Dtype::i16:
      return convert<std::int16_t>(tensor);
    case Dtype::i8:
      return convert<std::int8_t>(tensor);
    case Dtype::u64:
      return convert<std::uint64_t>(tensor);
    case Dtype::u32:
      return convert<std::uint32_t>(tensor);
    case Dtype::u16:
      return convert<std::uint16_t>(tensor);
    case Dtype::u8:
    case Dtype::boolean:
      return convert<std::uint8_t>(tensor);
  }
  throw Error("a tensor of an unknown dtype, check the file");
}

}  // namespace poster::io
