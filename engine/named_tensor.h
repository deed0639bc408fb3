// A tensor on the host with its state-dict name: what models, checkpoints and tests exchange. Layouts are
// PyTorch's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor_view.h"

namespace poster {

struct NamedTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;

  std::int64_t count() const {
    std::int64_t n = 1;
    for (std::int64_t d : shape) n *= d;
    return n;
  }
  // Valid as long as the data are.
  TensorView view() const { return {dtype, shape, data}; }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data.data());
  }
  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data.data());
  }
};

// The elements as double, whatever the type.
inline std::vector<double> to_doubles(const NamedTensor& tensor) { return converted<double>(tensor.view()); }

}  // namespace poster
