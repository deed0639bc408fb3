// One decoder for each format: the stored pixels as RGB, before the orientation is applied. The header was
// taken from the same bytes and its size allowed. They throw poster::Error, prefixed by `name`, when the
// pixels are damaged or of a kind that isn't read, and std::bad_alloc. Nothing is written to the terminal, no
// state is shared: threads may decode at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "io/codec/image_header.h"
#include "io/image/image.h"

namespace poster::io {

Image decode_jpeg(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name);
Image decode_png(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name);
Image decode_bmp(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name);
Image decode_webp(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name);
Image decode_tiff(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name);
Image decode_pnm(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name);

}  // namespace poster::io
