#include "kernels/cuda/check.h"
#include "kernels/cuda_device.h"
#include "kernels/launch_observer.h"

namespace poster::kernels {

struct CudaEvent::Impl {
  explicit Impl(Kind kind) {
    POSTER_CUDA_CHECK(
        cudaEventCreateWithFlags(&event, kind == Kind::timing ? cudaEventDefault : cudaEventDisableTiming));
  }
  ~Impl() { cudaEventDestroy(event); }
  cudaEvent_t event = nullptr;
};

CudaEvent::CudaEvent(Kind kind) : impl_(std::make_unique<Impl>(kind)) {}
CudaEvent::~CudaEvent() = default;
CudaEvent::CudaEvent(CudaEvent&&) noexcept = default;
CudaEvent& CudaEvent::operator=(CudaEvent&&) noexcept = default;

void CudaEvent::record(CudaQueue& queue) {
  if (queue.planning()) {
    if (auto* const observer = queue.observer()) observer->record(queue, impl_.get());
    return;
  }
  POSTER_CUDA_CHECK(cudaEventRecord(impl_->event, queue.stream()));
}

void CudaEvent::wait() { POSTER_CUDA_CHECK(cudaEventSynchronize(impl_->event)); }

void CudaEvent::wait_in(CudaQueue& queue) {
  if (queue.planning()) {
    if (auto* const observer = queue.observer()) observer->wait(queue, impl_.get());
    return;
  }
  POSTER_CUDA_CHECK(cudaStreamWaitEvent(queue.stream(), impl_->event, 0));
}

float CudaEvent::milliseconds_since(const CudaEvent& start) const {
  float milliseconds = 0;
  POSTER_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start.impl_->event, impl_->event));
  return milliseconds;
}

}  // namespace poster::kernels
