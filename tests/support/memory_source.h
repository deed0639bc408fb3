// Named tensors in memory as a source of weights.
#pragma once

#include <string>
#include <vector>

#include "engine/named_tensor.h"
#include "engine/tensor_source.h"

namespace poster::test {

class MemorySource : public TensorSource {
 public:
  explicit MemorySource(std::vector<NamedTensor> tensors) : tensors_(std::move(tensors)) {
    for (const NamedTensor& t : tensors_) entries_.push_back({t.name, t.dtype, t.shape});
  }
  std::string description() const override { return "memory"; }
  const std::vector<Entry>& entries() const override { return entries_; }
  void read(std::size_t entry, const std::function<void(const TensorView&)>& use) const override {
    use(tensors_.at(entry).view());
  }

 private:
  std::vector<NamedTensor> tensors_;
  std::vector<Entry> entries_;
};

}  // namespace poster::test
