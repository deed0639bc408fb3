#include "kernels/cuda/libraries/cudnn_plan.h"

#include <utility>

namespace poster::kernels {
namespace {

std::vector<CudnnDescriptor> configurations(const CudnnTarget& target, const CudnnGraph& graph,
                                            cudnnBackendHeurMode_t mode) {
  CudnnDescriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.graph).set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
#if CUDNN_VERSION >= 91100
  if (target.properties) heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.properties);
#endif
  if (heuristics.try_finalize() != CUDNN_STATUS_SUCCESS) return {};
  return heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
                        heuristics.count(CUDNN_ATTR_ENGINEHEUR_RESULTS));
}

}  // namespace

bool CudnnRules::allow(const std::vector<cudnnBackendNumericalNote_t>& notes) const {
  for (const cudnnBackendNumericalNote_t note : notes) switch (note) {
      case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
      case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
        if (!tensor_cores) return false;
        break;
      case CUDNN_NUMERICAL_NOTE_WINOGRAD:
        if (winograd_tile < 2) return false;
        break;
      case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
        if (winograd_tile < 4) return false;
        break;
      case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
        break;
      default:  // NONDETERMINISTIC, REDUCED_PRECISION_REDUCTION, FFT, larger tiles, and what comes after us
        return false;
    }
  return true;
}

void CudnnPlan::run(cudnnHandle_t handle, std::span<const CudnnOperand> operands, void* workspace) const {
  std::vector<std::int64_t> ids;
  std::vector<void*> pointers;
  for (const CudnnOperand& operand : operands) {
    ids.push_back(operand.id);
    pointers.push_back(const_cast<void*>(operand.data));
  }
  CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span<const std::int64_t>(ids))
      .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, std::span<void* const>(pointers))
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace)
      .finalize();
  POSTER_CUDNN_CHECK(cudnn().cudnnBackendExecute(handle, plan_.raw(), pack.raw()));
}

std::vector<CudnnPlan> find_cudnn_plans(const CudnnTarget& target,
                                        const std::shared_ptr<const CudnnGraph>& graph,
                                        std::span<const cudnnBackendHeurMode_t> modes,
                                        const CudnnRules& rules, int count) {
  std::vector<CudnnPlan> plans, too_large;
  for (const cudnnBackendHeurMode_t mode : modes)
    for (CudnnDescriptor& configuration : configurations(target, *graph, mode)) {
      CudnnPlan plan(graph, std::move(configuration));
      const auto engines =
          plan.configuration_.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1);
      const CudnnDescriptor& engine = engines.at(0);
      plan.notes_ = engine.get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                            CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
      if (!rules.allow(plan.notes_)) continue;
      plan.engine_ = engine.get<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, 1).at(0);
      plan.plan_.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, plan.configuration_);
      if (target.handle) plan.plan_.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
#if CUDNN_VERSION >= 91100
      if (target.properties) plan.plan_.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.properties);
#endif
      if (plan.plan_.try_finalize() != CUDNN_STATUS_SUCCESS) continue;
      plan.workspace_ = plan.plan_.get<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, 1).at(0);
      if (plan.workspace_ <= rules.workspace) {
        plans.push_back(std::move(plan));
        if (static_cast<int>(plans.size()) == count) return plans;
      } else if (plans.empty() && (too_large.empty() || plan.workspace_ < too_large[0].workspace_)) {
        too_large.clear();
        too_large.push_back(std::move(plan));
      }
    }
  return plans.empty() ? std::move(too_large) : std::move(plans);
}

}  // namespace poster::kernels
