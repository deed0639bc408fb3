// How cuDNN computes a graph: an engine, and how it is set.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
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
  // Plans with tensor cores before those without: cuDNN's order has some without in front that are several
  // times slower (1x1 with a stride, 16 bits).
  bool prefer_tensor_cores = false;
  std::int64_t workspace = 0;

  bool allow(const std::vector<cudnnBackendNumericalNote_t>& notes) const;
};

// Data for one tensor of a graph, named by its unique id.
struct CudnnOperand {
  std::int64_t id;
  const void* data;
};

// An engine and how it is set: a plan's in another process, for the same device and version of cuDNN.
struct CudnnChoice {
  std::int64_t engine = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> knobs;  // kind and value

  bool operator==(const CudnnChoice&) const = default;
};

class CudnnPlan {
 public:
  // Bytes.
  std::int64_t workspace() const { return workspace_; }
  std::int64_t engine() const { return choice_.engine; }
  const CudnnChoice& choice() const { return choice_; }
  const std::vector<cudnnBackendNumericalNote_t>& notes() const { return notes_; }
  bool has(cudnnBackendNumericalNote_t note) const { return std::ranges::count(notes_, note) > 0; }

  // In the order of the handle's stream. Of the operands those that the graph has are used.
  void run(cudnnHandle_t handle, std::span<const CudnnOperand> operands, void* workspace) const;

 private:
  friend std::vector<CudnnPlan> find_cudnn_plans(const CudnnTarget&, const std::shared_ptr<const CudnnGraph>&,
                                                 std::span<const cudnnBackendHeurMode_t>, const CudnnRules&,
                                                 int);
  friend std::optional<CudnnPlan> make_cudnn_plan(const CudnnTarget&,
                                                  const std::shared_ptr<const CudnnGraph>&, const CudnnRules&,
                                                  const CudnnChoice&);
  CudnnPlan(std::shared_ptr<const CudnnGraph> graph, CudnnDescriptor configuration);
  // False when cuDNN doesn't support it.
  bool finalize(const CudnnTarget& target);

  std::shared_ptr<const CudnnGraph> graph_;
  CudnnDescriptor configuration_;
  CudnnDescriptor plan_{CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR};
  CudnnChoice choice_;
  std::int64_t workspace_ = 0;
  std::vector<cudnnBackendNumericalNote_t> notes_;
};

// Up to `count` plans that keep to the rules, in the order of preference of cuDNN's heuristics but for what
// the rules prefer: those of the first mode first. Where none gets by with the rules' workspace, the one that
// wants least. Empty when no engine keeps to the rules.
std::vector<CudnnPlan> find_cudnn_plans(const CudnnTarget& target,
                                        const std::shared_ptr<const CudnnGraph>& graph,
                                        std::span<const cudnnBackendHeurMode_t> modes,
                                        const CudnnRules& rules, int count);

// The plan of a choice that was made before; empty where cuDNN has no such engine, or where it breaks the
// rules.
std::optional<CudnnPlan> make_cudnn_plan(const CudnnTarget& target,
                                         const std::shared_ptr<const CudnnGraph>& graph,
                                         const CudnnRules& rules, const CudnnChoice& choice);

}  // namespace poster::kernels
