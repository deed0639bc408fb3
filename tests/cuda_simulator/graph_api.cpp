// Capturing and graphs of the stand-in.
#include <algorithm>
#include <atomic>

#include "tests/cuda_simulator/runtime_api.h"

namespace {

std::atomic<int> captures = 0;
cuda_simulator::GraphSize last_graph;

cuda_simulator::GraphSize size_of(const CUgraph_st& graph) {
  std::vector<std::size_t> paths;
  for (const CUgraph_st::Node& node : graph.nodes) {
    std::size_t before = 0;
    for (const std::size_t earlier : node.after) before = std::max(before, paths[earlier]);
    paths.push_back(before + 1);
  }
  return {paths.size(), paths.empty() ? 0 : *std::max_element(paths.begin(), paths.end())};
}

// Whether `stream` waits for every node: whoever waits for it has waited for the whole graph.
bool joins_all(const CUstream_st& stream) {
  const auto& nodes = stream.capture->graph.nodes;
  std::vector<bool> waited(nodes.size(), false);
  for (const std::size_t node : stream.last_captured) waited[node] = true;
  for (std::size_t n = nodes.size(); n-- > 0;) {
    if (!waited[n]) return false;
    for (const std::size_t earlier : nodes[n].after) waited[earlier] = true;
  }
  return true;
}

}  // namespace

cuda_simulator::GraphSize cuda_simulator::last_captured_graph() { return last_graph; }
bool cuda_simulator::capturing() { return captures > 0; }

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = stream && stream->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (!stream || stream->capture) return cudaErrorInvalidValue;
  stream->capture = std::make_shared<cuda_simulator::Capture>();
  stream->capture->streams.push_back(stream);
  stream->last_captured.clear();
  ++captures;
  return cudaSuccess;
}

// Whatever it returns but for the first two errors, all streams leave the capture.
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  const auto capture = stream->capture;
  if (!capture) return cudaErrorInvalidValue;
  if (capture->streams.front() != stream) return cudaErrorStreamCaptureUnmatched;
  const bool joined = joins_all(*stream);
  for (CUstream_st* const member : capture->streams) member->capture = nullptr;
  capture->ended = true;
  --captures;
  if (!joined) return cudaErrorStreamCaptureUnjoined;
  last_graph = size_of(capture->graph);
  *graph = new CUgraph_st(std::move(capture->graph));
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  *exec = new CUgraphExec_st{*graph};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  if (!stream || stream->capture) return cudaErrorStreamCaptureUnsupported;
  cuda_simulator::Tickets tickets, before = stream->last;
  std::vector<bool> followed(exec->graph.nodes.size(), false);
  for (const CUgraph_st::Node& node : exec->graph.nodes) {
    cuda_simulator::Tickets after;
    for (const std::size_t earlier : node.after) {
      after.push_back(tickets[earlier]);
      followed[earlier] = true;
    }
    tickets.push_back(cuda_simulator::schedule(node.work, node.after.empty() ? before : after));
  }
  if (tickets.empty()) return cudaSuccess;
  stream->last.clear();
  for (std::size_t n = 0; n < tickets.size(); ++n)
    if (!followed[n]) stream->last.push_back(tickets[n]);
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count) {
  if (nodes) return cudaErrorInvalidValue;
  *count = graph->nodes.size();
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}
