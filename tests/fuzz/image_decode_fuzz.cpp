// Images of every format, decoded. Checksums of PNG files are mended first, so that changes get past them.
#include <libdeflate.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "engine/error.h"
#include "io/codec/file_bytes.h"
#include "io/codec/image_header.h"
#include "io/codec/image_reader.h"

namespace {

constexpr std::int64_t kMaxPixels = 1 << 16;  // larger ones take long and show nothing else

void mend_png(std::vector<std::uint8_t>& png) {
  if (png.size() < 8 || png[0] != 0x89) return;
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::uint64_t length = poster::io::FileBytes(png).big(at, 4);
    if (length > png.size() - at - 12) return;
    const std::uint32_t sum = libdeflate_crc32(0, &png[at + 4], length + 4);
    for (std::size_t i = 0; i < 4; ++i)
      png[at + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    at += length + 12;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes(data, data + size);
  mend_png(bytes);
  try {
    const poster::io::ImageHeader header = poster::io::inspect_image_header(bytes, "f");
    if (header.width > kMaxPixels || header.height > kMaxPixels || header.width * header.height > kMaxPixels)
      return 0;
    const poster::io::Image image = poster::io::decode_image(bytes, "f");
    const bool turned = header.orientation >= 5;
    if (image.width != (turned ? header.height : header.width) ||
        image.height != (turned ? header.width : header.height))
      std::abort();
    if (image.rgb.size() != static_cast<std::size_t>(header.width * header.height * 3)) std::abort();
    // The same bytes are the same image: nothing is left as the memory was.
    if (poster::io::decode_image(bytes, "f") != image) std::abort();
  } catch (const poster::Error& error) {
    if (std::strchr(error.what(), '\n') != nullptr) std::abort();
  }
  return 0;
}
