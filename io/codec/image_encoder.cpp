#include <cctype>
#include <filesystem>
#include <vector>

#include "engine/error.h"
#include "io/codec/encoders.h"
#include "io/codec/image_reader.h"
#include "io/format/atomic_file.h"

namespace poster::io {
namespace {

std::string lower_extension(const std::string& name) {
  std::string extension = std::filesystem::path(name).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

}  // namespace

std::vector<std::uint8_t> encode_image(const Image& image, const std::string& path) {
  const std::string extension = lower_extension(path);
  const bool jpeg = extension == ".jpg" || extension == ".jpeg";
  if (!jpeg && extension != ".png")
    throw Error(path + ": cannot write an image of this kind; end its name in .jpg or .png");
  if (image.width < 1 || image.height < 1)
    throw Error(path + ": the image cannot be encoded; it must have at least one pixel");
  const RgbRows rows{image.rgb.data(), image.width, image.height};
  return jpeg ? encode_jpeg(rows, path) : encode_png(rows, path);
}

void write_image(const std::string& path, const Image& image) {
  const std::vector<std::uint8_t> bytes = encode_image(image, path);
  const std::span<const std::byte> piece = std::as_bytes(std::span(bytes));
  write_file_atomically(path, {&piece, 1});
}

}  // namespace poster::io
