// Weights in 16 bits, as PyTorch's module.half(): every tensor of floats becomes F16, the others stay.
#pragma once

#include "engine/tensor_source.h"

namespace poster {

class HalfWeights : public TensorSource {
 public:
  explicit HalfWeights(const TensorSource& source);
  std::string description() const override { return source_.description(); }
  const std::vector<Entry>& entries() const override { return entries_; }
  // Throws Error for numbers beyond 65504, which 16 bits don't hold.
  void read(std::size_t entry, const std::function<void(const TensorView&)>& use) const override;

 private:
  const TensorSource& source_;
  std::vector<Entry> entries_;
};

}  // namespace poster
