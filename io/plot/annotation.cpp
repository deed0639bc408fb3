#include "io/plot/annotation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "engine/error.h"
#include "io/image/resize.h"
#include "io/plot/image_canvas.h"
#include "io/plot/label_places.h"

namespace poster::io {
namespace {

constexpr int kSmallestSide = 160;
// A box and its label, wherever it lies, have one colour.
constexpr std::array<Color, 6> kFaceColors = {{{1.0, 0.78, 0.1},
                                               {0.4, 0.85, 1.0},
                                               {0.55, 0.95, 0.45},
                                               {1.0, 0.6, 0.78},
                                               {1.0, 0.62, 0.35},
                                               {0.78, 0.7, 1.0}}};

struct Look {
  double unit, line, width, height;  // size of letters, of outlines, and of the image
  double gap() const { return line + 2; }
  double row() const { return 1.3 * unit; }
  double padding() const { return 0.35 * unit; }
  TextStyle style(std::size_t line_number) const { return {.size = unit, .bold = line_number == 0}; }
  double label_height(std::size_t lines) const { return row() * static_cast<double>(lines) + 0.3 * unit; }
};

Look look_of(int width, int height) {
  const double unit = std::clamp(std::min(width, height) / 30.0, 13.0, 64.0);
  return {unit, std::max(2.0, std::round(unit / 8)), static_cast<double>(width), static_cast<double>(height)};
}

Box box_of(const Annotation& face, int scale, const Look& look) {
  const double left = std::clamp(face.left * scale, 0.0, look.width - 1);
  const double top = std::clamp(face.top * scale, 0.0, look.height - 1);
  const double right = std::clamp((face.left + face.width) * scale, left + 1, look.width);
  const double bottom = std::clamp((face.top + face.height) * scale, top + 1, look.height);
  return {left, top, right - left, bottom - top};
}

// About the box, not on the face; at the image's edge within it.
void outline(Canvas& canvas, const Box& box, const Look& look, const Color& color) {
  const double half = look.line / 2;
  const double left = std::max(box.x - half, half), top = std::max(box.y - half, half);
  const double right = std::min(box.right() + half, look.width - half);
  const double bottom = std::min(box.bottom() + half, look.height - half);
  canvas.outline({left, top, std::max(1.0, right - left), std::max(1.0, bottom - top)}, color, look.line);
}

LabelSize label_size(Canvas& canvas, const Annotation& face, const Look& look) {
  double widest = 0;
  for (std::size_t i = 0; i < face.lines.size(); ++i)
    widest = std::max(widest, canvas.text_width(face.lines[i], look.style(i)));
  return {std::min(std::ceil(widest + 2 * look.padding()), look.width), look.label_height(face.lines.size())};
}

void draw_label(Canvas& canvas, const Annotation& face, const Box& place, const Look& look,
                const Color& color) {
  canvas.fill(place, color);
  const double room = place.width - 2 * look.padding();
  for (std::size_t i = 0; i < face.lines.size(); ++i) {
    const TextStyle style = canvas.fitted(face.lines[i], look.style(i), std::max(1.0, room));
    canvas.text(
        {place.x + look.padding(), place.y + 0.15 * look.unit + look.row() * (static_cast<double>(i) + 0.5)},
        face.lines[i], style);
  }
}

Image with_strip(const Image& image, int strip) {
  Image result(image.width, image.height + strip);
  std::copy(image.rgb.begin(), image.rgb.end(), result.rgb.begin());
  return result;
}

}  // namespace

Image annotate(const Image& image, std::span<const Annotation> faces, int strip_lines) {
  if (image.width < 1 || image.height < 1) throw Error("an empty image cannot be drawn into; leave it out");
  const int side = std::min(image.width, image.height);
  const int scale = side < kSmallestSide ? (kSmallestSide + side - 1) / side : 1;
  const Image enlarged = scale > 1 ? resize(image, image.width * scale, image.height * scale) : image;
  const Look look = look_of(enlarged.width, enlarged.height);
  const bool one_row = strip_lines > 0;

  std::vector<Box> boxes;
  std::vector<LabelSize> sizes;
  measure_text([&](Canvas& canvas) {
    boxes.clear();
    sizes.clear();
    for (const Annotation& face : faces) {
      boxes.push_back(box_of(face, scale, look));
      sizes.push_back(label_size(canvas, face, look));
    }
  });
  const std::vector<Box> places = place_labels(look.width, look.height, boxes, sizes, look.gap(), one_row);
  double bottom = look.height;
  for (std::size_t i = 0; i < faces.size(); ++i)
    if (!faces[i].lines.empty()) bottom = std::max(bottom, places[i].bottom());
  if (one_row)
    bottom = std::max(bottom, look.height + look.label_height(static_cast<std::size_t>(strip_lines)));
  return draw_into(with_strip(enlarged, static_cast<int>(std::ceil(bottom - look.height))),
                   [&](Canvas& canvas) {
                     for (std::size_t i = 0; i < faces.size(); ++i)
                       outline(canvas, boxes[i], look, kFaceColors[i % kFaceColors.size()]);
                     for (std::size_t i = 0; i < faces.size(); ++i)
                       if (!faces[i].lines.empty())
                         draw_label(canvas, faces[i], places[i], look, kFaceColors[i % kFaceColors.size()]);
                   });
}

}  // namespace poster::io
