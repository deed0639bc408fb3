#include "model/mobile_face_net.h"

#include "engine/error.h"
#include "engine/layers/sum.h"
#include "model/dead_tensors.h"

namespace poster {
namespace {

template <typename T>
std::unique_ptr<Conv2d<T>> make_dense(ParameterTable& table, const std::string& name,
                                      const Conv2dOptions& options) {
  return std::make_unique<Conv2d<T>>(table, name, options);
}

void add_dead_output_layer(ParameterTable& table, const std::string& name, index_t width) {
  constexpr index_t kLandmarks = 136;  // 68 points
  add_dead(table, name + ".conv_6_dw.conv.weight", {width, 1, 7, 7},
           Initialiser::kaiming_normal(static_cast<double>(width) * 49));
  add_dead_batch_norm(table, name + ".conv_6_dw.bn", width);
  add_dead(table, name + ".linear.weight", {kLandmarks, width}, Initialiser::kaiming_normal(kLandmarks));
  add_dead_batch_norm(table, name + ".bn", kLandmarks);
}

}  // namespace

template <typename T>
FaceConvBlock<T>::FaceConvBlock(ParameterTable& table, const std::string& name, const Options& o)
    : conv_(o.depthwise ? nullptr
                        : make_dense<T>(table, name + ".conv",
                                        {.in = o.in,
                                         .out = o.out,
                                         .kernel = o.kernel,
                                         .stride = o.stride,
                                         .padding = o.padding,
                                         .role = o.role,
                                         .kaiming_fan_out = true})),
      depthwise_(o.depthwise ? std::make_unique<DepthwiseConv2d<T>>(table, name + ".conv",
                                                                    Conv2dOptions{.in = o.in,
                                                                                  .out = o.out,
                                                                                  .kernel = o.kernel,
                                                                                  .stride = o.stride,
                                                                                  .padding = o.padding,
                                                                                  .role = o.role,
                                                                                  .kaiming_fan_out = true})
                             : nullptr),
      norm_(table, name + ".bn", o.out, o.role, o.linear ? "" : name + ".prelu") {}

template <typename T>
Tensor<T> FaceConvBlock<T>::forward(Context<T>& c, Tensor<T> x, const Tensor<T>& residual) {
  if (conv_) return conv_batch_norm(c, *conv_, norm_, std::move(x), residual);
  if (residual) throw Error("a residual is added behind dense convolutions alone");
  return forward_depthwise(c, std::move(x), nullptr);
}

template <typename T>
Tensor<T> FaceConvBlock<T>::forward_depthwise(Context<T>& c, Tensor<T> x, const acc_t<T>* x_slope) {
  if (c.planning() && c.hooks.foldable) c.hooks.foldable(norm_.folded_into(depthwise_->weight()));
  if (c.pass.folded && !c.pass.training)
    return depthwise_->forward_with_prelu(c, x, x_slope, norm_.bias(c), norm_.slope(c));
  return norm_.forward(c, depthwise_->forward(c, std::move(x)));
}

template <typename T>
Tensor<T> FaceConvBlock<T>::forward_with(FaceConvBlock& next, Context<T>& c, Tensor<T> x) {
  if (!c.pass.folded || c.pass.training) return next.forward(c, forward(c, std::move(x)));
  Tensor<T> y = conv_->forward_eval(c, x, {.bias = norm_.folded_bias(c)});
  return next.forward_depthwise(c, std::move(y), norm_.slope(c));
}

template <typename T>
Tensor<T> FaceConvBlock<T>::backward(Context<T>& c, const Tensor<T>& dy, Gradient gradient) {
  const Tensor<T> d = norm_.backward(c, dy);
  return conv_ ? conv_->backward(c, d, gradient) : depthwise_->backward(c, d, gradient);
}

template <typename T>
FaceDepthWise<T>::FaceDepthWise(ParameterTable& table, const std::string& name, const Options& o)
    : residual_(o.residual),
      conv_(table, name + ".conv", {.in = o.in, .out = o.groups, .role = o.role}),
      conv_dw_(table, name + ".conv_dw",
               {.in = o.groups,
                .out = o.groups,
                .kernel = 3,
                .stride = o.stride,
                .padding = 1,
                .depthwise = true,
                .role = o.role}),
      project_(table, name + ".project", {.in = o.groups, .out = o.out, .linear = true, .role = o.role}) {}

template <typename T>
Tensor<T> FaceDepthWise<T>::forward(Context<T>& c, Tensor<T> x) {
  Tensor<T> residual = residual_ ? x : Tensor<T>();
  Tensor<T> y = conv_.forward_with(conv_dw_, c, std::move(x));
  return project_.forward(c, std::move(y), residual);
}

template <typename T>
Tensor<T> FaceDepthWise<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  Tensor<T> dx = conv_.backward(c, conv_dw_.backward(c, project_.backward(c, dy)));
  if (residual_) add_in_place(c, dx, dy);
  return dx;
}

template <typename T>
MobileFaceNet<T>::MobileFaceNet(ParameterTable& table, const std::string& name,
                                const MobileFaceNetConfig& config, Role role)
    : conv1_(table, name + ".conv1",
             {.in = 3, .out = config.widths[0], .kernel = 3, .stride = 2, .padding = 1, .role = role}),
      conv2_dw_(table, name + ".conv2_dw",
                {.in = config.widths[0],
                 .out = config.widths[0],
                 .kernel = 3,
                 .padding = 1,
                 .depthwise = true,
                 .role = role}) {
  const index_t c1 = config.widths[0], c2 = config.widths[1], c3 = config.widths[2];
  const auto down = [&](int level, const std::string& block, index_t in, index_t out, index_t groups) {
    levels_[level].push_back(std::make_unique<FaceDepthWise<T>>(
        table, name + "." + block,
        typename FaceDepthWise<T>::Options{
            .in = in, .out = out, .groups = groups, .stride = 2, .residual = false, .role = role}));
  };
  const auto residuals = [&](int level, const std::string& block, index_t width) {
    for (int i = 0; i < config.residuals[level]; ++i)
      levels_[level].push_back(std::make_unique<FaceDepthWise<T>>(
          table, name + "." + block + ".model." + std::to_string(i),
          typename FaceDepthWise<T>::Options{
              .in = width, .out = width, .groups = 2 * width, .stride = 1, .residual = true, .role = role}));
  };
  down(0, "conv_23", c1, c1, 2 * c1);
  residuals(0, "conv_3", c1);
  down(1, "conv_34", c1, c2, 4 * c1);
  residuals(1, "conv_4", c2);
  down(2, "conv_45", c2, c2, 4 * c2);
  residuals(2, "conv_5", c2);
  conv_6_sep_ = std::make_unique<FaceConvBlock<T>>(
      table, name + ".conv_6_sep", typename FaceConvBlock<T>::Options{.in = c2, .out = c3, .role = role});
  if (config.dead_output_layer) add_dead_output_layer(table, name + ".output_layer", c3);
}

template <typename T>
std::array<Tensor<T>, 3> MobileFaceNet<T>::forward(Context<T>& c, const Tensor<T>& x,
                                                   const MapReady<T>& ready) {
  std::array<Tensor<T>, 3> out;
  Tensor<T> y = conv1_.forward_with(conv2_dw_, c, x);
  for (int level = 0; level < 3; ++level) {
    for (auto& block : levels_[level]) y = block->forward(c, std::move(y));
    if (level == 2) y = conv_6_sep_->forward(c, std::move(y));
    out[level] = y;
    c.show("face_landback." + std::to_string(level + 1), y);
    if (ready) ready(level, y);
  }
  return out;
}

template <typename T>
void MobileFaceNet<T>::backward(Context<T>& c, std::array<Tensor<T>, 3> dy) {
  Tensor<T> d = conv_6_sep_->backward(c, std::exchange(dy[2], {}));
  for (int level = 2; level >= 0; --level) {
    for (auto block = levels_[level].rbegin(); block != levels_[level].rend(); ++block)
      d = (*block)->backward(c, d);
    if (level > 0 && dy[level - 1]) {
      add_in_place(c, d, dy[level - 1]);
      dy[level - 1] = {};
    }
  }
  conv1_.backward(c, conv2_dw_.backward(c, d), Gradient::ignore);
}

template class FaceConvBlock<float>;
template class FaceConvBlock<double>;
template class FaceConvBlock<Half>;
template class FaceDepthWise<float>;
template class FaceDepthWise<double>;
template class FaceDepthWise<Half>;
template class MobileFaceNet<float>;
template class MobileFaceNet<double>;
template class MobileFaceNet<Half>;

}  // namespace poster
