#include "model/ir50.h"

#include "engine/layers/sum.h"
#include "kernels/resample/resample.h"
#include "model/dead_tensors.h"

namespace poster {
namespace {

template <typename T>
Tensor<T> every_stride_th(Context<T>& c, const Tensor<T>& x, index_t stride) {
  if (stride == 1) return x;
  const Shape& s = x.shape();
  Tensor<T> y = c.tensor({s[0], (s[1] + stride - 1) / stride, (s[2] + stride - 1) / stride, s[3]});
  c.run(kernels::Subsample<T>{.y = y.data(),
                              .x = x.data(),
                              .batch = s[0],
                              .height = s[1],
                              .width = s[2],
                              .channels = s[3],
                              .stride = stride});
  return y;
}

void add_dead_ir50_output(ParameterTable& table, const std::string& name) {
  add_dead_batch_norm(table, name + ".0", 512);
  add_dead(table, name + ".3.weight", {512, 25088}, Initialiser::default_for_fan_in(25088));
  add_dead(table, name + ".3.bias", {512}, Initialiser::default_for_fan_in(25088));
  add_dead_batch_norm(table, name + ".4", 512);
}

}  // namespace

template <typename T>
Ir50Unit<T>::Ir50Unit(ParameterTable& table, const std::string& name, index_t in, index_t depth,
                      index_t stride, Role role)
    : stride_(stride),
      shortcut_(in == depth
                    ? std::nullopt
                    : std::optional<Shortcut>(Shortcut{
                          Conv2d<T>(table, name + ".shortcut_layer.0",
                                    {.in = in, .out = depth, .kernel = 1, .stride = stride, .role = role}),
                          BatchNorm<T>(table, name + ".shortcut_layer.1", depth, role)})),
      norm1_(table, name + ".res_layer.0", in, role),
      conv1_(table, name + ".res_layer.1", {.in = in, .out = depth, .kernel = 3, .padding = 1, .role = role}),
      prelu_(table, name + ".res_layer.2", depth, role),
      conv2_(table, name + ".res_layer.3",
             {.in = depth, .out = depth, .kernel = 3, .stride = stride, .padding = 1, .role = role}),
      norm2_(table, name + ".res_layer.4", depth, role) {}

template <typename T>
Tensor<T> Ir50Unit<T>::forward(Context<T>& c, Tensor<T> x, const Moments& of_x, Moments* of_y) {
  Tensor<T> shortcut =
      shortcut_ ? conv_batch_norm(c, shortcut_->conv, shortcut_->norm, x) : every_stride_th(c, x, stride_);
  Tensor<T> y = norm1_.forward(c, std::move(x), of_x);
  // In train mode backward reads what the PReLU reads: fused, the convolution would write both maps, which saves
  // one of the PReLU's two passes over memory (an estimated 0.25 of 26 ms in a step of 64 on an H200) if its
  // engine, compiled when asked for, is as fast as the best without. Nobody has measured that.
  y = c.pass.training ? prelu_.forward(c, conv1_.forward(c, std::move(y)))
                      : conv1_.forward_eval(c, y, {.slope = prelu_.slope(c)});
  return conv_batch_norm(c, conv2_, norm2_, std::move(y), shortcut, of_y);
}

template <typename T>
Tensor<T> Ir50Unit<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  Tensor<T> d = norm2_.backward(c, dy);
  d = conv2_.backward(c, d);
  d = prelu_.backward(c, std::move(d));
  d = conv1_.backward(c, d);
  if (shortcut_) return norm1_.backward(c, d, shortcut_->conv.backward(c, shortcut_->norm.backward(c, dy)));
  if (stride_ == 1) return norm1_.backward(c, d, dy);
  Tensor<T> dx = norm1_.backward(c, d);
  const Shape& s = dx.shape();
  c.run(kernels::SubsampleBackward<T>{.dx = dx.data(),
                                      .dy = dy.data(),
                                      .batch = s[0],
                                      .height = s[1],
                                      .width = s[2],
                                      .channels = s[3],
                                      .stride = stride_});
  return dx;
}

template <typename T>
Ir50<T>::Ir50(ParameterTable& table, const std::string& name, const Ir50Config& config, Role role)
    : stem_conv_(table, name + ".input_layer.0",
                 {.in = 3, .out = config.stem, .kernel = 3, .padding = 1, .role = role}),
      stem_norm_(table, name + ".input_layer.1", config.stem, role, name + ".input_layer.2") {
  if (config.dead_output_layer) add_dead_ir50_output(table, name + ".output_layer");
  index_t in = config.stem;
  int number = 0;  // of the unit in a single list
  for (int body = 0; body < 3; ++body)
    for (int unit = 0; unit < config.units[body]; ++unit, ++number) {
      const std::string place = config.one_list ? "." + std::to_string(number)
                                                : std::to_string(body + 1) + "." + std::to_string(unit);
      bodies_[body].push_back(std::make_unique<Ir50Unit<T>>(table, name + ".body" + place, in,
                                                            config.widths[body], unit == 0 ? 2 : 1, role));
      in = config.widths[body];
    }
}

template <typename T>
std::array<Tensor<T>, 3> Ir50<T>::forward(Context<T>& c, const Tensor<T>& x, const MapReady<T>& ready) {
  std::array<Tensor<T>, 3> out;
  Moments moments;  // of y, for the norm that each unit begins with
  Tensor<T> y = conv_batch_norm(c, stem_conv_, stem_norm_, x, {}, &moments);
  for (int body = 0; body < 3; ++body) {
    for (auto& unit : bodies_[body]) {
      const Moments of_x = std::exchange(moments, {});
      y = unit->forward(c, std::move(y), of_x, &unit == &bodies_[2].back() ? nullptr : &moments);
    }
    out[body] = y;
    c.show("ir_back." + std::to_string(body + 1), y);
    if (ready) ready(body, y);
  }
  return out;
}

template <typename T>
void Ir50<T>::backward(Context<T>& c, const std::function<Tensor<T>(int body)>& dy) {
  Tensor<T> d = dy(2);
  for (int body = 2; body >= 0; --body) {
    for (auto unit = bodies_[body].rbegin(); unit != bodies_[body].rend(); ++unit)
      d = (*unit)->backward(c, d);
    if (body == 0) break;
    if (const Tensor<T> more = dy(body - 1)) add_in_place(c, d, more);
  }
  stem_conv_.backward(c, stem_norm_.backward(c, d), Gradient::ignore);
}

template class Ir50Unit<float>;
template class Ir50Unit<double>;
template class Ir50Unit<Half>;
template class Ir50<float>;
template class Ir50<double>;
template class Ir50<Half>;

}  // namespace poster
