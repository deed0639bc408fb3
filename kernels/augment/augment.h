// From decoded images that lie on the device as bytes to a batch of network input: flip, colour jitter,
// rotation, translation, normalisation and erasing, gathered straight to the pixels that the network reads.
// The results are those of io/data/augmentation.h's augment_prepared, to the bit in float: the host draws
// what is random, and the kernel applies it. CUDA alone; on the CPU io does this.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

// What is random about one image of a batch. All zeros but `amount` of 1 and rotation of the identity: left
// as it is.
struct ImageAugmentation {
  std::int64_t image;  // which of AugmentImages::images
  // Colour jitter: kinds in the order in which they are applied; 0 brightness, 1 contrast, 2 saturation, 3
  // hue.
  std::int32_t jitters;
  std::int32_t kind[4];
  float factor[4];       // by place in `kind`, of brightness, contrast and saturation
  std::uint8_t hue;      // added to the hue, modulo 256
  std::uint8_t flip;     // 1: left and right are exchanged before the rotation
  std::uint8_t rotated;  // 0: the six numbers below are not used
  // Source of pixel (x, y) in 16 fractional bits: (x0 + xx x + xy y, y0 + yx x + yy y).
  std::int64_t x0, xx, xy, y0, yx, yy;
  std::int32_t dx, dy;                                            // moves the image right and down
  std::int32_t erase_left, erase_top, erase_width, erase_height;  // width 0: nothing is erased
};

template <typename T>
struct AugmentImages {
  static constexpr const char* name = "augment_images";
  T* y;  // every step-th pixel
  const std::uint8_t* images;
  const ImageAugmentation* augmentations;
  const float* levels;                     // the normalised value of each level
  index_t batch, image_count, size, step;  // step 1 or 2, a divisor of size

  constexpr void operands(OperandTable& table) const {
    const index_t side = step > 0 ? size / step : 0;
    table.out("y", y, {batch, side, side, 3});
    // For the mean that contrast needs, and for the pixels.
    table.in("images", images, {image_count, size, size, 3}).touching(batch * size * size * 3).in_passes(2);
    table.in("augmentations", augmentations, {batch});
    table.in("levels", levels, {3, 256});
    table.require(size >= 1 && size <= 16384, "size must be in [1, 16384]");
    table.require(step >= 1 && size % step == 0, "step must be a divisor of size");
  }
};

}  // namespace poster::kernels
