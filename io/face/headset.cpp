#include "io/face/headset.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/error.h"
#include "io/image/resize.h"
#include "io/plot/plot_error.h"

namespace poster::io {
namespace {

using Surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;

// Cairo's pixels are native 32-bit words, 0x00RRGGBB.
Surface surface_of(const Image& image, int left, int top, int width, int height) {
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height), cairo_surface_destroy);
  check_cairo(cairo_surface_status(surface.get()), "a headset", "use smaller images");
  unsigned char* data = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  for (int y = 0; y < height; ++y) {
    auto* target = reinterpret_cast<std::uint32_t*>(data + std::ptrdiff_t{y} * stride);
    const std::uint8_t* source = image.pixel(left, top + y);
    for (int x = 0; x < width; ++x, source += 3)
      target[x] = std::uint32_t{source[0]} << 16 | std::uint32_t{source[1]} << 8 | source[2];
  }
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

void take_back(cairo_surface_t* surface, Image& image, int left, int top) {
  cairo_surface_flush(surface);
  const unsigned char* data = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < cairo_image_surface_get_height(surface); ++y) {
    const auto* source = reinterpret_cast<const std::uint32_t*>(data + std::ptrdiff_t{y} * stride);
    std::uint8_t* target = image.pixel(left, top + y);
    for (int x = 0; x < cairo_image_surface_get_width(surface); ++x, target += 3) {
      target[0] = static_cast<std::uint8_t>(source[x] >> 16);
      target[1] = static_cast<std::uint8_t>(source[x] >> 8);
      target[2] = static_cast<std::uint8_t>(source[x]);
    }
  }
}

// First pixel that the corners reach and the one behind the last, within 0 to `size`.
struct Reach {
  int first, end;
};
Reach reach_of(std::array<double, 4> values, int size) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const auto clipped = [&](double v) { return static_cast<int>(std::clamp<double>(v, 0, size)); };
  return {clipped(std::floor(*low)), clipped(std::ceil(*high))};
}

}  // namespace

void paint_headset(Image& image, const std::array<Point, 4>& c, const std::array<std::uint8_t, 3>& colour,
                   const Image* texture) {
  const Reach x = reach_of({c[0].x, c[1].x, c[2].x, c[3].x}, image.width);
  const Reach y = reach_of({c[0].y, c[1].y, c[2].y, c[3].y}, image.height);
  if (x.end <= x.first || y.end <= y.first) return;
  const Surface canvas = surface_of(image, x.first, y.first, x.end - x.first, y.end - y.first);
  const std::unique_ptr<cairo_t, decltype(&cairo_destroy)> cairo(cairo_create(canvas.get()), cairo_destroy);
  cairo_translate(cairo.get(), -x.first, -y.first);
  for (const Point& corner : c) cairo_line_to(cairo.get(), corner.x, corner.y);
  cairo_close_path(cairo.get());
  Surface pattern(nullptr, cairo_surface_destroy);
  if (texture) {
    // Reduced to about its size on the image, so that the pattern need not be filtered much.
    const auto length = [](Point from, Point to) { return std::hypot(to.x - from.x, to.y - from.y); };
    const auto side = [](double wanted, int has) {
      return std::clamp(static_cast<int>(std::lround(wanted)), 1, has);
    };
    const Image fitted =
        resize(*texture, side(length(c[0], c[1]), texture->width), side(length(c[0], c[3]), texture->height));
    pattern = surface_of(fitted, 0, 0, fitted.width, fitted.height);
    const double w = fitted.width, h = fitted.height;
    cairo_matrix_t to_image;
    cairo_matrix_init(&to_image, (c[1].x - c[0].x) / w, (c[1].y - c[0].y) / w, (c[3].x - c[0].x) / h,
                      (c[3].y - c[0].y) / h, c[0].x, c[0].y);
    cairo_transform(cairo.get(), &to_image);
    cairo_set_source_surface(cairo.get(), pattern.get(), 0, 0);
    cairo_pattern_set_extend(cairo_get_source(cairo.get()), CAIRO_EXTEND_PAD);
    cairo_pattern_set_filter(cairo_get_source(cairo.get()), CAIRO_FILTER_BILINEAR);
  } else {
    cairo_set_source_rgb(cairo.get(), colour[0] / 255.0, colour[1] / 255.0, colour[2] / 255.0);
  }
  cairo_fill(cairo.get());
  check_cairo(cairo_status(cairo.get()), "a headset", "give a larger one");
  take_back(canvas.get(), image, x.first, y.first);
}

}  // namespace poster::io
