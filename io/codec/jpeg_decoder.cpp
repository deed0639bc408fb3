// JPEG through libjpeg-turbo's own interface, with its defaults (the accurate integer transform, smooth
// upsampling), which Pillow and OpenCV use as well: the pixels are theirs. Its warnings, which they swallow,
// are errors here.
//
// Tolerated, because whole images show it and the pixels are the same:
//   - an unknown Adobe colour code or JFIF version, and spectral parameters that a sequential scan
//     must ignore;
//   - bytes between the segments before the first scan, which hold no pixels;
//   - zeros and 0xFF behind a scan or before a restart marker: what cameras fill up with.
// Everything else is damage: data that end early or go on when the image is full (what remains of a size
// that lies, or of bytes overwritten), codes that don't exist, restart markers that don't follow each other.
// What can and can't be known: io/codec/jpeg_scans.h. The arithmetic coder (rare) takes missing data for
// zeros.
#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs it
#include <new>
//
#include <jerror.h>
#include <jpeglib.h>

#include "io/codec/decoders.h"
#include "io/codec/image_error.h"
#include "io/codec/jpeg_scans.h"

namespace poster::io {
namespace {

// libjpeg ends a call by error_exit, which must not return: it jumps to run(). Between there and here are C's
// frames alone, and run() has no object whose destructor would be passed over.
class JpegSession {
 public:
  explicit JpegSession(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = [](j_common_ptr jpeg) { of(jpeg).fail(); };
    errors_.emit_message = [](j_common_ptr jpeg, int level) {
      if (level < 0 && !of(jpeg).tolerates()) of(jpeg).fail();
    };
    errors_.output_message = [](j_common_ptr) {};
  }
  ~JpegSession() { jpeg_destroy_decompress(&jpeg_); }
  JpegSession(const JpegSession&) = delete;
  JpegSession& operator=(const JpegSession&) = delete;

  // False when it failed: see code() and message().
  bool run(Image& image) {
    if (setjmp(escape_) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_mem_src(&jpeg_, bytes_.data(), bytes_.size());
    jpeg_read_header(&jpeg_, TRUE);
    pixels_begin_ = true;
    const bool four = jpeg_.num_components == 4;
    jpeg_.out_color_space = four ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&jpeg_);
    same_size_ = jpeg_.output_width == static_cast<JDIMENSION>(image.width) &&
                 jpeg_.output_height == static_cast<JDIMENSION>(image.height);
    if (!same_size_) return false;
    JSAMPARRAY cmyk = nullptr;
    if (four)
      cmyk = (*jpeg_.mem->alloc_sarray)(reinterpret_cast<j_common_ptr>(&jpeg_), JPOOL_IMAGE,
                                        jpeg_.output_width * 4, 1);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = image.row(static_cast<int>(jpeg_.output_scanline));
      jpeg_read_scanlines(&jpeg_, four ? cmyk : &row, 1);
      if (four) rgb_from_cmyk(cmyk[0], row, image.width);
    }
    jpeg_finish_decompress(&jpeg_);  // to the end of the image: is there more?
    return true;
  }

  int code() const { return same_size_ ? code_ : JERR_IMAGE_TOO_BIG; }
  const char* message() const { return same_size_ ? message_ : "two sizes"; }

 private:
  static JpegSession& of(j_common_ptr jpeg) { return *static_cast<JpegSession*>(jpeg->client_data); }

  [[noreturn]] void fail() {
    code_ = errors_.msg_code;
    (*errors_.format_message)(reinterpret_cast<j_common_ptr>(&jpeg_), message_);
    std::longjmp(escape_, 1);
  }

  bool tolerates() const {
    switch (errors_.msg_code) {
      case JWRN_ADOBE_XFORM:
      case JWRN_JFIF_MAJOR:
      case JWRN_NOT_SEQUENTIAL:
        return true;
      case JWRN_EXTRANEOUS_DATA:
        return !pixels_begin_ || only_fill(errors_.msg_parm.i[0]);
      default:
        return false;
    }
  }
  // Whether the last `count` bytes before the marker that was found are zeros and 0xFF.
  bool only_fill(int count) const {
    const std::uint8_t* end = jpeg_.src->next_input_byte;
    const auto before = std::min(static_cast<std::ptrdiff_t>(count), end - bytes_.data());
    return std::all_of(end - before, end, [](std::uint8_t byte) { return byte == 0 || byte == 0xFF; });
  }

  // Adobe's CMYK is inverted: 255 is no ink.
  static void rgb_from_cmyk(const std::uint8_t* cmyk, std::uint8_t* rgb, int pixels) {
    for (int x = 0; x < pixels; ++x, cmyk += 4, rgb += 3) {
      const int k = cmyk[3];
      for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(k - ((255 - cmyk[c]) * k >> 8));
    }
  }

  std::span<const std::uint8_t> bytes_;
  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf escape_{};
  bool pixels_begin_ = false, same_size_ = true;
  int code_ = 0;
  char message_[JMSG_LENGTH_MAX] = "";
};

}  // namespace

Image decode_jpeg(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name) {
  check_jpeg_scans(bytes, name);
  Image image(static_cast<int>(header.width), static_cast<int>(header.height));
  JpegSession session(bytes);
  if (session.run(image)) return image;
  switch (session.code()) {
    case JERR_OUT_OF_MEMORY:
      throw std::bad_alloc();
    case JERR_ARITH_NOTIMPL:
      throw_unsupported(name, "arithmetic-coded JPEG");
    case JWRN_HIT_MARKER:
    case JWRN_JPEG_EOF:
      throw_damaged(name, "JPEG", "pixels are missing");
    case JWRN_EXTRANEOUS_DATA:
      throw_damaged(name, "JPEG", "more data than its size needs");
    default:
      throw_damaged(name, "JPEG", session.message());
  }
}

}  // namespace poster::io
