// A tensor on the host with its state-dict name: what models, checkpoints and tests exchange. Layouts are
// PyTorch's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace poster {

enum class DType { f64, f32, i64 };

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
std::vector<double> to_doubles(const NamedTensor& tensor);

}  // namespace poster
