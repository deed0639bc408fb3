#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

namespace poster::bench {
namespace {

using namespace kernels;

template <typename T>
void add_dense(CaseList<T>& cases, const ConvSizes& c) {
  const Conv2dShape s{.batch = cases.batch(),
                      .height = c.side,
                      .width = c.side,
                      .c_in = c.in,
                      .c_out = c.out,
                      .kernel = c.kernel,
                      .stride = c.stride,
                      .padding = c.kernel / 2};
  const std::string shape = by({c.side, c.side, c.in}) + "-" + std::to_string(c.out) + "_k" +
                            std::to_string(c.kernel) + "_s" + std::to_string(c.stride);
  const auto with = [&](const char* bias) {
    return c.bias ? std::set<std::string>{bias} : std::set<std::string>();
  };
  cases.add(shape, Conv2dForward<T>{.shape = s}, {.with = with("bias")});
  if (c.kernel == 3 && c.in == c.out && c.stride == 1)  // with the PReLU of a unit that only answers
    cases.add(shape, Conv2dForwardEval<T>{.shape = s}, {.with = {"slope"}});
  if (!c.trained) return;
  cases.add(shape, Conv2dBackwardWeights<T>{.shape = s}, {.with = with("dbias")});
  if (c.input_gradient) cases.add(shape, Conv2dBackwardData<T>{.shape = s});
}

template <typename T>
void add_depthwise(CaseList<T>& cases, const DepthwiseSizes& d) {
  const DepthwiseConv2dShape s{.batch = cases.batch(),
                               .height = d.side,
                               .width = d.side,
                               .channels = d.channels,
                               .kernel = 3,
                               .stride = d.stride,
                               .padding = 1};
  const std::string shape = by({d.side, d.side, d.channels}) + "_s" + std::to_string(d.stride);
  cases.add(shape, DepthwiseConv2dForward<T>{.shape = s});
  cases.add(shape, DepthwiseConv2dPRelu<T>{.shape = s}, {.with = {"x_slope"}});
  cases.add(shape, DepthwiseConv2dBackward<T>{.shape = s}, {.with = {"dx", "dw"}});
}

}  // namespace

template <typename T>
void add_convolution_cases(CaseList<T>& cases) {
  for (const ConvSizes& sizes : network_sizes().convolutions) add_dense(cases, sizes);
  for (const DepthwiseSizes& sizes : network_sizes().depthwise) add_depthwise(cases, sizes);
}

template void add_convolution_cases(CaseList<float>&);
template void add_convolution_cases(CaseList<Half>&);

}  // namespace poster::bench
