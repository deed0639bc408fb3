// Named tensors that are read one at a time, from a file or from memory: what weights are set from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/tensor_view.h"

namespace poster {

class TensorSource {
 public:
  struct Entry {
    std::string name;
    DType dtype;
    std::vector<std::int64_t> shape;
  };

  virtual ~TensorSource() = default;
  // What the tensors come from, for messages: a path.
  virtual std::string description() const = 0;
  // In the source's order; no name twice.
  virtual const std::vector<Entry>& entries() const = 0;
  // Calls `use` with the elements of an entry, which are valid within the call alone. Throws Error.
  virtual void read(std::size_t entry, const std::function<void(const TensorView&)>& use) const = 0;
};

}  // namespace poster
