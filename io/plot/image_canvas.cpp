#include "io/plot/image_canvas.h"

#include <cairo.h>

#include <cstring>
#include <memory>

#include "engine/error.h"

namespace poster::io {
namespace {

struct Destroy {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};

}  // namespace

Image draw_into(const Image& image, const std::function<void(Canvas&)>& draw) {
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
    draw(canvas);
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

}  // namespace poster::io
