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
  const index_t x = s.batch * s.height * s.width * s.c_in,
                y = s.batch * s.out_height() * s.out_width() * s.c_out,
                w = s.c_out * s.kernel * s.kernel * s.c_in;
  const std::string shape = by({c.side, c.side, c.in}) + "-" + std::to_string(c.out) + "_k" +
                            std::to_string(c.kernel) + "_s" + std::to_string(c.stride);
  const double flops = 2.0 * static_cast<double>(y) * static_cast<double>(s.kernel * s.kernel * s.c_in);
  cases.add(
      POSTER_OP(conv2d_forward), shape,
      [=](Operands& m) {
        return Conv2dForward<T>{.y = m.output<T>(y),
                                .x = m.random<T>(x),
                                .w = m.random<T>(w),
                                .bias = c.bias ? m.random<T>(s.c_out) : nullptr,
                                .shape = s};
      },
      flops);
  if (!c.trained) return;
  cases.add(
      POSTER_OP(conv2d_backward_weights), shape,
      [=](Operands& m) {
        return Conv2dBackwardWeights<T>{.dw = m.output<acc_t<T>>(w),
                                        .dbias = c.bias ? m.output<acc_t<T>>(s.c_out) : nullptr,
                                        .dy = m.random<T>(y),
                                        .x = m.random<T>(x),
                                        .shape = s};
      },
      flops);
  if (!c.input_gradient) return;
  cases.add(
      POSTER_OP(conv2d_backward_data), shape,
      [=](Operands& m) {
        return Conv2dBackwardData<T>{
            .dx = m.output<T>(x), .dy = m.random<T>(y), .w = m.random<T>(w), .shape = s};
      },
      flops);
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
  const index_t x = s.batch * s.height * s.width * s.channels,
                y = s.batch * s.out_height() * s.out_width() * s.channels, w = 9 * s.channels;
  const std::string shape = by({d.side, d.side, d.channels}) + "_s" + std::to_string(d.stride);
  cases.add(POSTER_OP(depthwise_conv2d_forward), shape, [=](Operands& m) {
    return DepthwiseConv2dForward<T>{
        .y = m.output<T>(y), .x = m.random<T>(x), .w = m.random<acc_t<T>>(w), .shape = s};
  });
  cases.add(POSTER_OP(depthwise_conv2d_backward), shape, [=](Operands& m) {
    return DepthwiseConv2dBackward<T>{.dx = m.output<T>(x),
                                      .dw = m.output<acc_t<T>>(w),
                                      .dy = m.random<T>(y),
                                      .x = m.random<T>(x),
                                      .w = m.random<acc_t<T>>(w),
                                      .shape = s};
  });
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
