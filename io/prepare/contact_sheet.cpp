#include "io/prepare/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/image/resize.h"

namespace poster::prepare {
namespace {

using Colour = std::array<std::uint8_t, 3>;
constexpr Colour kPaper = {255, 255, 255};
constexpr std::array<Colour, kSplits> kFrames = {Colour{170, 170, 170}, Colour{40, 110, 220},
                                                 Colour{235, 130, 20}};

void fill(io::Image& image, int left, int top, int width, int height, const Colour& colour) {
  for (int y = top; y < top + height; ++y)
    for (int x = left; x < left + width; ++x) std::copy(colour.begin(), colour.end(), image.pixel(x, y));
}

}  // namespace

io::Image contact_sheet(const std::vector<SheetImage>& images) {
  if (images.empty()) throw Error("contact sheet: no images; give at least one");
  const std::size_t count = std::min(images.size(), kSheetImages);
  const std::size_t columns = std::min(count, kSheetColumns),
                    rows = (count + kSheetColumns - 1) / kSheetColumns;
  constexpr int cell = kSheetTile + 2 * kSheetFrame;
  io::Image sheet(static_cast<int>(columns) * cell, static_cast<int>(rows) * cell);
  std::ranges::fill(sheet.rgb, kPaper[0]);
  std::vector<const SheetImage*> order;
  for (const Split split : {Split::train, Split::valid, Split::test})
    for (const SheetImage& image : images)
      if (image.split == split) order.push_back(&image);
  for (std::size_t i = 0; i < count; ++i) {
    const SheetImage& chosen = *order[i * order.size() / count];
    const io::Image image = io::read_image(chosen.path.string());
    // As large as fits, in the middle.
    const double scale = std::min(static_cast<double>(kSheetTile) / image.width,
                                  static_cast<double>(kSheetTile) / image.height);
    const io::Image tile = io::resize(image, std::max(1, static_cast<int>(image.width * scale)),
                                      std::max(1, static_cast<int>(image.height * scale)));
    const int left = static_cast<int>(i % kSheetColumns) * cell,
              top = static_cast<int>(i / kSheetColumns) * cell;
    fill(sheet, left, top, cell, cell, kFrames[static_cast<std::size_t>(chosen.split)]);
    fill(sheet, left + kSheetFrame, top + kSheetFrame, kSheetTile, kSheetTile, kPaper);
    const int x = left + kSheetFrame + (kSheetTile - tile.width) / 2,
              y = top + kSheetFrame + (kSheetTile - tile.height) / 2;
    for (int line = 0; line < tile.height; ++line)
      std::memcpy(sheet.pixel(x, y + line), tile.row(line), static_cast<std::size_t>(tile.width) * 3);
  }
  return sheet;
}

}  // namespace poster::prepare
