#include <webp/decode.h>

#include <new>
#include <vector>

#include "io/codec/decoders.h"
#include "io/codec/image_error.h"

namespace poster::io {
namespace {

constexpr std::size_t kWorkingMemory = 1 << 20;  // in pixels, beside the image's: tables, a cache of rows

}  // namespace

Image decode_webp(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) throw_unsupported(name, "WebP of this version");
  if (WebPGetFeatures(bytes.data(), bytes.size(), &config.input) != VP8_STATUS_OK)
    throw_damaged(name, "WebP", "its header contradicts itself");
  if (config.input.width != header.width || config.input.height != header.height)
    throw_damaged(name, "WebP", "two sizes");
  Image image(config.input.width, config.input.height);
  // MODE_RGB leaves alpha out and doesn't multiply by it.
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {.rgba = image.rgb.data(), .stride = 3 * image.width, .size = image.rgb.size()};
  const VP8StatusCode status = WebPDecode(bytes.data(), bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status == VP8_STATUS_OUT_OF_MEMORY) throw std::bad_alloc();
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) throw_damaged(name, "WebP", "pixels are missing");
  if (status == VP8_STATUS_OK) return image;
  // It says the same of memory that can't be had while codes are read: is there as much as it works with?
  std::vector<std::uint32_t>().reserve(image.rgb.size() / 3 + kWorkingMemory);
  throw_damaged(name, "WebP", "its pixels can't be decoded");
}

}  // namespace poster::io
