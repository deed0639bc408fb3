#include "kernels/cuda/check.h"
#include "kernels/cuda_device.h"

namespace poster::kernels {

struct CudaGraph::Impl {
  ~Impl() { clear(); }
  void clear() noexcept {
    if (exec) cudaGraphExecDestroy(exec);
    exec = nullptr;
    nodes = 0;
  }
  cudaGraphExec_t exec = nullptr;
  std::size_t nodes = 0;
};

CudaGraph::CudaGraph() : impl_(std::make_unique<Impl>()) {}
CudaGraph::~CudaGraph() = default;
CudaGraph::CudaGraph(CudaGraph&&) noexcept = default;
CudaGraph& CudaGraph::operator=(CudaGraph&&) noexcept = default;

void CudaGraph::begin(CudaQueue& queue) {
  impl_->clear();
  // Other threads may allocate meanwhile.
  POSTER_CUDA_CHECK(cudaStreamBeginCapture(queue.stream(), cudaStreamCaptureModeThreadLocal));
}

void CudaGraph::end(CudaQueue& queue) {
  cudaGraph_t graph = nullptr;
  POSTER_CUDA_CHECK(cudaStreamEndCapture(queue.stream(), &graph));
  cudaError_t error = cudaGraphGetNodes(graph, nullptr, &impl_->nodes);
  if (error == cudaSuccess) error = cudaGraphInstantiate(&impl_->exec, graph, 0);
  cudaGraphDestroy(graph);
  cuda_check(error, "cudaGraphInstantiate");
}

void CudaGraph::abandon(CudaQueue& queue) noexcept {
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(queue.stream(), &graph);
  if (graph) cudaGraphDestroy(graph);
  cudaGetLastError();
  impl_->clear();
}

void CudaGraph::launch(CudaQueue& queue) const {
  if (!ready()) throw CudaError("CUDA: a graph is launched that was not captured");
  POSTER_CUDA_CHECK(cudaGraphLaunch(impl_->exec, queue.stream()));
}

bool CudaGraph::ready() const { return impl_->exec != nullptr; }
std::size_t CudaGraph::nodes() const { return impl_->nodes; }

}  // namespace poster::kernels
