// The queue and the device where there is no CUDA backend: everything throws, and cuda_unavailable() says
// why.
#include "kernels/conv_plans.h"
#include "kernels/cuda_device.h"
#include "kernels/library_use.h"

namespace poster::kernels {
namespace {

constexpr const char* kAbsent = "this build has no CUDA backend";

[[noreturn]] void absent() { throw CudaError(std::string("CUDA: ") + kAbsent); }

}  // namespace

struct CudaQueue::Impl {};
CudaQueue::CudaQueue(int, FloatProducts) { absent(); }
std::unique_ptr<CudaQueue> CudaQueue::beside() { absent(); }
CudaQueue::~CudaQueue() = default;
CUstream_st* CudaQueue::stream() const { absent(); }
int CudaQueue::device() const { absent(); }
int CudaQueue::multiprocessors() const { absent(); }
CudaQueue::FloatProducts CudaQueue::float_products() const { absent(); }
void CudaQueue::set_planning(bool) { absent(); }
bool CudaQueue::planning() const { absent(); }
void CudaQueue::set_observer(LaunchObserver*) { absent(); }
LaunchObserver* CudaQueue::observer() const { absent(); }
std::size_t CudaQueue::scratch_peak() const { absent(); }
void CudaQueue::restart_scratch_peak() { absent(); }
void CudaQueue::reserve_scratch(std::size_t) { absent(); }
CudaQueue::Libraries& CudaQueue::libraries() { absent(); }
unsigned* CudaQueue::counters(index_t) { absent(); }
void* CudaQueue::scratch_bytes(std::size_t) { absent(); }
void CudaQueue::poison(void*, std::size_t) { absent(); }

LibraryUse library_use(CudaQueue&) { absent(); }
std::string conv_plans_are_for(CudaQueue&) { absent(); }
// NOLINTNEXTLINE(performance-unnecessary-value-param): it is kept where there is CUDA
void use_conv_plans(CudaQueue&, ConvPlanTable) { absent(); }
void measure_conv_plans(CudaQueue&) { absent(); }
const ConvPlanTable& conv_plans(CudaQueue&) { absent(); }

std::string cuda_unavailable() { return kAbsent; }
std::string cuda_device_name(int) { absent(); }
void* cuda_allocate(std::size_t) { absent(); }
void cuda_free(void*) noexcept {}
void* cuda_allocate_pinned(std::size_t) { absent(); }
void cuda_free_pinned(void*) noexcept {}
CudaMemory cuda_memory() { absent(); }
void cuda_copy_to_device(CudaQueue&, void*, const void*, std::size_t) { absent(); }
void cuda_copy_to_host(CudaQueue&, void*, const void*, std::size_t) { absent(); }
void cuda_synchronize(CudaQueue&) { absent(); }

struct CudaEvent::Impl {};
CudaEvent::CudaEvent(Kind) { absent(); }
CudaEvent::~CudaEvent() = default;
CudaEvent::CudaEvent(CudaEvent&&) noexcept = default;
CudaEvent& CudaEvent::operator=(CudaEvent&&) noexcept = default;
void CudaEvent::record(CudaQueue&) { absent(); }
void CudaEvent::wait() { absent(); }
void CudaEvent::wait_in(CudaQueue&) { absent(); }
float CudaEvent::milliseconds_since(const CudaEvent&) const { absent(); }

// A graph that nothing was captured into may exist.
struct CudaGraph::Impl {};
CudaGraph::CudaGraph() = default;
CudaGraph::~CudaGraph() = default;
CudaGraph::CudaGraph(CudaGraph&&) noexcept = default;
CudaGraph& CudaGraph::operator=(CudaGraph&&) noexcept = default;
void CudaGraph::begin(CudaQueue&) { absent(); }
void CudaGraph::end(CudaQueue&) { absent(); }
void CudaGraph::abandon(CudaQueue&) noexcept {}
void CudaGraph::launch(CudaQueue&) const { absent(); }
bool CudaGraph::ready() const { return false; }
std::size_t CudaGraph::nodes() const { return 0; }

}  // namespace poster::kernels
