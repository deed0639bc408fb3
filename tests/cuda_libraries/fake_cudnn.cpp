// The functions of cuDNN's backend interface that kernels/cuda/libraries calls, as its documentation has
// them.
#include "tests/cuda_libraries/fake_cudnn.h"

#include <algorithm>

#include "tests/cuda_libraries/fake_calls.h"
#include "tests/cuda_simulator/stream.h"

using fake_cudnn::Descriptor;

namespace {

int runs = 0;

std::size_t bytes_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
      return sizeof(bool);
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      return 8;
    default:
      return 4;  // numbers in float and enumerations
  }
}

Descriptor& descriptor(cudnnBackendDescriptor_t raw) { return *static_cast<Descriptor*>(raw); }

// The engines for a graph, the best first. Real ones know no bias for some maps either, and rarely use maps
// that lie anyhow.
std::vector<std::int64_t> engines(const Descriptor& graph, cudnnBackendHeurMode_t mode) {
  if (mode != CUDNN_HEUR_MODE_A) return {fake_cudnn::kUnordered, fake_cudnn::kPlain};
  const auto operations = graph.all<const Descriptor*>(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  const Descriptor& output = fake_cudnn::tensor(*operations[0], "output");
  if (output.one<std::int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT) < 16) return {};
  const std::int64_t channels = output.all<std::int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS)[1];
  if (fake_cudnn::is_fused(graph) && channels % 2 != 0) return {};
  // So does the real one with 1x1 and a stride.
  const Descriptor& weights = fake_cudnn::tensor(*operations[0], "weights");
  if (weights.all<std::int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS)[2] == 1)
    return {fake_cudnn::kUnordered, fake_cudnn::kPlain, fake_cudnn::kTensorCores};
  return {fake_cudnn::kUnordered, fake_cudnn::kTensorCores, fake_cudnn::kPlain};
}

template <typename V>
cudnnStatus_t give(const std::vector<V>& values, std::int64_t capacity, std::int64_t* count, void* to) {
  *count = static_cast<std::int64_t>(values.size());
  if (capacity == 0 || values.empty()) return CUDNN_STATUS_SUCCESS;
  *count = std::min(capacity, *count);
  std::memcpy(to, values.data(), static_cast<std::size_t>(*count) * sizeof(V));
  return CUDNN_STATUS_SUCCESS;
}

std::vector<cudnnBackendNumericalNote_t> notes(std::int64_t engine) {
  if (engine == fake_cudnn::kUnordered)
    return {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC};
  if (engine == fake_cudnn::kTensorCores) return {CUDNN_NUMERICAL_NOTE_TENSOR_CORE};
  return {};
}

}  // namespace

int fake_cudnn_runs() { return runs; }

struct cudnnContext {
  cudaStream_t stream = nullptr;
};

std::size_t cudnnGetVersion() { return 91234; }
const char* cudnnGetErrorString(cudnnStatus_t) { return "status"; }
void cudnnGetLastErrorString(char* message, std::size_t size) {
  std::strncpy(message, "refused by the fake", size);
}
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = new cudnnContext;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t* created) {
  *created = new Descriptor{.type = type, .attributes = {}};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t raw) {
  delete &descriptor(raw);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t raw) {
  Descriptor& d = descriptor(raw);
  // Who plans says for which device.
  if (d.type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR && !d.has(CUDNN_ATTR_OPERATIONGRAPH_HANDLE))
    return CUDNN_STATUS_BAD_PARAM;
  if (d.type == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)
    d.graph = &d.other(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
  if (d.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) {
    if (!d.has(CUDNN_ATTR_EXECUTION_PLAN_HANDLE)) return CUDNN_STATUS_BAD_PARAM;
    d.graph = d.other(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).graph;
    d.engine = d.other(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine;
  }
  // Those that are put together by hand.
  if (d.type == CUDNN_BACKEND_ENGINE_DESCRIPTOR) {
    d.graph = &d.other(CUDNN_ATTR_ENGINE_OPERATION_GRAPH);
    d.engine = d.one<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
    if (d.engine != fake_cudnn::kUnordered && d.engine != fake_cudnn::kTensorCores &&
        d.engine != fake_cudnn::kPlain)
      return CUDNN_STATUS_NOT_SUPPORTED;
  }
  if (d.type == CUDNN_BACKEND_ENGINECFG_DESCRIPTOR) {
    d.graph = d.other(CUDNN_ATTR_ENGINECFG_ENGINE).graph;
    d.engine = d.other(CUDNN_ATTR_ENGINECFG_ENGINE).engine;
    if (d.has(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES))
      for (const Descriptor* choice : d.all<const Descriptor*>(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES)) {
        const auto kind = choice->one<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE);
        const auto value = choice->one<std::int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE);
        if (d.engine != fake_cudnn::kTensorCores || kind != fake_cudnn::kKnob || value < 1 || value > 2)
          return CUDNN_STATUS_NOT_SUPPORTED;
        d.knobs[kind] = value;
      }
  }
  d.finalised = true;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t raw, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count,
                                       const void* values) {
  Descriptor& d = descriptor(raw);
  if (d.finalised || count < 1) return CUDNN_STATUS_BAD_PARAM;
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
    for (std::int64_t i = 0; i < count; ++i)
      if (!static_cast<Descriptor* const*>(values)[i]->finalised &&
          name != CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)
        return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
  const auto* const bytes = static_cast<const std::byte*>(values);
  d.attributes[name].assign(bytes, bytes + static_cast<std::size_t>(count) * bytes_of(type));
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t raw, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t, std::int64_t capacity,
                                       std::int64_t* count, void* values) {
  const Descriptor& d = descriptor(raw);
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS: {
      const auto found = engines(*d.graph, d.one<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE));
      *count = static_cast<std::int64_t>(found.size());
      for (std::int64_t i = 0; i < std::min(capacity, *count); ++i) {
        Descriptor& configuration = *static_cast<Descriptor**>(values)[i];
        configuration.graph = d.graph;
        configuration.engine = found[static_cast<std::size_t>(i)];
        if (configuration.engine == fake_cudnn::kTensorCores)
          configuration.knobs = {{fake_cudnn::kKnob, fake_cudnn::kKnobValue}};
      }
      return CUDNN_STATUS_SUCCESS;
    }
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      static_cast<Descriptor**>(values)[0]->engine = d.engine;
      *count = 1;
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_ENGINECFG_KNOB_CHOICES: {
      *count = 0;
      for (const auto& [kind, value] : d.knobs)
        if (*count < capacity) static_cast<Descriptor**>(values)[(*count)++]->knobs = {{kind, value}};
      return CUDNN_STATUS_SUCCESS;
    }
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE:
      return give(std::vector{static_cast<cudnnBackendKnobType_t>(d.knobs.begin()->first)}, capacity, count,
                  values);
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE:
      return give(std::vector{d.knobs.begin()->second}, capacity, count, values);
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
      return give(std::vector{d.engine}, capacity, count, values);
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      return give(notes(d.engine), capacity, count, values);
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      return give(std::vector{fake_cudnn::kWorkspace}, capacity, count, values);
    default:
      return CUDNN_STATUS_BAD_PARAM;
  }
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t raw_plan,
                                  cudnnBackendDescriptor_t raw_pack) {
  const Descriptor &plan = descriptor(raw_plan), &pack = descriptor(raw_pack);
  const auto ids = pack.all<std::int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto pointers = pack.all<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  void* const workspace = pack.one<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  if (!plan.finalised || !pack.finalised || ids.size() != pointers.size() || !workspace)
    return CUDNN_STATUS_BAD_PARAM;
  std::map<std::int64_t, void*> data;
  for (std::size_t i = 0; i < ids.size(); ++i) data[ids[i]] = pointers[i];
  cuda_simulator::submit(handle->stream, [=, &graph = *plan.graph, engine = plan.engine] {
    ++runs;
    fake_cudnn::execute(graph, engine, data);
    std::memset(workspace, 0xFF, fake_cudnn::kWorkspace);
  });
  return CUDNN_STATUS_SUCCESS;
}
