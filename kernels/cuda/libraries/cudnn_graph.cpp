#include "kernels/cuda/libraries/cudnn_graph.h"

#include <string>

namespace poster::kernels {

void cudnn_check(cudnnStatus_t status, const char* statement, const std::source_location& at) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char words[512] = "";
  cudnn().cudnnGetLastErrorString(words, sizeof(words));
  throw CudaError("cuDNN: " + std::string(cudnn().cudnnGetErrorString(status)) + " (" + words + ") in " +
                  statement + ", " + at.file_name() + ":" + std::to_string(at.line()));
}

CudnnDescriptor::CudnnDescriptor(cudnnBackendDescriptorType_t type) {
  cudnnBackendDescriptor_t descriptor = nullptr;
  POSTER_CUDNN_CHECK(cudnn().cudnnBackendCreateDescriptor(type, &descriptor));
  descriptor_.reset(descriptor);
}

void CudnnDescriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                          std::int64_t count, const void* values) {
  const cudnnStatus_t status = cudnn().cudnnBackendSetAttribute(raw(), name, type, count, values);
  if (status != CUDNN_STATUS_SUCCESS) cudnn_check(status, ("attribute " + std::to_string(name)).c_str());
}

CudnnDescriptor& CudnnDescriptor::set(cudnnBackendAttributeName_t name, const CudnnDescriptor& other) {
  const cudnnBackendDescriptor_t value = other.raw();
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
  return *this;
}

CudnnDescriptor& CudnnDescriptor::set(cudnnBackendAttributeName_t name,
                                      const std::vector<CudnnDescriptor>& others) {
  std::vector<cudnnBackendDescriptor_t> values;
  for (const CudnnDescriptor& other : others) values.push_back(other.raw());
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<std::int64_t>(values.size()), values.data());
  return *this;
}

CudnnDescriptor& CudnnDescriptor::finalize() {
  POSTER_CUDNN_CHECK(cudnn().cudnnBackendFinalize(raw()));
  return *this;
}

std::int64_t CudnnDescriptor::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                  std::int64_t capacity, void* values) const {
  std::int64_t written = 0;
  const cudnnStatus_t status =
      cudnn().cudnnBackendGetAttribute(raw(), name, type, capacity, &written, values);
  if (status != CUDNN_STATUS_SUCCESS) cudnn_check(status, ("attribute " + std::to_string(name)).c_str());
  return written;
}

std::vector<CudnnDescriptor> CudnnDescriptor::get(cudnnBackendAttributeName_t name,
                                                  cudnnBackendDescriptorType_t type,
                                                  std::int64_t capacity) const {
  std::vector<CudnnDescriptor> descriptors;  // cuDNN fills descriptors that exist
  std::vector<cudnnBackendDescriptor_t> raw_descriptors;
  for (std::int64_t i = 0; i < capacity; ++i) {
    descriptors.emplace_back(type);
    raw_descriptors.push_back(descriptors.back().raw());
  }
  const std::int64_t written = get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, capacity, raw_descriptors.data());
  descriptors.erase(descriptors.begin() + written, descriptors.end());
  return descriptors;
}

bool CudnnGraph::finalize(const CudnnTarget& target) {
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
  if (target.handle) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target.handle);
  return graph.try_finalize() == CUDNN_STATUS_SUCCESS;
}

}  // namespace poster::kernels
