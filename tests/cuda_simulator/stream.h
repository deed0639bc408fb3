// Streams and graphs: work runs at once, or is recorded while the stream captures.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

struct CUgraph_st {
  std::vector<std::function<void()>> nodes;
};
struct CUgraphExec_st {
  CUgraph_st graph;
};
struct CUstream_st {
  CUgraph_st* captured = nullptr;  // while capturing
};
struct CUevent_st {
  bool recorded = false;
  std::chrono::steady_clock::time_point time;
};

namespace cuda_simulator {

void submit(CUstream_st* stream, std::function<void()> work);
// Whether any stream captures: then allocations and waits are refused, as CUDA does.
bool capturing();

}  // namespace cuda_simulator
