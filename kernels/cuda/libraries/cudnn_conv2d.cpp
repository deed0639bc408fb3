#include "kernels/cuda/libraries/cudnn_conv2d.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace poster::kernels {
namespace {

// Of a problem's tensors; the dimensions of maps are N C H W and those of weights O I H W to cuDNN, whatever
// lies where in memory.
struct TensorMaker {
  std::int64_t alignment;

  CudnnDescriptor operator()(std::int64_t id, cudnnDataType_t type, index_t n, index_t c, index_t h,
                             index_t w, bool stored = true) const {
    CudnnDescriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
        .set(CUDNN_ATTR_TENSOR_DATA_TYPE, type)
        .set(CUDNN_ATTR_TENSOR_DIMENSIONS, {n, c, h, w})
        .set(CUDNN_ATTR_TENSOR_STRIDES, {h * w * c, index_t{1}, w * c, c})
        .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
        .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, !stored)
        .finalize();
    return tensor;
  }
};

CudnnDescriptor convolution(const Conv2dShape& s) {
  CudnnDescriptor descriptor(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  descriptor.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2})
      .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {s.padding, s.padding})
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {s.padding, s.padding})
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {s.stride, s.stride})
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, {index_t{1}, index_t{1}})
      .finalize();
  return descriptor;
}

// The attributes of a pass's operation.
struct PassNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, input, weights, output, alpha, beta;
};

PassNames names(Conv2dPass pass) {
  switch (pass) {
    case Conv2dPass::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case Conv2dPass::backward_data:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    default:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  }
}

// output = input + bias. Moves its descriptors into the graph.
void add_bias(CudnnGraph& graph, const CudnnDescriptor& input, CudnnDescriptor bias, CudnnDescriptor output) {
  CudnnDescriptor addition(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  addition.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_POINTWISE_ADD)
      .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT)
      .finalize();
  CudnnDescriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, addition)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, input)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, bias)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, output)
      .finalize();
  graph.operations.push_back(std::move(operation));
  for (CudnnDescriptor* part : {&addition, &bias, &output}) graph.parts.push_back(std::move(*part));
}

// Null when cuDNN has no such graph.
std::shared_ptr<const CudnnGraph> make_graph(const CudnnTarget& target, const Conv2dProblem& p,
                                             bool with_bias) {
  const Conv2dShape& s = p.shape;
  const cudnnDataType_t type = p.half ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
  const TensorMaker tensor{p.alignment};
  constexpr std::int64_t kSums = kBias + 1;  // the convolution before the bias is added, nowhere in memory
  CudnnDescriptor input = tensor(kInput, type, s.batch, s.c_in, s.height, s.width);
  CudnnDescriptor weights = tensor(kWeights, type, s.c_out, s.c_in, s.kernel, s.kernel);
  CudnnDescriptor output = tensor(kOutput, type, s.batch, s.c_out, s.out_height(), s.out_width());
  CudnnDescriptor sums =
      tensor(kSums, CUDNN_DATA_FLOAT, s.batch, s.c_out, s.out_height(), s.out_width(), false);
  CudnnDescriptor window = convolution(s);

  auto graph = std::make_shared<CudnnGraph>();
  const PassNames name = names(p.pass);
  CudnnDescriptor operation(name.type);
  operation.set(name.convolution, window)
      .set(name.input, input)
      .set(name.weights, weights)
      .set(name.output, with_bias ? sums : output)
      .set(name.alpha, 1.0f)
      .set(name.beta, 0.0f)
      .finalize();
  graph->operations.push_back(std::move(operation));
  if (with_bias)
    add_bias(*graph, sums, tensor(kBias, type, 1, s.c_out, 1, 1), std::move(output));
  else
    graph->parts.push_back(std::move(output));
  for (CudnnDescriptor* part : {&input, &weights, &sums, &window}) graph->parts.push_back(std::move(*part));
  return graph->finalize(target) ? graph : nullptr;
}

// Some engines of floats want both maps rearranged, in the workspace.
std::int64_t allowed_workspace(const Conv2dProblem& p) {
  const Conv2dShape& s = p.shape;
  constexpr std::int64_t kAlways = std::int64_t{256} << 20;
  const std::int64_t elements =
      s.batch * (s.height * s.width * s.c_in + s.out_height() * s.out_width() * s.c_out);
  return kAlways + elements * static_cast<std::int64_t>(p.half ? sizeof(Half) : sizeof(float));
}

}  // namespace

bool Conv2dProblem::operator<(const Conv2dProblem& other) const {
  const auto values = [](const Conv2dProblem& p) {
    const Conv2dShape& s = p.shape;
    return std::tuple(p.pass, s.batch, s.height, s.width, s.c_in, s.c_out, s.kernel, s.stride, s.padding,
                      p.half, p.bias, p.tf32, p.accuracy, p.alignment);
  };
  return values(*this) < values(other);
}

std::int64_t Conv2dPlans::workspace() const {
  std::int64_t bytes = 0;
  for (const CudnnPlan& plan : plans) bytes = std::max(bytes, plan.workspace());
  return bytes;
}

Conv2dPlans make_conv2d_plans(const CudnnTarget& target, const Conv2dProblem& p, int count) {
  constexpr std::array modes{CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};
  const CudnnRules rules{.tensor_cores = p.half || p.tf32,
                         .winograd_tile = p.accuracy == Conv2dAccuracy::exact  ? 0
                                          : p.accuracy == Conv2dAccuracy::high ? 2
                                                                               : 4,
                         .workspace = allowed_workspace(p)};
  // With the bias added by the same kernel only where the heuristics recommend one: the others are slow, and
  // adding it afterwards is one pass over the map.
  if (p.bias)
    if (const auto graph = make_graph(target, p, true)) {
      auto plans = find_cudnn_plans(target, graph, std::span(modes).first(1), rules, count);
      if (!plans.empty()) return {std::move(plans), true};
    }
  std::vector<CudnnPlan> plans;
  if (const auto graph = make_graph(target, p, false))
    plans = find_cudnn_plans(target, graph, modes, rules, count);
  if (plans.empty()) throw CudaError("cuDNN: no engine keeps to the rules");
  return {std::move(plans), false};
}

}  // namespace poster::kernels
