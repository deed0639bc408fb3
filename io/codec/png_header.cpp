// PNG specification (third edition), section 5: chunks up to IEND. (Their checksums are the decoder's.)
#include "io/codec/format_headers.h"
#include "io/codec/image_error.h"
#include "io/codec/tiff_directory.h"

namespace poster::io {

ImageHeader inspect_png(const FileBytes& bytes, const std::string& name) {
  ImageHeader header{.format = ImageFormat::png};
  std::size_t at = 8;
  bool pixels = false;
  for (;;) {
    if (at + 12 > bytes.size()) throw_cut_off(name, "PNG", bytes.size());
    const std::size_t length = bytes.big32(at);
    if (length > bytes.size() - at - 12) throw_cut_off(name, "PNG", bytes.size());
    const std::size_t data = at + 8;
    if (at == 8 && (!bytes.has("IHDR", at + 4) || length != 13))
      throw_damaged(name, "PNG", "no header chunk");
    if (at == 8) {
      header.width = bytes.big32(data);
      header.height = bytes.big32(data + 4);
    } else if (bytes.has("eXIf", at + 4)) {
      header.orientation = exif_orientation(bytes.part(data, length));
    } else if (bytes.has("acTL", at + 4) && length >= 8 && bytes.big32(data) > 1) {
      throw_unsupported(name, "animated PNG", "save the image that you mean as a file of its own");
    } else if (bytes.has("IDAT", at + 4)) {
      pixels = true;
    } else if (bytes.has("IEND", at + 4)) {
      break;
    }
    at = data + length + 4;
  }
  if (!pixels) throw_damaged(name, "PNG", "no image in it");
  return header;
}

}  // namespace poster::io
