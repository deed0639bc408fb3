// A sheet to look at: up to 80 images of a class, ten in a row, those of train first, then valid's and
// test's, framed in grey, blue and orange. They are taken at even steps from all of the class.
#pragma once

#include <filesystem>
#include <vector>

#include "io/image/image.h"
#include "io/prepare/item.h"

namespace poster::prepare {

struct SheetImage {
  std::filesystem::path path;
  Split split = Split::train;
};

inline constexpr std::size_t kSheetImages = 80, kSheetColumns = 10;
inline constexpr int kSheetTile = 112, kSheetFrame = 4;

// Throws poster::Error when an image can't be read or there are none.
io::Image contact_sheet(const std::vector<SheetImage>& images);

}  // namespace poster::prepare
