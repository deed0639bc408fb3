// Images are written by OpenCV, whose JPEG is libjpeg-turbo's.
#include <cctype>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <vector>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/codec/opencv_error.h"
#include "io/codec/opencv_log.h"
#include "io/format/atomic_file.h"
#include "kernels/cpu/avx2_loop.h"

namespace poster::io {
namespace {

std::string lower_extension(const std::string& name) {
  std::string extension = std::filesystem::path(name).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

// BGR from RGB.
POSTER_LOOP_BODY void swap_channels(const std::uint8_t* __restrict source, std::uint8_t* __restrict target,
                                    int pixels) {
  for (int x = 0; x < 3 * pixels; x += 3) {
    target[x] = source[x + 2];
    target[x + 1] = source[x + 1];
    target[x + 2] = source[x];
  }
}
POSTER_AVX2 void swap_channels_avx2(const std::uint8_t* source, std::uint8_t* target, int pixels) {
  swap_channels(source, target, pixels);
}
void swap_row(const std::uint8_t* source, std::uint8_t* target, int pixels) {
  kernels::use_avx2() ? swap_channels_avx2(source, target, pixels) : swap_channels(source, target, pixels);
}

}  // namespace

std::vector<std::uint8_t> encode_image(const Image& image, const std::string& path) {
  const std::string extension = lower_extension(path);
  const bool jpeg = extension == ".jpg" || extension == ".jpeg";
  if (!jpeg && extension != ".png")
    throw Error(path + ": cannot write an image of this kind; end its name in .jpg or .png");
  cv::Mat bgr(image.height, image.width, CV_8UC3);
  for (int y = 0; y < image.height; ++y) swap_row(image.row(y), bgr.ptr(y), image.width);
  std::vector<std::uint8_t> bytes;
  bool encoded = false;
  silence_opencv();
  try {
    encoded = cv::imencode(jpeg ? ".jpg" : ".png", bgr, bytes);
  } catch (const cv::Exception& error) {
    rethrow_out_of_memory(error, "encoding", path);
  }
  if (!encoded) throw Error(path + ": the image cannot be encoded; it must have at least one pixel");
  return bytes;
}

void write_image(const std::string& path, const Image& image) {
  const std::vector<std::uint8_t> bytes = encode_image(image, path);
  const std::span<const std::byte> piece = std::as_bytes(std::span(bytes));
  write_file_atomically(path, {&piece, 1});
}

}  // namespace poster::io
