#include "tests/ops/suite/target.h"

#include <cstring>
#include <new>

namespace poster::test {
namespace {

constexpr std::align_val_t kAlignment{256};

}  // namespace

std::byte* HostTarget::allocate(std::size_t bytes) {
  return static_cast<std::byte*>(::operator new(bytes, kAlignment));
}
void HostTarget::free(std::byte* memory) { ::operator delete(memory, kAlignment); }
void HostTarget::write(std::byte* memory, const std::vector<std::byte>& bytes) {
  std::memcpy(memory, bytes.data(), bytes.size());
}
void HostTarget::read(std::vector<std::byte>& bytes, const std::byte* memory) {
  std::memcpy(bytes.data(), memory, bytes.size());
}

std::byte* CudaTarget::allocate(std::size_t bytes) {
  return static_cast<std::byte*>(kernels::cuda_allocate(bytes));
}
void CudaTarget::free(std::byte* memory) { kernels::cuda_free(memory); }
void CudaTarget::write(std::byte* memory, const std::vector<std::byte>& bytes) {
  kernels::cuda_copy_to_device(queue, memory, bytes.data(), bytes.size());
  kernels::cuda_synchronize(queue);
}
void CudaTarget::read(std::vector<std::byte>& bytes, const std::byte* memory) {
  kernels::cuda_copy_to_host(queue, bytes.data(), memory, bytes.size());
  kernels::cuda_synchronize(queue);
}

}  // namespace poster::test
