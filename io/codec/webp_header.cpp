// WebP container specification: RIFF chunks; VP8 (RFC 6386), VP8L or VP8X tells the size.
#include "io/codec/format_headers.h"
#include "io/codec/image_error.h"
#include "io/codec/tiff_directory.h"

namespace poster::io {

ImageHeader inspect_webp(const FileBytes& bytes, const std::string& name) {
  ImageHeader header{.format = ImageFormat::webp};
  if (bytes.size() < 20) throw_cut_off(name, "WebP", bytes.size());
  const std::uint64_t end = bytes.little(4, 4) + 8;
  if (end > bytes.size()) throw_cut_off(name, "WebP", bytes.size());
  bool pixels = false;
  for (std::uint64_t at = 12; at + 8 <= end;) {
    const std::uint64_t length = bytes.little(at + 4, 4), data = at + 8;
    if (data + length > end) throw_cut_off(name, "WebP", bytes.size());
    const bool lossless = bytes.has("VP8L", at), lossy = bytes.has("VP8 ", at);
    if (pixels && (lossless || lossy)) throw_damaged(name, "WebP", "two images in it");
    if (bytes.has("VP8X", at) && length >= 10) {
      if (bytes[data] & 2)
        throw_unsupported(name, "animated WebP", "save the image that you mean as a file of its own");
      header.width = static_cast<std::int64_t>(bytes.little(data + 4, 3)) + 1;
      header.height = static_cast<std::int64_t>(bytes.little(data + 7, 3)) + 1;
    } else if (lossless && length >= 5 && header.width == 0) {
      const std::uint32_t bits = bytes.little32(data + 1);
      header.width = (bits & 0x3FFF) + 1;
      header.height = (bits >> 14 & 0x3FFF) + 1;
    } else if (lossy && length >= 10 && header.width == 0) {
      header.width = static_cast<std::int64_t>(bytes.little(data + 6, 2) & 0x3FFF);
      header.height = static_cast<std::int64_t>(bytes.little(data + 8, 2) & 0x3FFF);
    } else if (bytes.has("EXIF", at)) {
      const std::uint64_t prefix = length >= 6 && bytes.has({"Exif\0\0", 6}, data) ? 6 : 0;
      header.orientation = exif_orientation(bytes.part(data + prefix, length - prefix));
    }
    pixels |= lossless || lossy;
    at = data + length + (length & 1);
  }
  if (header.width == 0 || header.height == 0 || !pixels) throw_damaged(name, "WebP", "no image in it");
  return header;
}

}  // namespace poster::io
