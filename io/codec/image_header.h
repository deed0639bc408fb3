// What an image file says of itself before it is decoded: format, size, orientation, and whether all of it
// is there. Decoders are handed only what passed here, so a hostile header costs no memory and a file that
// was cut off is an error instead of an image with a grey tail.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace poster::io {

enum class ImageFormat { jpeg, png, bmp, pnm, webp, tiff };

struct ImageHeader {
  ImageFormat format = ImageFormat::jpeg;
  std::int64_t width = 0, height = 0;  // as stored, before the orientation is applied
  int orientation = 1;                 // EXIF 2.32, tag 0x0112: 1..8
};

// The format by its first bytes. Throws poster::Error, prefixed by `name`, for other formats and kinds that
// aren't read (by their name when it is a known one), for what isn't an image, for damaged headers and for
// files that end early. A file that holds several images (animated WebP and PNG, pages of a TIFF) is
// refused, too: which of them was meant isn't known. Smaller copies and masks beside an image don't count.
ImageHeader inspect_image_header(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace poster::io
