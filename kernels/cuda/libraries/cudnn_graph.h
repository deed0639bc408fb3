// cuDNN's backend interface: descriptors that free themselves, graphs of operations, errors.
// https://docs.nvidia.com/deeplearning/cudnn/backend/latest/api/cudnn-graph-library.html
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <span>
#include <type_traits>
#include <vector>

#include "kernels/cuda/libraries/cudnn.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

// Throws CudaError with the statement, the status, cuDNN's own words and the place, unless `status` is
// success.
void cudnn_check(cudnnStatus_t status, const char* statement,
                 const std::source_location& at = std::source_location::current());
#define POSTER_CUDNN_CHECK(statement) ::poster::kernels::cudnn_check((statement), #statement)

template <typename V>
constexpr cudnnBackendAttributeType_t cudnn_attribute_type() {
  if constexpr (std::is_same_v<V, std::int64_t>) return CUDNN_TYPE_INT64;
  if constexpr (std::is_same_v<V, float>) return CUDNN_TYPE_FLOAT;
  if constexpr (std::is_same_v<V, bool>) return CUDNN_TYPE_BOOLEAN;
  if constexpr (std::is_same_v<V, char>) return CUDNN_TYPE_CHAR;
  if constexpr (std::is_same_v<V, void*>) return CUDNN_TYPE_VOID_PTR;
  if constexpr (std::is_same_v<V, cudnnHandle_t>) return CUDNN_TYPE_HANDLE;
  if constexpr (std::is_same_v<V, cudnnDataType_t>) return CUDNN_TYPE_DATA_TYPE;
  if constexpr (std::is_same_v<V, cudnnConvolutionMode_t>) return CUDNN_TYPE_CONVOLUTION_MODE;
  if constexpr (std::is_same_v<V, cudnnPointwiseMode_t>) return CUDNN_TYPE_POINTWISE_MODE;
  if constexpr (std::is_same_v<V, cudnnBackendHeurMode_t>) return CUDNN_TYPE_HEUR_MODE;
  if constexpr (std::is_same_v<V, cudnnBackendNumericalNote_t>) return CUDNN_TYPE_NUMERICAL_NOTE;
  if constexpr (std::is_same_v<V, cudnnBackendKnobType_t>) return CUDNN_TYPE_KNOB_TYPE;
}

class CudnnDescriptor {
 public:
  explicit CudnnDescriptor(cudnnBackendDescriptorType_t type);

  // Attributes are set first, then it is finalised, then it is used. All throw CudaError.
  template <typename V>
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, std::span<const V> values) {
    set(name, cudnn_attribute_type<V>(), static_cast<std::int64_t>(values.size()), values.data());
    return *this;
  }
  template <typename V>
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, std::initializer_list<V> values) {
    return set(name, std::span<const V>(values.begin(), values.size()));
  }
  template <typename V>
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, V value) {
    return set(name, std::span<const V>(&value, 1));
  }
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, const CudnnDescriptor& other);
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, const std::vector<CudnnDescriptor>& others);
  CudnnDescriptor& finalize();
  // For what cuDNN may not support.
  cudnnStatus_t try_finalize() { return cudnn().cudnnBackendFinalize(raw()); }

  // Up to `capacity` values of an attribute.
  template <typename V>
  std::vector<V> get(cudnnBackendAttributeName_t name, std::int64_t capacity) const {
    std::vector<V> values(static_cast<std::size_t>(capacity));
    values.resize(static_cast<std::size_t>(get(name, cudnn_attribute_type<V>(), capacity, values.data())));
    return values;
  }
  std::vector<CudnnDescriptor> get(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                                   std::int64_t capacity) const;
  // How many descriptors the attribute has.
  std::int64_t count(cudnnBackendAttributeName_t name) const {
    return get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, nullptr);
  }

  cudnnBackendDescriptor_t raw() const { return descriptor_.get(); }

 private:
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
           const void* values);
  std::int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t capacity,
                   void* values) const;

  struct Destroy {
    void operator()(cudnnBackendDescriptor_t descriptor) const {
      cudnn().cudnnBackendDestroyDescriptor(descriptor);
    }
  };
  std::unique_ptr<void, Destroy> descriptor_;
};

// What plans are made for: a device at hand, or one that is only described (tests without a GPU).
struct CudnnTarget {
  cudnnHandle_t handle = nullptr;
  const CudnnDescriptor* properties = nullptr;  // needs cuDNN 9.11
};

// Operations that are computed together, with all that they refer to.
struct CudnnGraph {
  std::deque<CudnnDescriptor> parts;  // stay where they are
  std::vector<std::int64_t> stored;   // unique ids of the tensors that lie in memory
  std::vector<CudnnDescriptor> operations;
  CudnnDescriptor graph{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};

  // Says whether cuDNN knows such graphs.
  bool finalize(const CudnnTarget& target);
};

}  // namespace poster::kernels
