#include "io/video/frame_image.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/image/orientation.h"

namespace poster::io {
namespace {

// Rows begin on 64 bytes: the scaler's vector code may write a little beyond the last pixel of a row.
constexpr int kAlignment = 64;

// As EXIF has it. The matrix maps a stored pixel (p, q) to (a p + c q, b p + d q) on the screen.
int orientation_of(const std::int32_t* matrix) {
  if (!matrix) return 1;
  const std::int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  if (std::abs(b) + std::abs(c) > std::abs(a) + std::abs(d)) return b < 0 ? (c < 0 ? 7 : 8) : (c < 0 ? 6 : 5);
  return a < 0 ? (d < 0 ? 3 : 2) : (d < 0 ? 4 : 1);
}

bool is_full_range(const AVFrame& frame) {
  const char* const name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format));
  return frame.color_range == AVCOL_RANGE_JPEG || (name && std::string_view(name).starts_with("yuvj"));
}

// Width and height with square pixels; an aspect beyond 16 is no honest one.
std::pair<int, int> square_size(const AVFrame& frame, AVRational aspect) {
  const double ratio = aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1;
  if (ratio > 16 || ratio < 1.0 / 16) return {frame.width, frame.height};
  const auto stretched = [](int side, double by) { return static_cast<int>(std::lround(side * by)); };
  return {ratio > 1 ? stretched(frame.width, ratio) : frame.width,
          ratio < 1 ? stretched(frame.height, 1 / ratio) : frame.height};
}

}  // namespace

struct FrameImage::Buffer {
  std::uint8_t* planes[4] = {};
  int strides[4] = {};
  int width = 0, height = 0;

  ~Buffer() { av_freep(&planes[0]); }
  void resize(int w, int h) {
    if (w == width && h == height) return;
    av_freep(&planes[0]);
    width = height = 0;
    if (av_image_alloc(planes, strides, w, h, AV_PIX_FMT_RGB24, kAlignment) < 0) throw std::bad_alloc();
    width = w;
    height = h;
  }
};

FrameImage::FrameImage() : buffer_(std::make_unique<Buffer>()) {}
FrameImage::~FrameImage() = default;

void FrameImage::convert(const AVFrame& frame, AVRational pixel_aspect, const std::int32_t* matrix,
                         Image& image) {
  const auto [width, height] = square_size(frame, pixel_aspect);
  if (width < 1 || height < 1 || width > kMaxImageSide || height > kMaxImageSide ||
      std::int64_t{width} * height > kMaxImagePixels)
    throw Error("a frame of " + std::to_string(width) + "x" + std::to_string(height) +
                " pixels, beyond the limit of " + std::to_string(kMaxImageSide) + " a side and " +
                std::to_string(kMaxImagePixels) + " in all; scale the film down");
  const auto format = static_cast<AVPixelFormat>(frame.format);
  buffer_->resize(width, height);
  // Exact rounding, so that the same film gives the same bits on every machine.
  constexpr int kFlags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT;
  scaler_.reset(sws_getCachedContext(scaler_.release(), frame.width, frame.height, format, width, height,
                                     AV_PIX_FMT_RGB24, kFlags, nullptr, nullptr, nullptr));
  if (!scaler_) {
    const char* const name = av_get_pix_fmt_name(format);
    throw Error("pixels of the kind " + std::string(name ? name : "?") + " cannot be read; convert the film");
  }
  const int* const coefficients = sws_getCoefficients(frame.colorspace);
  sws_setColorspaceDetails(scaler_.get(), coefficients, is_full_range(frame) ? 1 : 0, coefficients, 1, 0,
                           1 << 16, 1 << 16);
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, buffer_->planes,
                buffer_->strides) != height)
    throw Error("the pixels of a frame cannot be converted; convert the film");

  Image stored(width, height);
  for (int y = 0; y < height; ++y)
    std::memcpy(stored.row(y), buffer_->planes[0] + static_cast<std::ptrdiff_t>(buffer_->strides[0]) * y,
                static_cast<std::size_t>(3) * width);
  image = upright(std::move(stored), orientation_of(matrix));
}

}  // namespace poster::io
