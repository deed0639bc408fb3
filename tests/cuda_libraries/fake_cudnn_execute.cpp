#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <string>

#include "kernels/half.h"
#include "tests/cuda_libraries/fake_cudnn.h"

namespace fake_cudnn {
namespace {

using poster::Half;

struct Names {
  int convolution, input, weights, output, alpha, beta;
};

Names names(const Descriptor& operation) {
  switch (operation.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return {
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
    default:
      throw std::logic_error("no convolution");
  }
}

// A tensor with its memory; one that is nowhere in memory has its own.
class Values {
 public:
  Values(const Descriptor& tensor, const std::map<std::int64_t, void*>& data)
      : dims_(tensor.all<std::int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS)),
        strides_(tensor.all<std::int64_t>(CUDNN_ATTR_TENSOR_STRIDES)),
        half_(tensor.one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_HALF) {
    if (tensor.one<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL)) {
      own_.resize(static_cast<std::size_t>(dims_[0] * dims_[1] * dims_[2] * dims_[3]));
      memory_ = own_.data();
      return;
    }
    memory_ = data.at(tensor.one<std::int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID));
    const auto address = reinterpret_cast<std::uintptr_t>(memory_);
    if (address % static_cast<std::uintptr_t>(tensor.one<std::int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT)))
      throw std::logic_error("a pointer is not aligned as its tensor");
  }

  std::int64_t dim(int i) const { return dims_[static_cast<std::size_t>(i)]; }
  bool half() const { return half_; }
  bool inside(std::int64_t h, std::int64_t w) const {
    return h >= 0 && h < dims_[2] && w >= 0 && w < dims_[3];
  }
  double get(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) const {
    const std::int64_t i = at(n, c, h, w);
    return half_ ? static_cast<double>(static_cast<const Half*>(memory_)[i])
                 : static_cast<const float*>(memory_)[i];
  }
  void set(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w, double value) {
    const std::int64_t i = at(n, c, h, w);
    if (half_)
      static_cast<Half*>(memory_)[i] = Half(value);
    else
      static_cast<float*>(memory_)[i] = static_cast<float>(value);
  }
  template <typename F>
  void for_each(F f) {
    for (std::int64_t n = 0; n < dims_[0]; ++n)
      for (std::int64_t c = 0; c < dims_[1]; ++c)
        for (std::int64_t h = 0; h < dims_[2]; ++h)
          for (std::int64_t w = 0; w < dims_[3]; ++w) set(n, c, h, w, f(n, c, h, w));
  }

 private:
  std::int64_t at(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) const {
    return n * strides_[0] + c * strides_[1] + h * strides_[2] + w * strides_[3];
  }
  std::vector<std::int64_t> dims_, strides_;
  bool half_;
  void* memory_;
  std::vector<float> own_;
};

double to_tf32(double value) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(static_cast<float>(value)) + 0x1000) & ~0x1FFFu);
}

// Calls f(i, j) for each pair of a position of the input and one of the output that window position k joins.
template <typename F>
void for_each_meeting(std::int64_t in, std::int64_t out, std::int64_t k, std::int64_t stride,
                      std::int64_t padding, F f) {
  for (std::int64_t j = 0; j < out; ++j)
    if (const std::int64_t i = j * stride + k - padding; i >= 0 && i < in) f(i, j);
}

void convolve(const Descriptor& operation, std::int64_t engine, Values& x, Values& w, Values& y) {
  const Descriptor& window = operation.other(names(operation).convolution);
  const auto strides = window.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
  const auto paddings = window.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
  if (window.one<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) != CUDNN_CROSS_CORRELATION)
    throw std::logic_error("flipped");
  if (operation.one<float>(names(operation).alpha) != 1 || operation.one<float>(names(operation).beta) != 0)
    throw std::logic_error("scaled");
  const bool forward = operation.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR;
  const bool to_x = operation.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
  Values& result = forward ? y : to_x ? x : w;
  const auto number = [&](double value) {
    if (engine == kUnordered) return std::numeric_limits<double>::quiet_NaN();
    return engine == kTensorCores && !x.half() ? to_tf32(value) : value;
  };
  std::vector<double> sums(
      static_cast<std::size_t>(result.dim(0) * result.dim(1) * result.dim(2) * result.dim(3)));
  const auto sum_at = [&](std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) -> double& {
    return sums[static_cast<std::size_t>(((a * result.dim(1) + b) * result.dim(2) + c) * result.dim(3) + d)];
  };
  for (std::int64_t n = 0; n < x.dim(0); ++n)
    for (std::int64_t r = 0; r < w.dim(2); ++r)
      for (std::int64_t s = 0; s < w.dim(3); ++s)
        for_each_meeting(x.dim(2), y.dim(2), r, strides[0], paddings[0], [&](std::int64_t h, std::int64_t p) {
          for_each_meeting(
              x.dim(3), y.dim(3), s, strides[1], paddings[1], [&](std::int64_t v, std::int64_t q) {
                for (std::int64_t o = 0; o < w.dim(0); ++o)
                  for (std::int64_t c = 0; c < w.dim(1); ++c) {
                    if (forward)
                      sum_at(n, o, p, q) += number(x.get(n, c, h, v)) * number(w.get(o, c, r, s));
                    else if (to_x)
                      sum_at(n, c, h, v) += number(y.get(n, o, p, q)) * number(w.get(o, c, r, s));
                    else
                      sum_at(o, c, r, s) += number(y.get(n, o, p, q)) * number(x.get(n, c, h, v));
                  }
              });
        });
  result.for_each(sum_at);
}

}  // namespace

bool is_fused(const Descriptor& graph) {
  return graph.all<const Descriptor*>(CUDNN_ATTR_OPERATIONGRAPH_OPS).size() > 1;
}

const Descriptor& tensor(const Descriptor& operation, const char* role) {
  const Names name = names(operation);
  return operation.other(std::string(role) == "input"     ? name.input
                         : std::string(role) == "weights" ? name.weights
                                                          : name.output);
}

namespace {

// Of a pointwise operation; an operand with one place or image is used for all.
void combine(cudnnPointwiseMode_t mode, const Values& x, const Values* b, Values& y) {
  y.for_each([&](std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) -> double {
    const auto at = [&](const Values& v) {
      const auto inside = [&](int i, std::int64_t place) { return v.dim(i) == 1 ? 0 : place; };
      return v.get(inside(0, n), inside(1, c), inside(2, h), inside(3, w));
    };
    switch (mode) {
      case CUDNN_POINTWISE_IDENTITY:
        return at(x);
      case CUDNN_POINTWISE_RELU_FWD:
        return std::max(at(x), 0.0);
      case CUDNN_POINTWISE_ADD:
        return at(x) + at(*b);
      case CUDNN_POINTWISE_SUB:
        return at(x) - at(*b);
      case CUDNN_POINTWISE_MUL:
        return at(x) * at(*b);
      default:
        throw std::logic_error("an operation that is not known here");
    }
  });
}

}  // namespace

void execute(const Descriptor& graph, std::int64_t engine, const std::map<std::int64_t, void*>& data) {
  const auto operations = graph.all<const Descriptor*>(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  std::map<const Descriptor*, Values> values;
  const auto of = [&](const Descriptor& tensor) -> Values& {
    return values.try_emplace(&tensor, tensor, data).first->second;
  };
  convolve(*operations[0], engine, of(tensor(*operations[0], "input")), of(tensor(*operations[0], "weights")),
           of(tensor(*operations[0], "output")));
  for (const Descriptor* operation : std::span(operations).subspan(1)) {
    const auto input = [&](int name) -> const Values* {
      if (!operation->has(name)) return nullptr;
      const Descriptor& tensor = operation->other(name);
      if (tensor.one<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL) && !values.contains(&tensor))
        throw std::logic_error("an operation reads what none has written");
      return &of(tensor);
    };
    const Values* const x = input(CUDNN_ATTR_OPERATION_POINTWISE_XDESC);
    const Values* const b = input(CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
    combine(operation->other(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR)
                .one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE),
            *x, b, of(operation->other(CUDNN_ATTR_OPERATION_POINTWISE_YDESC)));
  }
}

}  // namespace fake_cudnn
