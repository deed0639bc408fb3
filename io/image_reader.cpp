#include "io/image_reader.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <vector>

#include "engine/error.h"
#include "io/image_header.h"
#include "io/isa.h"

namespace poster::io {
namespace {

std::string lower_extension(const std::string& name) {
  std::string extension = std::filesystem::path(name).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) throw Error(path + ": no such picture; check the path");
  if (std::filesystem::is_directory(status))
    throw Error(path + ": a folder, not a picture; rename or remove it");
  if (!std::filesystem::is_regular_file(status))
    throw Error(path + ": not a regular file; name a picture file");
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw Error(path + ": cannot be read (" + error.message() + "); check the file system");
  if (size == 0) throw Error(path + ": the file is empty; fetch it again, or delete it");
  if (size > static_cast<std::uintmax_t>(kMaxImageFileBytes))
    throw Error(path + ": a file of " + std::to_string(size) + " bytes, more than " +
                std::to_string(kMaxImageFileBytes) + "; scale the picture down");
  std::vector<std::uint8_t> bytes(size);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be opened (" + std::strerror(errno) + "); check its permissions");
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (file.gcount() != static_cast<std::streamsize>(size))
    throw Error(path + ": cannot be read to its end; check the disk");
  return bytes;
}

// RGB from BGR, and back.
POSTER_IO_INLINE void swap_channels(const std::uint8_t* __restrict source, std::uint8_t* __restrict target,
                                    int pixels) {
  for (int x = 0; x < 3 * pixels; x += 3) {
    target[x] = source[x + 2];
    target[x + 1] = source[x + 1];
    target[x + 2] = source[x];
  }
}
POSTER_IO_AVX2 void swap_channels_avx2(const std::uint8_t* source, std::uint8_t* target, int pixels) {
  swap_channels(source, target, pixels);
}
void swap_row(const std::uint8_t* source, std::uint8_t* target, int pixels) {
  has_avx2() ? swap_channels_avx2(source, target, pixels) : swap_channels(source, target, pixels);
}

// Upright picture from OpenCV's BGR rows: the orientation is a walk over the source from another corner.
Image upright_rgb(const cv::Mat& bgr, int orientation) {
  if (orientation == 1) {
    Image image(bgr.cols, bgr.rows);
    for (int y = 0; y < image.height; ++y) swap_row(bgr.ptr(y), image.row(y), image.width);
    return image;
  }
  const bool transposed = orientation >= 5;
  Image image(transposed ? bgr.rows : bgr.cols, transposed ? bgr.cols : bgr.rows);
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const std::ptrdiff_t column = from_right ? -3 : 3;
  const auto pitch = static_cast<std::ptrdiff_t>(bgr.step[0]);
  const std::ptrdiff_t line = from_bottom ? -pitch : pitch;
  const std::ptrdiff_t step_x = transposed ? line : column, step_y = transposed ? column : line;
  const std::uint8_t* start =
      bgr.ptr() + (from_right ? (bgr.cols - 1) * 3 : 0) + (from_bottom ? (bgr.rows - 1) * pitch : 0);
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* source = start + y * step_y;
    std::uint8_t* target = image.row(y);
    for (int x = 0; x < image.width; ++x, source += step_x, target += 3) {
      target[0] = source[2];
      target[1] = source[1];
      target[2] = source[0];
    }
  }
  return image;
}

}  // namespace

Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (bytes.empty()) throw Error(name + ": the file is empty; fetch it again, or delete it");
  const ImageHeader header = inspect_image_header(bytes, name);
  if (header.width <= 0 || header.height <= 0)
    throw Error(name + ": damaged header (no size); fetch or export it again, or delete it");
  if (header.width > kMaxImageSide || header.height > kMaxImageSide ||
      header.width * header.height > kMaxImagePixels)
    throw Error(name + ": " + std::to_string(header.width) + "x" + std::to_string(header.height) +
                " pixels, more than the limit of " + std::to_string(kMaxImageSide) + " a side and " +
                std::to_string(kMaxImagePixels) + " in all; scale it down");
  // The decoder would multiply such colours by their alpha; called associated, they are taken as they are.
  std::vector<std::uint8_t> patched;
  if (header.unassociated_alpha != 0) {
    patched.assign(bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < 2; ++i) patched[header.unassociated_alpha + i] /= 2;  // 2 becomes 1
    bytes = patched;
  }
  cv::Mat bgr;
  try {
    const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1,
                          const_cast<std::uint8_t*>(bytes.data()));
    bgr = cv::imdecode(encoded, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception&) {
    bgr.release();
  }
  if (bgr.empty() || bgr.type() != CV_8UC3 || bgr.cols != header.width || bgr.rows != header.height)
    throw Error(name + ": damaged picture, it cannot be decoded; fetch or export it again, or delete it");
  return upright_rgb(bgr, header.orientation);
}

Image read_image(const std::string& path) { return decode_image(read_bytes(path), path); }

std::vector<std::uint8_t> encode_image(const Image& image, const std::string& path) {
  const std::string extension = lower_extension(path);
  const bool jpeg = extension == ".jpg" || extension == ".jpeg";
  if (!jpeg && extension != ".png")
    throw Error(path + ": cannot write a picture of this kind; end its name in .jpg or .png");
  cv::Mat bgr(image.height, image.width, CV_8UC3);
  for (int y = 0; y < image.height; ++y) swap_row(image.row(y), bgr.ptr(y), image.width);
  std::vector<std::uint8_t> bytes;
  bool encoded = false;
  try {
    encoded = cv::imencode(jpeg ? ".jpg" : ".png", bgr, bytes);
  } catch (const cv::Exception&) {
    encoded = false;
  }
  if (!encoded) throw Error(path + ": the picture cannot be encoded; it must have at least one pixel");
  return bytes;
}

void write_image(const std::string& path, const Image& image) {
  const std::vector<std::uint8_t> bytes = encode_image(image, path);
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.flush();
  if (!file)
    throw Error(path + ": cannot be written (" + std::strerror(errno) +
                "); check the folder and the free space");
}

}  // namespace poster::io
