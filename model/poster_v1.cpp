#include "model/poster_v1.h"

#include "kernels/transpose/transpose.h"
#include "model/backbones.h"

namespace poster {
namespace {

// [batch, h, w, channels] to [batch, channels, h w], PyTorch's order of a map's memory, or back.
template <typename T>
Tensor<T> swap_axes(Context<T>& c, const Tensor<T>& x, index_t rows, index_t columns) {
  const index_t batch = x.count() / (rows * columns);
  Tensor<T> y = c.tensor({batch, columns, rows});
  c.run(kernels::Transpose<T>{.out = y.data(),
                              .x = x.data(),
                              .batch = batch,
                              .rows = rows,
                              .columns = columns,
                              .out_stride = rows,
                              .x_stride = columns});
  return y;
}

}  // namespace

template <typename T>
PosterV1<T>::PosterV1(ParameterTable& table, const PosterV1Config& config)
    : config_(config),
      face_landback_(table, "face_landback", config.landmarks, role_of(config.freeze.landmarks)),
      ir_back_(table, "ir_back", config.image, role_of(config.freeze.ir50)),
      // The map has twice the landmark map's side: its memory is read as tokens of four times its width.
      ir_layer_(table, "ir_layer", 4 * config.image.widths[2], config.width()),
      pyramid_fuse_(table, "pyramid_fuse", config.pyramid, config.tokens(), config.width()),
      se_block_(table, "se_block", config.width()),
      head_(table, "head.linear", config.width(), config.outputs) {}

template <typename T>
Tensor<T> PosterV1<T>::forward(Context<T>& c, const Tensor<T>& images, FrozenFeatures frozen) {
  const Tensor<T> x = resize_images(c, images, config_.side);
  const index_t batch = x.shape()[0], tokens = config_.tokens();
  Tensor<T> landmarks;
  c.beside(Lane::branches, [&, x] {
    landmarks = maps_of(c, face_landback_, x, config_.freeze.landmarks, frozen, kept_landmarks_)[2];
  });
  Tensor<T> image = maps_of(c, ir_back_, x, config_.freeze.ir50, frozen, kept_maps_)[2];
  map_ = image.shape();
  image = swap_axes(c, image, map_[1] * map_[2], map_[3]);
  image = ir_layer_.forward(c, image.reshaped({batch, tokens, image.count() / (batch * tokens)}));
  c.show("ir_layer", image);
  c.join(Lane::branches);
  landmarks = landmarks.reshaped({batch, tokens, config_.width()});
  Tensor<T> token = pyramid_fuse_.forward(c, image, landmarks);
  token = se_block_.forward(c, std::move(token));
  c.show("se_block", token);
  return head_.forward(c, std::move(token));
}

template <typename T>
void PosterV1<T>::backward(Context<T>& c, const Tensor<T>& dlogits) {
  const bool train_image = !config_.freeze.ir50, train_landmarks = !config_.freeze.landmarks;
  auto d = pyramid_fuse_.backward(c, se_block_.backward(c, head_.backward(c, dlogits)), train_landmarks);
  const Tensor<T> dimage = ir_layer_.backward(c, std::exchange(d.image, {}));
  if (train_landmarks) {
    const index_t side = config_.side / 16;
    const Tensor<T> dmap = d.landmarks.reshaped({dlogits.shape()[0], side, side, config_.width()});
    c.beside(Lane::branches, [&, dmap] { face_landback_.backward(c, {Tensor<T>(), Tensor<T>(), dmap}); });
  }
  // Nobody wants the gradients of a frozen backbone's maps.
  if (train_image)
    ir_back_.backward(c, [&](int body) {
      return body == 2 ? swap_axes(c, dimage, map_[3], map_[1] * map_[2]).reshaped(map_) : Tensor<T>();
    });
}

template class PosterV1<float>;
template class PosterV1<double>;
template class PosterV1<Half>;

}  // namespace poster
