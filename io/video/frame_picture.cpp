#include "io/video/frame_picture.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "io/image_reader.h"

namespace poster::io {
namespace {

// Rows begin on 64 bytes: the scaler's vector code may write a little beyond the last pixel of a row.
constexpr int kAlignment = 64;

// Where a pixel of the picture comes from, as walks over the decoder's rows: over columns or, transposed,
// over rows, each forwards or backwards.
struct Turn {
  bool transposed = false, from_right = false, from_bottom = false;

  // The matrix maps a stored pixel (p, q) to (a p + c q, b p + d q) on the screen.
  explicit Turn(const std::int32_t* matrix) {
    if (!matrix) return;
    const std::int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
    transposed = std::abs(b) + std::abs(c) > std::abs(a) + std::abs(d);
    from_right = (transposed ? b : a) < 0;
    from_bottom = (transposed ? c : d) < 0;
  }
};

bool is_full_range(const AVFrame& frame) {
  const char* const name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format));
  return frame.color_range == AVCOL_RANGE_JPEG || (name && std::string_view(name).starts_with("yuvj"));
}

}  // namespace

struct FramePicture::Buffer {
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

FramePicture::FramePicture() : buffer_(std::make_unique<Buffer>()) {}
FramePicture::~FramePicture() = default;

void FramePicture::convert(const AVFrame& frame, const std::int32_t* matrix, Image& image) {
  const int width = frame.width, height = frame.height;
  if (width < 1 || height < 1 || width > kMaxImageSide || height > kMaxImageSide ||
      std::int64_t{width} * height > kMaxImagePixels)
    throw Error("a frame of " + std::to_string(width) + "x" + std::to_string(height) +
                " pixels, beyond the limit of " + std::to_string(kMaxImageSide) + " a side and " +
                std::to_string(kMaxImagePixels) + " in all; scale the film down");
  const auto format = static_cast<AVPixelFormat>(frame.format);
  buffer_->resize(width, height);
  // Exact rounding, so that the same film gives the same bits on every machine.
  constexpr int kFlags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT;
  scaler_.reset(sws_getCachedContext(scaler_.release(), width, height, format, width, height,
                                     AV_PIX_FMT_RGB24, kFlags, nullptr, nullptr, nullptr));
  if (!scaler_) {
    const char* const name = av_get_pix_fmt_name(format);
    throw Error("pixels of the kind " + std::string(name ? name : "?") + " cannot be read; convert the film");
  }
  const int* const coefficients = sws_getCoefficients(frame.colorspace);
  sws_setColorspaceDetails(scaler_.get(), coefficients, is_full_range(frame) ? 1 : 0, coefficients, 1, 0,
                           1 << 16, 1 << 16);
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, height, buffer_->planes, buffer_->strides) !=
      height)
    throw Error("the pixels of a frame cannot be converted; convert the film");

  const Turn turn(matrix);
  const int out_width = turn.transposed ? height : width, out_height = turn.transposed ? width : height;
  if (image.width != out_width || image.height != out_height) image = Image(out_width, out_height);
  const std::ptrdiff_t pitch = buffer_->strides[0];
  for (int y = 0; y < out_height; ++y) {
    std::uint8_t* target = image.row(y);
    if (!turn.transposed && !turn.from_right) {
      std::memcpy(target, buffer_->planes[0] + pitch * (turn.from_bottom ? height - 1 - y : y),
                  static_cast<std::size_t>(3) * width);
      continue;
    }
    for (int x = 0; x < out_width; ++x, target += 3) {
      int column = turn.transposed ? y : x, row = turn.transposed ? x : y;
      if (turn.from_right) column = width - 1 - column;
      if (turn.from_bottom) row = height - 1 - row;
      std::memcpy(target, buffer_->planes[0] + pitch * row + 3 * column, 3);
    }
  }
}

}  // namespace poster::io
