// A cuDNN that convolves on the host: descriptors that remember what they were told.
#pragma once

#include <cudnn.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <vector>

namespace fake_cudnn {

struct Descriptor {
  cudnnBackendDescriptorType_t type;
  bool finalised = false;
  std::map<int, std::vector<std::byte>> attributes;
  // Of an engine and what is made of it.
  const Descriptor* graph = nullptr;
  std::int64_t engine = 0;
  std::map<std::int64_t, std::int64_t> knobs = {};

  bool has(int name) const { return attributes.count(name) > 0; }
  template <typename V>
  std::vector<V> all(int name) const {
    const auto& bytes = attributes.at(name);
    std::vector<V> values(bytes.size() / sizeof(V));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  template <typename V>
  V one(int name) const {
    V value;
    std::memcpy(&value, attributes.at(name).data(), sizeof(V));
    return value;
  }
  const Descriptor& other(int name) const { return *one<const Descriptor*>(name); }
};

// One breaks the rules of Conv2dPlans, one computes floats as TF32, one is plain.
inline constexpr std::int64_t kUnordered = 20, kTensorCores = 62, kPlain = 1;
inline constexpr std::int64_t kWorkspace = 1000;
// Of the engine with tensor cores, as it is recommended; it may be 1 or 2.
inline constexpr std::int64_t kKnob = CUDNN_KNOB_TYPE_TILE_CGA_M, kKnobValue = 2;

// Whether something follows on the convolution.
bool is_fused(const Descriptor& graph);
// Of a convolution's operation.
const Descriptor& tensor(const Descriptor& operation, const char* role);

// Computes the graph. Throws std::exception where a real one would read elsewhere.
void execute(const Descriptor& graph, std::int64_t engine, const std::map<std::int64_t, void*>& data);

}  // namespace fake_cudnn
