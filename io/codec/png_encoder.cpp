// PNG through libpng.
#include <png.h>
#include <zlib.h>

#include <csetjmp>
#include <cstdio>
#include <new>
#include <string_view>

#include "engine/error.h"
#include "io/codec/encoders.h"

namespace poster::io {
namespace {

// libpng's error function must not return: it jumps to run(), over C's frames alone, and run() has no object
// whose destructor would be passed over.
class PngWriter {
 public:
  PngWriter() = default;
  ~PngWriter() { png_destroy_write_struct(&png_, &info_); }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  // False when it failed: see message().
  bool run(const RgbRows& rows) {
    if (setjmp(escape_) != 0) return false;
    png_ = png_create_write_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp text) {
          static_cast<PngWriter*>(png_get_error_ptr(png))->fail(text);
        },
        [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) fail(kNoMemory);
    png_set_write_fn(
        png_, this,
        [](png_structp png, png_bytep data, png_size_t count) {
          static_cast<PngWriter*>(png_get_io_ptr(png))->append(data, count);
        },
        nullptr);
    png_set_filter(png_, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    png_set_compression_level(png_, Z_BEST_SPEED);
    png_set_compression_strategy(png_, Z_RLE);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(rows.width), static_cast<png_uint_32>(rows.height), 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png_, info_);
    for (int y = 0; y < rows.height; ++y) png_write_row(png_, rows.row(y));
    png_write_end(png_, info_);
    return true;
  }

  std::vector<std::uint8_t> take() { return std::move(bytes_); }
  bool out_of_memory() const { return message_.find("memory") != std::string_view::npos; }
  std::string message() const { return std::string(message_); }

 private:
  static constexpr const char* kNoMemory = "Out of memory";

  [[noreturn]] void fail(const char* text) {
    std::snprintf(text_, sizeof text_, "%s", text);
    message_ = text_;
    std::longjmp(escape_, 1);
  }

  // No exception may pass through C's frames, and none must be alive where fail() jumps.
  void append(const unsigned char* data, std::size_t count) {
    bool room = true;
    try {
      bytes_.insert(bytes_.end(), data, data + count);
    } catch (const std::bad_alloc&) {
      room = false;
    }
    if (!room) fail(kNoMemory);
  }

  std::vector<std::uint8_t> bytes_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf escape_{};
  char text_[128] = "";
  std::string_view message_ = text_;
};

}  // namespace

std::vector<std::uint8_t> encode_png(const RgbRows& rows, const std::string& name) {
  PngWriter writer;
  if (writer.run(rows)) return writer.take();
  if (writer.out_of_memory()) throw std::bad_alloc();
  throw Error(name + ": the image cannot be encoded as PNG: " + writer.message());
}

}  // namespace poster::io
