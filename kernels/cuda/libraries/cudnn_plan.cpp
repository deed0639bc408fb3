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

CudnnPlan::CudnnPlan(std::shared_ptr<const CudnnGraph> graph, CudnnDescriptor configuration)
    : graph_(std::move(graph)), configuration_(std::move(configuration)) {
  const auto engines = configuration_.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1);
  const CudnnDescriptor& engine = engines.at(0);
  choice_.engine = engine.get<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, 1).at(0);
  for (const CudnnDescriptor& knob : configuration_.get(
           CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, CUDNN_KNOB_TYPE_COUNTS))
    choice_.knobs.emplace_back(knob.get<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, 1).at(0),
                               knob.get<std::int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, 1).at(0));
  notes_ = engine.get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                   CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
}

bool CudnnPlan::finalize(const CudnnTarget& target) {
  plan_.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration_);
  if (target.handle) plan_.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
#if CUDNN_VERSION >= 91100
  if (target.properties) plan_.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.properties);
#endif
  if (plan_.try_finalize() != CUDNN_STATUS_SUCCESS) return false;
  workspace_ = plan_.get<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, 1).at(0);
  return true;
}

void CudnnPlan::run(cudnnHandle_t handle, std::span<const CudnnOperand> operands, void* workspace) const {
  std::vector<std::int64_t> ids;
  std::vector<void*> pointers;
  for (const CudnnOperand& operand : operands) {
    if (std::ranges::count(graph_->stored, operand.id) == 0) continue;
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
  for (const cudnnBackendHeurMode_t mode : modes) {
    std::vector<CudnnPlan> candidates;
    for (CudnnDescriptor& configuration : configurations(target, *graph, mode)) {
      CudnnPlan plan(graph, std::move(configuration));
      if (rules.allow(plan.notes_)) candidates.push_back(std::move(plan));
    }
    if (rules.prefer_tensor_cores)
      std::ranges::stable_partition(
          candidates, [](const CudnnPlan& plan) { return plan.has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE); });
    for (CudnnPlan& plan : candidates) {
      if (!plan.finalize(target)) continue;
      if (plan.workspace_ <= rules.workspace) {
        plans.push_back(std::move(plan));
        if (static_cast<int>(plans.size()) == count) return plans;
      } else if (plans.empty() && (too_large.empty() || plan.workspace_ < too_large[0].workspace_)) {
        too_large.clear();
        too_large.push_back(std::move(plan));
      }
    }
  }
  return plans.empty() ? std::move(too_large) : std::move(plans);
}

std::optional<CudnnPlan> make_cudnn_plan(const CudnnTarget& target,
                                         const std::shared_ptr<const CudnnGraph>& graph,
                                         const CudnnRules& rules, const CudnnChoice& choice) {
  CudnnDescriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph->graph)
      .set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, choice.engine);
#if CUDNN_VERSION >= 91100
  if (target.properties) engine.set(CUDNN_ATTR_ENGINE_DEVICEPROP, *target.properties);
#endif
  if (engine.try_finalize() != CUDNN_STATUS_SUCCESS) return std::nullopt;
  std::vector<CudnnDescriptor> knobs;
  for (const auto& [kind, value] : choice.knobs) {
    CudnnDescriptor& knob = knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, static_cast<cudnnBackendKnobType_t>(kind))
        .set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value);
    if (knob.try_finalize() != CUDNN_STATUS_SUCCESS) return std::nullopt;
  }
  CudnnDescriptor configuration(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  configuration.set(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  if (!knobs.empty()) configuration.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, knobs);
  if (configuration.try_finalize() != CUDNN_STATUS_SUCCESS) return std::nullopt;
  CudnnPlan plan(graph, std::move(configuration));
  if (!rules.allow(plan.notes_) || !plan.finalize(target) || plan.workspace_ > rules.workspace)
    return std::nullopt;
  return plan;
}

}  // namespace poster::kernels
