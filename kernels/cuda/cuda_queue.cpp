#include "kernels/cuda_queue.h"

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/cuda/check.h"
#include "kernels/cuda/libraries.h"
#include "kernels/cuda_device.h"
#include "kernels/environment.h"
#include "kernels/launch_observer.h"

namespace poster::kernels {
namespace {

int usable_device(int device) {
  if (const std::string why = cuda_unavailable(); !why.empty()) throw CudaError("CUDA: " + why);
  int count = 0;
  POSTER_CUDA_CHECK(cudaGetDeviceCount(&count));
  if (device < 0 || device >= count)
    throw CudaError("CUDA: there is no device " + std::to_string(device) + "; devices are 0 to " +
                    std::to_string(count - 1));
  POSTER_CUDA_CHECK(cudaSetDevice(device));
  return device;
}

}  // namespace

struct CudaQueue::Impl {
  Impl(int d, FloatProducts p, const Impl* first = nullptr)
      : device(usable_device(d)),
        products(p),
        poison(environment_flag(Variable::cuda_poison)),
        observer(first ? first->observer : std::make_shared<LaunchObserver*>()),
        libraries{nullptr, nullptr, first ? first->libraries.shared : std::make_shared<Libraries::Shared>()} {
    POSTER_CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
    int lowest = 0, highest = 0;
    POSTER_CUDA_CHECK(cudaDeviceGetStreamPriorityRange(&lowest, &highest));
    POSTER_CUDA_CHECK(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, first ? lowest : highest));
    try {
      POSTER_CUDA_CHECK(cudaMalloc(&counters, kCounterBytes));
      POSTER_CUDA_CHECK(cudaMemsetAsync(counters, 0, kCounterBytes, stream));
    } catch (...) {
      release();
      throw;
    }
  }
  ~Impl() { release(); }
  void release() {
    cudaStreamSynchronize(stream);
    libraries.cublas = libraries.cudnn = nullptr;
    for (void* memory : scratch) cudaFree(memory);
    cudaFree(counters);
    cudaStreamDestroy(stream);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const int device;
  const FloatProducts products;
  const bool poison;
  const std::shared_ptr<LaunchObserver*> observer;  // with the queues beside it
  int multiprocessors = 0;
  cudaStream_t stream = nullptr;
  static constexpr std::size_t kCounterBytes = kCounters * sizeof(unsigned);
  void* counters = nullptr;
  bool planning = false;
  std::size_t peak = 0, allocated = 0;
  std::vector<void*> scratch;  // the last is the one in use; graphs may still use the others
  Libraries libraries;
};

CudaQueue::CudaQueue(int device, FloatProducts products) : impl_(std::make_unique<Impl>(device, products)) {}
CudaQueue::CudaQueue(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CudaQueue::~CudaQueue() = default;

std::unique_ptr<CudaQueue> CudaQueue::beside() {
  return std::unique_ptr<CudaQueue>(
      new CudaQueue(std::make_unique<Impl>(impl_->device, impl_->products, impl_.get())));
}

CUstream_st* CudaQueue::stream() const { return impl_->stream; }
int CudaQueue::device() const { return impl_->device; }
int CudaQueue::multiprocessors() const { return impl_->multiprocessors; }
CudaQueue::FloatProducts CudaQueue::float_products() const { return impl_->products; }
void CudaQueue::set_planning(bool planning) { impl_->planning = planning; }
bool CudaQueue::planning() const { return impl_->planning; }
void CudaQueue::set_observer(LaunchObserver* observer) { *impl_->observer = observer; }
LaunchObserver* CudaQueue::observer() const { return *impl_->observer; }
std::size_t CudaQueue::scratch_peak() const { return impl_->peak; }
void CudaQueue::restart_scratch_peak() { impl_->peak = 0; }
CudaQueue::Libraries& CudaQueue::libraries() { return impl_->libraries; }
LibraryUse library_use(CudaQueue& queue) { return queue.libraries().use; }

void CudaQueue::reserve_scratch(std::size_t bytes) {
  Impl& q = *impl_;
  if (q.allocated >= bytes) return;
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  POSTER_CUDA_CHECK(cudaStreamIsCapturing(q.stream, &status));
  if (status != cudaStreamCaptureStatusNone)
    throw CudaError("CUDA: scratch memory grows to " + std::to_string(bytes) +
                    " bytes while a graph is captured; run once in planning mode first");
  q.scratch.reserve(q.scratch.size() + 1);  // first what may fail without memory in hand
  void* memory = nullptr;
  POSTER_CUDA_CHECK(cudaMalloc(&memory, bytes));
  q.scratch.push_back(memory);
  q.allocated = bytes;
}

void* CudaQueue::scratch_bytes(std::size_t bytes) {
  Impl& q = *impl_;
  q.peak = std::max(q.peak, bytes);
  if (bytes == 0) return nullptr;
  if (!q.planning) reserve_scratch(bytes);
  void* const memory = q.planning ? nullptr : q.scratch.back();
  poison(memory, q.planning ? bytes : q.allocated);
  return memory;
}

unsigned* CudaQueue::counters(index_t count) {
  if (count > kCounters)
    throw CudaError("CUDA: a kernel asks for " + std::to_string(count) +
                    " counters of blocks, and there are " + std::to_string(kCounters));
  return static_cast<unsigned*>(impl_->counters);
}

void CudaQueue::poison(void* memory, std::size_t bytes) {
  if (!impl_->poison) return;
  if (impl_->planning) {
    if (*impl_->observer) (*impl_->observer)->memory(*this, "memory set", bytes);
    return;
  }
  POSTER_CUDA_CHECK(cudaMemsetAsync(memory, 0xFF, bytes, impl_->stream));
}

}  // namespace poster::kernels
