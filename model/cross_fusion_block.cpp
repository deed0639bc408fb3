#include "model/cross_fusion_block.h"

#include "model/token_halves.h"

namespace poster {
namespace {

constexpr double kFusionNormEps = 1e-6;

}  // namespace

template <typename T>
CrossFusionBlock<T>::CrossFusionBlock(ParameterTable& table, const std::string& name, const Options& o)
    : norm1_(table, name + ".norm1", o.width, kFusionNormEps),
      attn_img_(table, name + ".attn_img", o.width, o.heads),
      attn_lm_(table, name + ".attn_lm", o.width, o.heads),
      norm2_(table, name + ".norm2", o.width, kFusionNormEps),
      mlp1_(table, name + ".mlp1", o.width, o.hidden),
      mlp2_(table, name + ".mlp2", o.width, o.hidden),
      norm3_(table, name + ".norm3", o.width, kFusionNormEps),
      norm4_(table, name + ".norm4", o.width, kFusionNormEps),
      conv_(table, name + ".conv", 2 * o.tokens, 2 * o.tokens, 1),
      branches_([&]() -> std::array<ResidualBranch<T>, 4> {
        const auto branch = [&](int call) {
          return ResidualBranch<T>(
              table, o.width,
              {.gamma = {}, .drop_path = name + ".drop_path", .drop_rate = o.drop_rate, .call = call});
        };
        return {branch(0), branch(1), branch(2), branch(3)};
      }()) {}

template <typename T>
Tensor<T> CrossFusionBlock<T>::forward(Context<T>& c, Tensor<T> x) {
  const index_t batch = x.shape()[0] / 2;
  const auto image_of = [&](const Tensor<T>& halves) { return halves.slice(0, batch); };
  const auto landmarks_of = [&](const Tensor<T>& halves) { return halves.slice(batch, batch); };
  Tensor<T> n = norm1_.forward(c, x);
  auto [image, image_normed] =
      branches_[0].forward(c, image_of(x), attn_img_.forward(c, image_of(n), landmarks_of(n)), norm2_);
  image = branches_[1].forward(c, image, mlp1_.forward(c, std::move(image_normed)));
  n = norm3_.forward(c, x);
  auto [landmarks, landmarks_normed] =
      branches_[2].forward(c, landmarks_of(x), attn_lm_.forward(c, landmarks_of(n), image_of(n)), norm4_);
  n = x = {};
  landmarks = branches_[3].forward(c, landmarks, mlp2_.forward(c, std::move(landmarks_normed)));
  return conv_.forward(c, join_halves(c, image, landmarks));
}

template <typename T>
Tensor<T> CrossFusionBlock<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  const index_t batch = dy.shape()[0];
  Tensor<T> d = split_halves(c, conv_.backward(c, dy));
  const Tensor<T> dimage = d.slice(0, batch), dlandmarks = d.slice(batch, batch);
  {
    const Tensor<T> dmlp1 = mlp1_.backward(c, branches_[1].backward(c, dimage));
    const Tensor<T> dmlp2 = mlp2_.backward(c, branches_[3].backward(c, dlandmarks));
    c.join(Lane::gradients);  // they may read d, which is overwritten now
    norm2_.backward(c, dmlp1, dimage, dimage);
    norm4_.backward(c, dmlp2, dlandmarks, dlandmarks);
  }

  const Tensor<T> dnorm = c.tensor(d.shape());
  const Tensor<T> dnorm_image = dnorm.slice(0, batch), dnorm_landmarks = dnorm.slice(batch, batch);
  // The residuals' gradients are needed whole by both norms, so both attentions go first.
  const Tensor<T> dnorm3 = c.tensor(d.shape());
  attn_img_.backward(c, branches_[0].backward(c, dimage), dnorm_image, dnorm_landmarks);
  attn_lm_.backward(c, branches_[2].backward(c, dlandmarks), dnorm3.slice(batch, batch),
                    dnorm3.slice(0, batch));
  c.join(Lane::gradients);  // as above
  norm1_.backward(c, dnorm, d, d);
  norm3_.backward(c, dnorm3, d, d);
  return d;
}

template class CrossFusionBlock<float>;
template class CrossFusionBlock<double>;
template class CrossFusionBlock<Half>;

}  // namespace poster
