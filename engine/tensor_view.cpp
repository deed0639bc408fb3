#include "engine/tensor_view.h"

#include <string>

namespace poster {
namespace {

template <typename T>
constexpr bool holds(DType dtype) {
  if constexpr (std::is_same_v<T, double>) return dtype == DType::f64;
  if constexpr (std::is_same_v<T, float>) return dtype == DType::f32;
  if constexpr (std::is_same_v<T, std::int64_t>) return dtype == DType::i64;
  if constexpr (std::is_same_v<T, std::int32_t>) return dtype == DType::i32;
  if constexpr (std::is_same_v<T, std::uint8_t>) return dtype == DType::u8 || dtype == DType::boolean;
}

}  // namespace

template <typename T>
std::vector<T> values(const TensorView& tensor) {
  if (!holds<T>(tensor.dtype))
    throw Error("a tensor of dtype " + std::string(name_of(tensor.dtype)) +
                " where another was expected, check the file");
  return converted<T>(tensor);
}
template std::vector<double> values(const TensorView&);
template std::vector<float> values(const TensorView&);
template std::vector<std::int64_t> values(const TensorView&);
template std::vector<std::int32_t> values(const TensorView&);
template std::vector<std::uint8_t> values(const TensorView&);

}  // namespace poster
