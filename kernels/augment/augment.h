// From decoded pictures that lie on the device as bytes to a batch of network input: flip, colour jitter,
// rotation, translation, normalisation and erasing, gathered straight to the pixels that the network reads.
// The results are those of io/data/augmentation.h's augment_prepared, to the bit in float: the host draws
// what is random, and the kernel applies it. CUDA alone; on the CPU io does this.
#pragma once

#include "kernels/cuda_queue.h"

namespace poster::kernels {

// What is random about one picture of a batch. All zeros but `amount` of 1 and rotation of the identity: left
// as it is.
struct PictureAugmentation {
  std::int64_t picture;  // which of AugmentPictures::pictures
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
  std::int32_t dx, dy;                                            // moves the picture right and down
  std::int32_t erase_left, erase_top, erase_width, erase_height;  // width 0: nothing is erased
};

template <typename T>
struct AugmentPictures {
  T* y;                                      // [batch, size / step, size / step, 3], every step-th pixel
  const std::uint8_t* pictures;              // [any number, size, size, 3]
  const PictureAugmentation* augmentations;  // [batch]
  const float* levels;                       // [3, 256]: the normalised value of each level
  index_t batch, size, step;                 // step 1 or 2, a divisor of size
};

template <typename T>
void augment_pictures(CudaQueue&, const AugmentPictures<T>&);

}  // namespace poster::kernels
