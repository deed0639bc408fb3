#include "engine/launch_graph.h"

#include <algorithm>

namespace poster {

void LaunchGraph::add(const kernels::CudaQueue& queue) {
  auto& last = last_[&queue];
  nodes_.push_back({&queue, std::move(last)});
  last = {nodes_.size() - 1};
}

void LaunchGraph::record(const kernels::CudaQueue& queue, const void* event) {
  events_[event] = last_[&queue];
}

void LaunchGraph::wait(const kernels::CudaQueue& queue, const void* event) {
  auto& last = last_[&queue];
  for (const std::size_t node : events_[event])
    if (std::ranges::find(last, node) == last.end()) last.push_back(node);
}

std::size_t LaunchGraph::longest_path() const {
  std::vector<std::size_t> lengths;
  for (const Node& node : nodes_) {
    std::size_t before = 0;
    for (const std::size_t earlier : node.after) before = std::max(before, lengths[earlier]);
    lengths.push_back(before + 1);
  }
  return lengths.empty() ? 0 : std::ranges::max(lengths);
}

}  // namespace poster
