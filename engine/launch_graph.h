// The graph that a step would be captured as, from a dry run of it (kernels/launch_observer.h): a node for each
// kernel, library call, copy and memory set, and which nodes it waits for.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "kernels/launch_observer.h"

namespace poster {

class LaunchGraph : public kernels::LaunchObserver {
 public:
  struct Node {
    const kernels::CudaQueue* queue = nullptr;
    std::vector<std::size_t> after;  // earlier nodes
  };

  void begin_op(const char*, const kernels::OperandTable&, double) override {}
  void end_op() override {}
  void kernel(const kernels::CudaQueue& queue, const char*, const std::source_location&, std::size_t,
              std::size_t, std::size_t) override {
    add(queue);
  }
  void library(const kernels::CudaQueue& queue, const char*) override { add(queue); }
  void memory(const kernels::CudaQueue& queue, const char*, std::size_t) override { add(queue); }
  void record(const kernels::CudaQueue& queue, const void* event) override;
  void wait(const kernels::CudaQueue& queue, const void* event) override;

  const std::vector<Node>& nodes() const { return nodes_; }
  // The most nodes of which each waits for the one before.
  std::size_t longest_path() const;

 private:
  void add(const kernels::CudaQueue& queue);

  std::vector<Node> nodes_;
  std::map<const kernels::CudaQueue*, std::vector<std::size_t>> last_;  // what comes next waits for these
  std::map<const void*, std::vector<std::size_t>> events_;
};

}  // namespace poster
