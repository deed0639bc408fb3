#include "io/plot/annotation.h"

#include <cairo.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include "engine/error.h"
#include "io/plot/canvas.h"

namespace poster::io {
namespace {

constexpr Color kMark{1.0, 0.78, 0.1}, kBar{0.45, 0.75, 1.0}, kShade{0, 0, 0, 0.55};

struct Destroy {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};

// A share of red between clear blue, cyan, yellow and red, as maps of heat have it.
std::array<double, 3> heat_colour(double heat) {
  return {std::clamp(2 * heat - 0.5, 0.0, 1.0), std::clamp(1.5 - std::abs(2 * heat - 1) * 1.5, 0.0, 1.0),
          std::clamp(1 - 2 * heat, 0.0, 1.0)};
}

void draw_face(Canvas& canvas, const Annotation& face, double unit, double width, double height) {
  const double left = std::clamp(face.left, 0.0, width - 1), top = std::clamp(face.top, 0.0, height - 1);
  const double right = std::clamp(face.left + face.width, left + 1, width);
  const double bottom = std::clamp(face.top + face.height, top + 1, height);
  const double line = std::max(1.0, unit / 6);
  if (!face.names.empty()) {
    const double row = unit * 1.25, panel = std::min(right - left, 11 * unit);
    const auto longest = static_cast<std::size_t>(std::max_element(face.shares.begin(), face.shares.end()) -
                                                  face.shares.begin());
    canvas.fill({left, top, panel, row * static_cast<double>(face.names.size()) + unit / 2}, kShade);
    for (std::size_t i = 0; i < face.names.size(); ++i) {
      const double y = top + unit / 4 + row * static_cast<double>(i);
      const Color color = i == longest ? kMark : kBar;
      const double share = std::isfinite(face.shares[i]) ? std::clamp(face.shares[i], 0.0, 1.0) : 0;
      canvas.fill({left + panel * 0.55, y + row * 0.2, std::max(1.0, panel * 0.4 * share), row * 0.6}, color);
      const TextStyle style{.size = unit, .color = i == longest ? kMark : kWhite, .bold = i == longest};
      canvas.text({left + unit / 3, y + row / 2}, canvas.shortened(face.names[i], style, panel * 0.5), style);
    }
  }
  canvas.outline({left + line / 2, top + line / 2, right - left - line, bottom - top - line}, kMark, line);
}

}  // namespace

Image annotate(const Image& image, std::span<const Annotation> faces) {
  if (image.width < 1 || image.height < 1) throw Error("an empty image cannot be drawn into; leave it out");
  const std::unique_ptr<cairo_surface_t, Destroy> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, image.width, image.height));
  unsigned char* const data = cairo_image_surface_get_data(surface.get());
  if (!data) throw Error("an image of this size cannot be drawn into; reduce it first");
  const int stride = cairo_image_surface_get_stride(surface.get());
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* const rgb = image.pixel(x, y);
      const std::uint32_t pixel =
          static_cast<std::uint32_t>(rgb[0]) << 16 | static_cast<std::uint32_t>(rgb[1]) << 8 | rgb[2];
      std::memcpy(data + static_cast<std::ptrdiff_t>(y) * stride + std::ptrdiff_t{4} * x, &pixel,
                  sizeof pixel);
    }
  cairo_surface_mark_dirty(surface.get());
  {
    const std::unique_ptr<cairo_t, Destroy> context(cairo_create(surface.get()));
    Canvas canvas(context.get());
    const double unit = std::clamp(std::min(image.width, image.height) / 24.0, 6.0, 40.0);
    for (const Annotation& face : faces) draw_face(canvas, face, unit, image.width, image.height);
  }
  cairo_surface_flush(surface.get());
  Image result(image.width, image.height);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      std::uint32_t pixel;
      std::memcpy(&pixel, data + static_cast<std::ptrdiff_t>(y) * stride + std::ptrdiff_t{4} * x,
                  sizeof pixel);
      std::uint8_t* const rgb = result.pixel(x, y);
      rgb[0] = static_cast<std::uint8_t>(pixel >> 16);
      rgb[1] = static_cast<std::uint8_t>(pixel >> 8);
      rgb[2] = static_cast<std::uint8_t>(pixel);
    }
  return result;
}

Image heat_map(const Image& image, std::span<const float> weights) {
  const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(weights.size()))));
  if (image.width < 1 || image.height < 1 || side < 1 ||
      static_cast<std::size_t>(side) * side != weights.size())
    throw Error("a heat map needs an image and a square grid of weights; give both");
  const double largest =
      std::max(1e-30, static_cast<double>(*std::max_element(weights.begin(), weights.end())));
  const auto at = [&](int row, int column) {
    return weights[static_cast<std::size_t>(std::clamp(row, 0, side - 1)) * side +
                   std::clamp(column, 0, side - 1)] /
           largest;
  };
  Image result = image;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const double v = (y + 0.5) * side / image.height - 0.5, u = (x + 0.5) * side / image.width - 0.5;
      const int row = static_cast<int>(std::floor(v)), column = static_cast<int>(std::floor(u));
      const double dv = v - row, du = u - column;
      const double heat = (1 - dv) * ((1 - du) * at(row, column) + du * at(row, column + 1)) +
                          dv * ((1 - du) * at(row + 1, column) + du * at(row + 1, column + 1));
      const auto colour = heat_colour(heat);
      const double opacity = 0.25 + 0.4 * heat;
      std::uint8_t* const rgb = result.pixel(x, y);
      for (int c = 0; c < 3; ++c)
        rgb[c] = static_cast<std::uint8_t>(
            std::lround(std::clamp((1 - opacity) * rgb[c] + opacity * 255 * colour[c], 0.0, 255.0)));
    }
  return result;
}

}  // namespace poster::io
