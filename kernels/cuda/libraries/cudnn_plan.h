// How cuDNN computes a graph: an engine, and how it is set.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/cuda/libraries/cudnn_graph.h"

namespace poster::kernels {

// What engines may do. Whatever the order of its sums depends on but sizes and device is refused always, and
// so are sums in less than float.
struct CudnnRules {
  bool tensor_cores = true;  // for floats they round the factors to TF32
  int winograd_tile = 0;     // the largest allowed: 0 (plain sums), 2 or 4
  std::int64_t workspace = 0;

  bool allow(const std::vector<cudnnBackendNumericalNote_t>& notes) const;
};

// Data for one tensor of a graph, named by its unique id.
struct CudnnOperand {
  std::int64_t id;
  const void* data;
};

class CudnnPlan {
 public:
  std::int64_t workspace() const { return workspace_; }
  std::int64_t engine() const { return engine_; }
  const std::vector<cudnnBackendNumericalNote_t>& notes() const { return notes_; }

  // In the order of the handle's stream.
  void run(cudnnHandle_t handle, std::span<const CudnnOperand> operands, void* workspace) const;

 private:
  friend std::vector<CudnnPlan> find_cudnn_plans(const CudnnTarget&, const std::shared_ptr<const CudnnGraph>&,
                                                 std::span<const cudnnBackendHeurMode_t>, const CudnnRules&,
                                                 int);
  CudnnPlan(std::shared_ptr<const CudnnGraph> graph, CudnnDescriptor configuration)
      : graph_(std::move(graph)), configuration_(std::move(configuration)) {}

  std::shared_ptr<const CudnnGraph> graph_;
  CudnnDescriptor configuration_;
  CudnnDescriptor plan_{CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR};
  std::int64_t engine_ = 0, workspace_ = 0;
  std::vector<cudnnBackendNumericalNote_t> notes_;
};

// Up to `count` plans that keep to the rules, in the order of preference of cuDNN's heuristics: those of the
// first mode first. Where none gets by with the rules' workspace, the one that wants least. Empty when no
// engine keeps to the rules.
std::vector<CudnnPlan> find_cudnn_plans(const CudnnTarget& target,
                                        const std::shared_ptr<const CudnnGraph>& graph,
                                        std::span<const cudnnBackendHeurMode_t> modes,
                                        const CudnnRules& rules, int count);

}  // namespace poster::kernels
