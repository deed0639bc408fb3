#include "io/codec/image_reader.h"

#include <filesystem>
#include <new>
#include <system_error>

#include "engine/error.h"
#include "io/codec/decoders.h"
#include "io/codec/image_header.h"
#include "io/format/input_file.h"
#include "io/image/orientation.h"

namespace poster::io {
namespace {

// The pixels as the file has them, before its orientation.
Image decode_stored(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name) {
  switch (header.format) {
    case ImageFormat::jpeg:
      return decode_jpeg(bytes, header, name);
    case ImageFormat::png:
      return decode_png(bytes, header, name);
    case ImageFormat::bmp:
      return decode_bmp(bytes, header, name);
    case ImageFormat::pnm:
      return decode_pnm(bytes, header, name);
    case ImageFormat::webp:
      return decode_webp(bytes, header, name);
    case ImageFormat::tiff:
      break;
  }
  return decode_tiff(bytes, header, name);
}

void check_size(const ImageHeader& header, const std::string& name) {
  if (header.width <= 0 || header.height <= 0)
    throw Error(name + ": damaged header (no size); fetch or export it again, or delete it");
  if (header.width > kMaxImageSide || header.height > kMaxImageSide ||
      header.width * header.height > kMaxImagePixels)
    throw Error(name + ": " + std::to_string(header.width) + "x" + std::to_string(header.height) +
                " pixels, more than the limit of " + std::to_string(kMaxImageSide) + " a side and " +
                std::to_string(kMaxImagePixels) + " in all; scale it down");
}

}  // namespace

Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (bytes.empty()) throw Error(name + ": the file is empty; fetch it again, or delete it");
  ImageHeader header;
  try {
    header = inspect_image_header(bytes, name);
    check_size(header, name);
    return upright(decode_stored(bytes, header, name), header.orientation);
  } catch (const std::bad_alloc&) {
    throw Error(name + ": too little memory to decode " + std::to_string(header.width) + "x" +
                std::to_string(header.height) + " pixels; free some, or scale the image down");
  }
}

Image read_image(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) throw Error(path + ": no such image; check the path");
  const InputFile file(path);
  if (file.size() > static_cast<std::uint64_t>(kMaxImageFileBytes))
    throw Error(path + ": a file of " + describe_size(file.size()) + ", more than " +
                describe_size(kMaxImageFileBytes) + "; scale the image down");
  return decode_image(read_file_bytes(path, kMaxImageFileBytes), path);
}

}  // namespace poster::io
