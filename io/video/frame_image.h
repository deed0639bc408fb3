// From what a decoder gives to an image: colours, and which way is up.
#pragma once

#include <cstdint>
#include <memory>

#include "io/image/image.h"
#include "io/video/ffmpeg.h"

namespace poster::io {

class FrameImage {
 public:
  FrameImage();
  ~FrameImage();

  // 8-bit RGB of the frame's own size, by its colour matrix and range; where it names none, ITU-R BT.601 with
  // limited range, as FFmpeg has it. Alpha is dropped. `pixel_aspect` is a pixel's width by its height: where
  // pixels aren't square, the shorter side is stretched, since faces would be squashed. `matrix` is a display
  // matrix (libavutil/display.h) or null: turned by the nearest quarter and mirrored as it says. Throws
  // poster::Error for a kind of pixels that can't be converted, and a frame beyond the caps of
  // image_reader.h.
  void convert(const AVFrame& frame, AVRational pixel_aspect, const std::int32_t* matrix, Image& image);

 private:
  ffmpeg::Scaler scaler_;
  struct Buffer;
  std::unique_ptr<Buffer> buffer_;
};

}  // namespace poster::io
