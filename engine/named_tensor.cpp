#include "engine/named_tensor.h"

namespace poster {

std::vector<double> to_doubles(const NamedTensor& tensor) {
  const std::int64_t count = tensor.count();
  switch (tensor.dtype) {
    case DType::f64:
      return {tensor.as<double>(), tensor.as<double>() + count};
    case DType::f32:
      return {tensor.as<float>(), tensor.as<float>() + count};
    case DType::i64:
      return {tensor.as<std::int64_t>(), tensor.as<std::int64_t>() + count};
  }
  return {};
}

}  // namespace poster
