#include "kernels/cuda/libraries/cudnn_conv2d.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

namespace poster::kernels {
namespace {

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

// A graph while it is built. The dimensions of maps are N C H W and those of weights O I H W to cuDNN, whatever
// lies where in memory.
class GraphMaker {
 public:
  explicit GraphMaker(const Conv2dProblem& p)
      : p_(p), type_(p.half ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT), graph_(std::make_shared<CudnnGraph>()) {}

  std::shared_ptr<const CudnnGraph> make(const CudnnTarget& target, Conv2dFusion fusion) {
    const Conv2dShape& s = p_.shape;
    const bool adds_bias = p_.bias && (fusion == Conv2dFusion::bias || fusion == Conv2dFusion::all);
    const bool rest = (p_.prelu || p_.residual) && fusion == Conv2dFusion::all;
    const bool from_float = fusion == Conv2dFusion::float_weights;
    const auto output = [&] { return stored(kOutput, type_, output_map()); };
    const CudnnDescriptor& input = keep(stored(kInput, type_, {s.batch, s.c_in, s.height, s.width}));
    const CudnnDescriptor& weights =
        keep(from_float ? passing(weights_shape()) : stored(kWeights, type_, weights_shape()));
    const CudnnDescriptor* last = &keep(adds_bias || rest ? passing(output_map()) : output());
    convolve(input, weights, *last);
    if (from_float)
      pointwise(CUDNN_POINTWISE_IDENTITY, weights, nullptr,
                keep(stored(kFloatWeights, CUDNN_DATA_FLOAT, weights_shape())));
    if (adds_bias)
      last = &pointwise(CUDNN_POINTWISE_ADD, *last, &keep(stored(kBias, type_, {1, s.c_out, 1, 1})),
                        keep(rest ? passing(output_map()) : output()));
    if (rest && p_.prelu) last = &prelu(*last, keep(p_.residual ? passing(output_map()) : output()));
    if (rest && p_.residual)
      pointwise(CUDNN_POINTWISE_ADD, *last, &keep(stored(kResidual, type_, output_map())), keep(output()));
    return graph_->finalize(target) ? graph_ : nullptr;
  }

 private:
  using Dims = std::array<index_t, 4>;

  Dims output_map() const {
    return {p_.shape.batch, p_.shape.c_out, p_.shape.out_height(), p_.shape.out_width()};
  }
  Dims weights_shape() const { return {p_.shape.c_out, p_.shape.c_in, p_.shape.kernel, p_.shape.kernel}; }

  CudnnDescriptor& keep(CudnnDescriptor part) {
    graph_->parts.push_back(std::move(part));
    return graph_->parts.back();
  }

  static CudnnDescriptor tensor(std::int64_t id, cudnnDataType_t type, const Dims& dims,
                                std::int64_t alignment, bool is_stored) {
    const auto [n, c, h, w] = dims;
    CudnnDescriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
        .set(CUDNN_ATTR_TENSOR_DATA_TYPE, type)
        .set(CUDNN_ATTR_TENSOR_DIMENSIONS, {n, c, h, w})
        .set(CUDNN_ATTR_TENSOR_STRIDES, {h * w * c, index_t{1}, w * c, c})
        .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
        .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, !is_stored)
        .finalize();
    return tensor;
  }
  CudnnDescriptor stored(std::int64_t id, cudnnDataType_t type, const Dims& dims) {
    graph_->stored.push_back(id);
    return tensor(id, type, dims, p_.alignment, true);
  }
  // In float, between two operations, nowhere in memory. cuDNN refuses an alignment of fewer bytes than an
  // element has, here too.
  CudnnDescriptor passing(const Dims& dims) { return tensor(next_id_++, CUDNN_DATA_FLOAT, dims, 16, false); }

  void convolve(const CudnnDescriptor& input, const CudnnDescriptor& weights, const CudnnDescriptor& output) {
    const PassNames name = names(p_.pass);
    CudnnDescriptor operation(name.type);
    operation.set(name.convolution, keep(convolution(p_.shape)))
        .set(name.input, input)
        .set(name.weights, weights)
        .set(name.output, output)
        .set(name.alpha, 1.0f)
        .set(name.beta, 0.0f)
        .finalize();
    graph_->operations.push_back(std::move(operation));
  }

  // output = mode(a, b), or mode(a). Returns output.
  const CudnnDescriptor& pointwise(cudnnPointwiseMode_t mode, const CudnnDescriptor& a,
                                   const CudnnDescriptor* b, const CudnnDescriptor& output) {
    CudnnDescriptor& kind = keep(CudnnDescriptor(CUDNN_BACKEND_POINTWISE_DESCRIPTOR));
    kind.set(CUDNN_ATTR_POINTWISE_MODE, mode)
        .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT)
        .finalize();
    CudnnDescriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kind)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, a);
    if (b) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, output).finalize();
    graph_->operations.push_back(std::move(operation));
    return output;
  }

  // relu(z) + slope (z - relu(z)): exact for slopes of any size, and there is no PReLU with one a channel.
  const CudnnDescriptor& prelu(const CudnnDescriptor& z, const CudnnDescriptor& output) {
    const Dims map = output_map();
    const CudnnDescriptor& positive = pointwise(CUDNN_POINTWISE_RELU_FWD, z, nullptr, keep(passing(map)));
    const CudnnDescriptor& negative = pointwise(CUDNN_POINTWISE_SUB, z, &positive, keep(passing(map)));
    const CudnnDescriptor& slope = keep(stored(kSlope, CUDNN_DATA_FLOAT, {1, p_.shape.c_out, 1, 1}));
    const CudnnDescriptor& scaled = pointwise(CUDNN_POINTWISE_MUL, negative, &slope, keep(passing(map)));
    return pointwise(CUDNN_POINTWISE_ADD, positive, &scaled, output);
  }

  const Conv2dProblem& p_;
  const cudnnDataType_t type_;
  std::shared_ptr<CudnnGraph> graph_;
  std::int64_t next_id_ = kFloatWeights + 1;
};

// Those that may be measured, in the order in which they are taken unmeasured: the engines that fuse more than a
// bias are compiled when they are asked for, a second or so for each size, and are not those that are known to
// be fast.
std::vector<Conv2dFusion> fusions(const Conv2dProblem& p) {
  std::vector<Conv2dFusion> all;
  if (p.bias) all.push_back(Conv2dFusion::bias);
  all.push_back(Conv2dFusion::none);
  if (p.prelu || p.residual) all.push_back(Conv2dFusion::all);
  if (p.pass == Conv2dPass::backward_weights && p.half) all.push_back(Conv2dFusion::float_weights);
  return all;
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
                      p.half, p.bias, p.prelu, p.residual, p.tf32, p.accuracy, p.alignment);
  };
  return values(*this) < values(other);
}

std::shared_ptr<const CudnnGraph> make_conv2d_graph(const CudnnTarget& target, const Conv2dProblem& problem,
                                                    Conv2dFusion fusion) {
  if (std::ranges::count(fusions(problem), fusion) == 0) return nullptr;
  return GraphMaker(problem).make(target, fusion);
}

CudnnRules conv2d_rules(const Conv2dProblem& p) {
  return {.tensor_cores = p.half || p.tf32,
          .winograd_tile = p.accuracy == Conv2dAccuracy::exact  ? 0
                           : p.accuracy == Conv2dAccuracy::high ? 2
                                                                : 4,
          // Of fewer channels most of a tensor core's work would be padding: cuDNN's order stands.
          .prefer_tensor_cores = p.shape.c_in >= 8 && p.shape.c_out >= 8,
          .workspace = allowed_workspace(p)};
}

namespace {

std::vector<Conv2dPlan> plans_of(const CudnnTarget& target, const Conv2dProblem& problem, Conv2dFusion fusion,
                                 int count) {
  constexpr std::array modes{CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};
  std::vector<Conv2dPlan> plans;
  const auto graph = make_conv2d_graph(target, problem, fusion);
  if (!graph) return plans;
  // Fused only where the heuristics recommend an engine: the others are slow, and what is left to do is one
  // pass over the map.
  const auto used = std::span(modes).first(fusion == Conv2dFusion::none ? 2 : 1);
  for (CudnnPlan& plan : find_cudnn_plans(target, graph, used, conv2d_rules(problem), count))
    plans.push_back({std::move(plan), fusion});
  return plans;
}

}  // namespace

Conv2dPlan make_conv2d_plan(const CudnnTarget& target, const Conv2dProblem& problem) {
  for (const Conv2dFusion fusion : fusions(problem))
    if (auto plans = plans_of(target, problem, fusion, 1); !plans.empty()) return std::move(plans.front());
  throw CudaError("cuDNN: no engine keeps to the rules");
}

std::vector<Conv2dPlan> make_conv2d_plans(const CudnnTarget& target, const Conv2dProblem& problem,
                                          int count) {
  std::vector<Conv2dPlan> all;
  for (const Conv2dFusion fusion : fusions(problem))
    std::ranges::move(plans_of(target, problem, fusion, count), std::back_inserter(all));
  if (all.empty()) throw CudaError("cuDNN: no engine keeps to the rules");
  return all;
}

}  // namespace poster::kernels
