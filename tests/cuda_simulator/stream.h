// Streams, events and graphs. What is put on a stream is work with what must have run before it: the stream's
// work so far, and what it waits for (scheduler.h runs it). While a stream captures, work becomes a graph's.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "tests/cuda_simulator/scheduler.h"

struct CUgraph_st {
  struct Node {
    std::function<void()> work;
    std::vector<std::size_t> after;  // earlier nodes
  };
  std::vector<Node> nodes;
};
struct CUgraphExec_st {
  CUgraph_st graph;
};

namespace cuda_simulator {

struct Capture {
  CUgraph_st graph;
  std::vector<CUstream_st*> streams;  // the first began it
  bool ended = false;
};

void submit(CUstream_st* stream, std::function<void()> work);
// Of the graph that was captured last: its nodes, and the most of which each waits for the one before.
struct GraphSize {
  std::size_t nodes = 0, longest_path = 0;
};
GraphSize last_captured_graph();
// Whether any stream captures: then allocations and waits are refused, as CUDA does.
bool capturing();

}  // namespace cuda_simulator

struct CUstream_st {
  cuda_simulator::Tickets last;  // what comes next runs after these
  std::shared_ptr<cuda_simulator::Capture> capture;
  std::vector<std::size_t> last_captured;  // nodes of its graph
};
struct CUevent_st {
  bool recorded = false;
  cuda_simulator::Tickets last;  // of the stream when it was recorded
  std::shared_ptr<std::chrono::steady_clock::time_point> time;
  std::shared_ptr<cuda_simulator::Capture> capture;  // where it was recorded in one
  std::vector<std::size_t> last_captured;
};
