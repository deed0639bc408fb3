// Colour adjustments with the results of torchvision's functions on Pillow images (ImageEnhance, HSV in 8
// bits). All work in place; a factor of 1 (a hue shift of 0 aside) changes nothing.
#pragma once

#include <cstdint>

#include "io/image/image.h"

namespace poster::io {

// The luma of ITU-R 601-2 in 16 fractional bits, rounded (Pillow's convert("L")).
inline int luma(int red, int green, int blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

// The mean luma, rounded to a whole level: the grey that contrast blends with.
int mean_luma(const Image& image);

// value * factor, cut off (not rounded) and clipped to 0..255. Factors are >= 0.
void adjust_brightness(Image& image, float factor);

// grey + factor * (value - grey); the second form takes a mean_luma() computed before.
void adjust_contrast(Image& image, float factor);
void adjust_contrast(Image& image, float factor, int grey);

// luma + factor * (value - luma) for each pixel.
void adjust_saturation(Image& image, float factor);

// What is added to a hue of 8 bits for a shift of -0.5..0.5 of the circle, cut off; the sum wraps.
inline std::uint8_t hue_turn(double shift) {
  return static_cast<std::uint8_t>(static_cast<int>(shift * 255.0));
}

// Turns the hue by `shift` of the circle, -0.5..0.5, through an HSV of 8 bits a channel, whose rounding
// a shift of 0 goes through too.
void adjust_hue(Image& image, double shift);

}  // namespace poster::io
