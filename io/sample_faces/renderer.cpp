#include "io/sample_faces/renderer.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "engine/error.h"
#include "engine/random.h"
#include "io/plot/plot_error.h"
#include "io/sample_faces/canvas.h"
#include "io/sample_faces/features.h"
#include "io/sample_faces/head.h"

namespace poster::faces {
namespace {

void paint_background(cairo_t* cairo, const FacePose& pose, double size) {
  RandomStream random(pose.background_key, RandomPurpose::sample_faces);
  const double angle = random.uniform(0, 6.28);
  const double dx = 0.7 * size * std::cos(angle), dy = 0.7 * size * std::sin(angle), c = 0.5 * size;
  cairo_pattern_t* gradient = cairo_pattern_create_linear(c - dx, c - dy, c + dx, c + dy);
  const Colour from = pose.background_from, to = pose.background_to;
  cairo_pattern_add_color_stop_rgb(gradient, 0, from.r, from.g, from.b);
  cairo_pattern_add_color_stop_rgb(gradient, 1, to.r, to.g, to.b);
  cairo_set_source(cairo, gradient);
  cairo_paint(cairo);
  cairo_pattern_destroy(gradient);
  const int shapes = pose.background == 0 ? 0 : 9;
  for (int i = 0; i < shapes; ++i) {
    const double x = random.uniform(0, size), y = random.uniform(0, size),
                 r = random.uniform(0.05, 0.3) * size;
    const double tilt = random.uniform(0, 3.14);
    const double red = random.uniform_double(), green = random.uniform_double(),
                 blue = random.uniform_double();
    cairo_save(cairo);
    cairo_translate(cairo, x, y);
    cairo_rotate(cairo, pose.background == 2 ? angle : tilt);
    if (pose.background == 2)
      cairo_rectangle(cairo, -2 * size, -0.2 * r, 4 * size, 0.4 * r);
    else if (i % 2 == 0)
      cairo_rectangle(cairo, -r, -0.6 * r, 2 * r, 1.2 * r);
    else
      cairo_arc(cairo, 0, 0, r, 0, 6.2832);
    cairo_set_source_rgba(cairo, red, green, blue, 0.5);
    cairo_fill(cairo);
    cairo_restore(cairo);
  }
}

// Image row just under the lower of the two eyes of the face at rest, so that it depends on the pose alone.
double lower_half_top(const FaceIdentity& face, const FacePose& pose, int size) {
  const double reach = face.eye_distance + eye_half_width(face);
  const double down = eye_bottom(face) * std::cos(pose.roll) + reach * std::abs(std::sin(pose.roll));
  const double pitch = 0.7 * std::sin(pose.pitch);
  return std::floor((pose.y + pose.scale * (down + pitch)) * size);
}

void smooth_line(const std::uint8_t* from, std::uint8_t* to, int count, std::ptrdiff_t stride, int weight) {
  const int centre = 256 - 2 * weight;
  for (int i = 0; i < count; ++i) {
    const int before = from[std::max(i - 1, 0) * stride], after = from[std::min(i + 1, count - 1) * stride];
    to[i * stride] =
        static_cast<std::uint8_t>((weight * (before + after) + centre * from[i * stride] + 128) >> 8);
  }
}

// [w, 1 - 2w, w] along both directions; more often where pixels are smaller, so that images of any size
// look alike.
void blur(RgbBuffer& image, double weight, int passes) {
  const int w = static_cast<int>(std::lround(256 * weight));
  std::vector<std::uint8_t> other(image.pixels.size());
  const std::ptrdiff_t row = std::ptrdiff_t{3} * image.width;
  for (int pass = 0; pass < passes; ++pass) {
    for (int y = 0; y < image.height; ++y)
      for (int channel = 0; channel < 3; ++channel)
        smooth_line(&image.pixels[y * row + channel], &other[y * row + channel], image.width, 3, w);
    for (int y = 0; y < image.height; ++y) {
      const std::uint8_t* up = &other[std::max(y - 1, 0) * row];
      const std::uint8_t* here = &other[y * row];
      const std::uint8_t* down = &other[std::min(y + 1, image.height - 1) * row];
      std::uint8_t* out = &image.pixels[y * row];
      for (std::ptrdiff_t i = 0; i < row; ++i)
        out[i] = static_cast<std::uint8_t>((w * (up[i] + down[i]) + (256 - 2 * w) * here[i] + 128) >> 8);
    }
  }
}

// Exposure, colour cast, and noise: the sum of four random bytes, nearly normal, with a deviation of 147.8.
void expose(RgbBuffer& image, const FacePose& pose, RandomStream& random) {
  const float gains[3] = {static_cast<float>(pose.gain * pose.cast.r),
                          static_cast<float>(pose.gain * pose.cast.g),
                          static_cast<float>(pose.gain * pose.cast.b)};
  const float noise = static_cast<float>(255 * pose.noise / 147.8);
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    for (int channel = 0; channel < 3; ++channel) {
      const std::uint32_t bits = random.bits();
      const int sum = static_cast<int>((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24));
      std::uint8_t& value = image.pixels[i + channel];
      const float exposed =
          static_cast<float>(value) * gains[channel] + noise * static_cast<float>(sum - 510);
      value = static_cast<std::uint8_t>(std::clamp(exposed + 0.5f, 0.0f, 255.0f));
    }
  }
}

}  // namespace

RgbBuffer render_face(const FaceIdentity& face, const FacePose& pose, const ActionUnits& units,
                      const FaceView& view, std::uint64_t seed, std::uint64_t identity, std::uint64_t noise) {
  if (view.size < 32) throw Error("size: a face needs at least 32 pixels, not " + std::to_string(view.size));
  const int height = view.lower_half ? view.size / 2 : view.size;
  const double top = view.lower_half ? lower_half_top(face, pose, view.size) : 0;
  const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, view.size, height), cairo_surface_destroy);
  const std::unique_ptr<cairo_t, decltype(&cairo_destroy)> cairo(cairo_create(surface.get()), cairo_destroy);
  paint_background(cairo.get(), pose, view.size);
  {
    FaceCanvas canvas(cairo.get(), pose, view.size, top);
    const double drop = chin_drop(units);
    draw_back(canvas, face);
    draw_head(canvas, face, drop);
    draw_beard(canvas, face, drop);
    draw_folds(canvas, face, units);
    draw_nose(canvas, face, units);
    draw_eyes(canvas, face, units);
    draw_front_hair(canvas, face);
    draw_brows(canvas, face, units);
    draw_mouth(canvas, face, units);
    if (!view.lower_half) draw_glasses(canvas, face);  // they go under the headset
  }
  io::check_cairo(cairo_status(cairo.get()), "a face", "give another size than " + std::to_string(view.size));
  cairo_surface_flush(surface.get());

  RgbBuffer image{view.size, height, std::vector<std::uint8_t>(std::size_t{3} * view.size * height)};
  const unsigned char* data = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  std::uint8_t* out = image.pixels.data();
  for (int y = 0; y < height; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(data + std::ptrdiff_t{stride} * y);
    for (int x = 0; x < view.size; ++x, out += 3) {
      out[0] = static_cast<std::uint8_t>(row[x] >> 16);
      out[1] = static_cast<std::uint8_t>(row[x] >> 8);
      out[2] = static_cast<std::uint8_t>(row[x]);
    }
  }
  blur(image, pose.blur, std::max(1, view.size / 224));
  RandomStream random(seed, RandomPurpose::sample_faces, identity, noise);
  expose(image, pose, random);
  return image;
}

}  // namespace poster::faces
