// Colour jitter of one pixel of 8-bit RGB, with the results of io/image/colour.h to the bit.
#pragma once

#include <cstdint>

#include "kernels/augment/augment.h"
#include "kernels/cuda/runtime.h"

namespace poster::kernels {

struct Colour {
  int red, green, blue;  // 0..255
};

// The luma of ITU-R 601-2 in 16 fractional bits, rounded.
__device__ inline int luma(const Colour& c) {
  return (c.red * 19595 + c.green * 38470 + c.blue * 7471 + 0x8000) >> 16;
}

// grey + factor * (value - grey) in float, each operation rounded by itself, cut off and clipped.
__device__ inline int blended(int grey, int value, float factor) {
  const float result =
      __fadd_rn(static_cast<float>(grey), __fmul_rn(factor, static_cast<float>(value - grey)));
  return result <= 0.0f ? 0 : result >= 255.0f ? 255 : static_cast<int>(result);
}
__device__ inline Colour blended(int grey, const Colour& c, float factor) {
  return {blended(grey, c.red, factor), blended(grey, c.green, factor), blended(grey, c.blue, factor)};
}

// Adds `by` to the hue in an HSV of 8 bits a channel. io/image/colour.cpp follows Pillow's mixture of float
// and double; what is computed here gives the same levels for every input.
__device__ inline Colour hue_turned(const Colour& c, int by) {
  const int largest = max(c.red, max(c.green, c.blue)), smallest = min(c.red, min(c.green, c.blue));
  const int spread = largest - smallest;
  if (spread == 0) return c;

  // The hue in sixths of the circle: one of -1, 1, 3, 5, and how far the middle channel lies below the
  // largest, in either direction.
  const int middle = c.red + c.green + c.blue - largest - smallest;
  const float below = static_cast<float>(largest - middle) / static_cast<float>(spread);
  float sixths;
  if (c.red == largest)
    sixths = c.green >= c.blue ? 1.0f - below : below - 1.0f;
  else if (c.green == largest)
    sixths = c.red < c.blue ? 3.0f - below : 1.0f + below;
  else
    sixths = c.red >= c.green ? 5.0f - below : 3.0f + below;
  float turn = sixths / 6.0f;
  if (sixths < 0) turn += 1.0f;
  const int hue = (static_cast<int>(turn * 255.0f) + by) & 255;

  // And back. The third value falls in odd sectors and rises in even ones.
  const int saturation = spread * 255 / largest;
  const int sector = 2 * hue / 85 % 6, part = 2 * hue % 85;       // the hue is sector + part / 85 sixths
  const int lost = saturation * (sector & 1 ? part : 85 - part);  // of 255 * 85
  const int third = (2 * largest * (255 * 85 - lost) + 255 * 85) / (2 * 255 * 85);
  const int last = (2 * largest * (255 - saturation) + 255) / (2 * 255);
  switch (sector) {
    case 0:
      return {largest, third, last};
    case 1:
      return {third, largest, last};
    case 2:
      return {last, largest, third};
    case 3:
      return {last, third, largest};
    case 4:
      return {third, last, largest};
    default:
      return {largest, last, third};
  }
}

enum JitterKind { kBrightness = 0, kContrast = 1, kSaturation = 2, kHue = 3 };

// The place of contrast in the order of jitters, or -1.
__device__ inline int place_of_contrast(const ImageAugmentation& a) {
  for (int i = 0; i < a.jitters; ++i)
    if (a.kind[i] == kContrast) return i;
  return -1;
}

// The first `count` jitters. `grey` is what contrast blends with.
__device__ inline Colour jittered(Colour c, const ImageAugmentation& a, int count, int grey) {
  for (int i = 0; i < count; ++i) switch (a.kind[i]) {
      case kBrightness:
        c = blended(0, c, a.factor[i]);
        break;
      case kContrast:
        c = blended(grey, c, a.factor[i]);
        break;
      case kSaturation:
        c = blended(luma(c), c, a.factor[i]);
        break;
      default:
        c = hue_turned(c, a.hue);
    }
  return c;
}

}  // namespace poster::kernels
