// TIFF 6.0 and BigTIFF; the first directory. Every strip or tile must lie inside the file.
#include "io/codec/format_headers.h"
#include "io/codec/image_error.h"
#include "io/codec/tiff_directory.h"

namespace poster::io {
namespace {

constexpr std::uint16_t kSubfileType = 254, kWidth = 256, kHeight = 257, kCompression = 259,
                        kPhotometric = 262, kStripOffsets = 273, kSamples = 277, kRowsPerStrip = 278,
                        kStripSizes = 279, kPlanar = 284, kTileWidth = 322, kTileHeight = 323,
                        kTileOffsets = 324, kTileSizes = 325, kDngVersion = 50706;
constexpr std::uint64_t kColourFilterArray = 32803, kLinearRaw = 34892;
constexpr std::uint64_t kOldJpeg = 6;             // a value of kCompression
constexpr std::uint64_t kSeparate = 2;            // a value of kPlanar
constexpr std::uint64_t kReduced = 1, kMask = 4;  // bits of kSubfileType
constexpr int kMaxPages = 64;                     // that are looked at

bool is_copy(const TiffDirectory& directory) {
  return (directory.value_or(kSubfileType, 0) & (kReduced | kMask)) != 0;
}

// Raw files of cameras are TIFF files whose first directory is a small preview: taken for the image, it
// would be a wrong one.
void refuse_camera_raw(const FileBytes& bytes, const TiffDirectory& directory, const std::string& name) {
  const std::uint64_t photometric = directory.value_or(kPhotometric, 0);
  if (directory.find(kDngVersion) != nullptr) throw_unsupported(name, "camera raw (DNG)");
  if (bytes.has("CR", 8) || photometric == kColourFilterArray || photometric == kLinearRaw ||
      (directory.value_or(kSubfileType, 0) & kReduced) != 0)
    throw_unsupported(name, "camera raw, or a TIFF that begins with a reduced copy,");
}

void refuse_pages(TiffDirectory directory, const std::string& name) {
  for (int page = 0; page < kMaxPages && directory.next() != 0; ++page) {
    if (!directory.open_next(directory.next()) || directory.find(kWidth) == nullptr) return;
    if (!is_copy(directory))
      throw_unsupported(name, "a TIFF of several pages", "save the page that you mean as a file of its own");
  }
}

// How many strips or tiles the image has.
std::uint64_t blocks_of(const TiffDirectory& directory, bool tiled, std::uint64_t width,
                        std::uint64_t height) {
  const auto parts = [](std::uint64_t all, std::uint64_t each) {
    return each == 0 ? 1 : all / each + (all % each != 0 ? 1 : 0);
  };
  const std::uint64_t planes =
      directory.value_or(kPlanar, 1) == kSeparate ? directory.value_or(kSamples, 1) : 1;
  if (!tiled) return planes * parts(height, directory.value_or(kRowsPerStrip, 0));
  return planes * parts(width, directory.value_or(kTileWidth, 0)) *
         parts(height, directory.value_or(kTileHeight, 0));
}

}  // namespace

ImageHeader inspect_tiff(const FileBytes& bytes, const std::string& name) {
  ImageHeader header{.format = ImageFormat::tiff};
  TiffDirectory directory;
  if (!directory.open(bytes.part(0, bytes.size()))) throw_cut_off(name, "TIFF", bytes.size());
  refuse_camera_raw(bytes, directory, name);
  refuse_pages(directory, name);
  const std::uint64_t width = directory.value_or(kWidth, 0), height = directory.value_or(kHeight, 0);
  if (width == 0 || height == 0) throw_damaged(name, "TIFF", "no size");
  if (width > INT32_MAX || height > INT32_MAX) throw_damaged(name, "TIFF", "a senseless size");
  header.width = static_cast<std::int64_t>(width);
  header.height = static_cast<std::int64_t>(height);
  header.orientation = orientation_of(directory);
  const bool tiled = directory.find(kTileOffsets) != nullptr;
  const auto* offsets = directory.find(tiled ? kTileOffsets : kStripOffsets);
  const auto* sizes = directory.find(tiled ? kTileSizes : kStripSizes);
  if (directory.value_or(kCompression, 1) == kOldJpeg) throw_unsupported(name, "TIFF's old JPEG compression");
  if (!offsets || !sizes || offsets->count != sizes->count) throw_cut_off(name, "TIFF", bytes.size());
  if (offsets->count != blocks_of(directory, tiled, width, height))
    throw_damaged(name, "TIFF", "more or fewer strips or tiles than its size needs");
  for (std::uint64_t i = 0; i < offsets->count; ++i) {
    const std::uint64_t offset = directory.value(*offsets, i), size = directory.value(*sizes, i);
    if (offset > bytes.size() || size > bytes.size() - offset) throw_cut_off(name, "TIFF", bytes.size());
  }
  return header;
}

}  // namespace poster::io
