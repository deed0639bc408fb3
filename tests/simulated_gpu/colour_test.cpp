// Colour jitter of kernels/cuda/colour.cuh against io/image/colour.h: for every colour.
#include "kernels/cuda/colour.cuh"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/random.h"
#include "io/image/colour.h"

namespace poster::kernels {
namespace {

// Every green and blue of one red.
io::Image all_colours(int red) {
  io::Image image(256, 256);
  for (int i = 0; i < 65536; ++i) {
    image.rgb[3 * i] = static_cast<std::uint8_t>(red);
    image.rgb[3 * i + 1] = static_cast<std::uint8_t>(i / 256);
    image.rgb[3 * i + 2] = static_cast<std::uint8_t>(i % 256);
  }
  return image;
}

// Calls change(colour) for every pixel of `before`: the results must be `after`.
template <typename F>
void expect_same(const io::Image& before, const io::Image& after, F change) {
  for (std::size_t i = 0; i < before.rgb.size(); i += 3) {
    const std::uint8_t *const from = &before.rgb[i], *const to = &after.rgb[i];
    const Colour c = change(Colour{from[0], from[1], from[2]});
    ASSERT_TRUE(c.red == to[0] && c.green == to[1] && c.blue == to[2])
        << int{from[0]} << " " << int{from[1]} << " " << int{from[2]} << " became " << c.red << " " << c.green
        << " " << c.blue << ", expected " << int{to[0]} << " " << int{to[1]} << " " << int{to[2]};
  }
}

// Factors up to 2.5: most of them fractions and their neighbours, whose products with integers lie on
// integers or just beside them, where every rounding counts.
std::vector<float> factors() {
  std::vector<float> all = {0, 1, 2};
  for (int below = 3; below < 16; ++below)
    for (int above = 1; above <= below * 5 / 2; above += 3) {
      const float factor = static_cast<float>(above) / static_cast<float>(below);
      all.insert(all.end(), {std::nextafter(factor, 0.0f), factor, std::nextafter(factor, 3.0f)});
    }
  RandomStream random(1, RandomPurpose::test);
  for (int draw = 0; draw < 20; ++draw) all.push_back(static_cast<float>(random.uniform(0, 2.5)));
  return all;
}

TEST(ColourJitter, HueOfEveryColour) {
  for (int red = 0; red < 256; ++red) {
    const io::Image before = all_colours(red);
    for (const double shift : {0.0, 0.1}) {
      io::Image after = before;
      io::adjust_hue(after, shift);
      expect_same(before, after, [&](const Colour& c) { return hue_turned(c, io::hue_turn(shift)); });
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ColourJitter, EveryTurnOfTheHue) {
  for (const int red : {37, 200}) {
    const io::Image before = all_colours(red);
    for (int turn = -127; turn <= 127; ++turn) {
      const double shift = (turn + (turn < 0 ? -0.5 : 0.5)) / 255.0;
      io::Image after = before;
      io::adjust_hue(after, shift);
      expect_same(before, after, [&](const Colour& c) { return hue_turned(c, io::hue_turn(shift)); });
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ColourJitter, Saturation) {
  int red = 0;
  for (const float factor : factors()) {
    red = (red + 77) % 256;
    const io::Image before = all_colours(red);
    io::Image after = before;
    io::adjust_saturation(after, factor);
    expect_same(before, after, [&](const Colour& c) { return blended(luma(c), c, factor); });
    if (HasFatalFailure()) return;
  }
}

TEST(ColourJitter, ContrastAndBrightnessOfEveryLevel) {
  io::Image before(256, 1);
  for (int i = 0; i < 768; ++i) before.rgb[i] = static_cast<std::uint8_t>((i * 7) % 256);
  for (const float factor : factors()) {
    io::Image after = before;
    io::adjust_brightness(after, factor);
    expect_same(before, after, [&](const Colour& c) { return blended(0, c, factor); });
    for (int grey = 0; grey < 256; ++grey) {
      after = before;
      io::adjust_contrast(after, factor, grey);
      expect_same(before, after, [&](const Colour& c) { return blended(grey, c, factor); });
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace poster::kernels
