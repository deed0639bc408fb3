// PNG through libpng: palettes are looked up, 16 bits keep their upper byte, alpha is dropped. Checksums are
// compared here, those of all chunks: where a text is damaged the rest of the file can't be trusted either.
// What libpng warns of while it reads the pixels (too few, too many, zlib's checksum) is an error; chunks
// that don't bear on the pixels, of which it warns most, aren't read.
#include <libdeflate.h>
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>
#include <string_view>

#include "io/codec/decoders.h"
#include "io/codec/file_bytes.h"
#include "io/codec/image_error.h"
#include "io/codec/image_reader.h"

namespace poster::io {
namespace {

// libpng's error function must not return: it jumps to run(), over C's frames alone, and run() has no object
// whose destructor would be passed over.
class PngSession {
 public:
  explicit PngSession(std::span<const std::uint8_t> bytes) : left_(bytes) {}
  ~PngSession() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngSession(const PngSession&) = delete;
  PngSession& operator=(const PngSession&) = delete;

  // False when it failed: see message().
  bool run(Image& image) {
    if (setjmp(escape_) != 0) return false;
    png_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this, [](png_structp png, png_const_charp text) { of(png).fail(text); },
        [](png_structp png, png_const_charp text) {
          if (std::strncmp(text, "IDAT", 4) == 0) of(png).fail(text);
        });
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) fail(kNoMemory);
    png_set_read_fn(png_, this, [](png_structp png, png_bytep target, png_size_t count) {
      auto& session = *static_cast<PngSession*>(png_get_io_ptr(png));
      session.read(target, count);
    });
    png_set_crc_action(png_, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_user_limits(png_, kMaxImageSide, kMaxImageSide);
    png_read_info(png_, info_);
    png_set_palette_to_rgb(png_);
    png_set_expand_gray_1_2_4_to_8(png_);
    png_set_strip_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_strip_alpha(png_);
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_image_width(png_, info_) != static_cast<png_uint_32>(image.width) ||
        png_get_image_height(png_, info_) != static_cast<png_uint_32>(image.height) ||
        png_get_rowbytes(png_, info_) != static_cast<std::size_t>(image.width) * 3)
      fail("two sizes");
    for (int pass = 0; pass < passes; ++pass)
      for (int y = 0; y < image.height; ++y) png_read_row(png_, image.row(y), nullptr);
    png_read_end(png_, nullptr);
    return true;
  }

  std::string_view message() const { return message_; }
  bool out_of_memory() const { return message().find("memory") != std::string_view::npos; }

 private:
  static constexpr const char* kNoMemory = "Out of memory";

  static PngSession& of(png_structp png) { return *static_cast<PngSession*>(png_get_error_ptr(png)); }

  [[noreturn]] void fail(const char* text) {
    std::snprintf(message_, sizeof message_, "%s", text);
    std::longjmp(escape_, 1);
  }

  void read(png_bytep target, std::size_t count) {
    if (count > left_.size()) fail("it ends early");
    std::memcpy(target, left_.data(), count);
    left_ = left_.subspan(count);
  }

  std::span<const std::uint8_t> left_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf escape_{};
  char message_[128] = "";
};

// The chunks lie within the file and end with IEND: the header was read.
void check_chunks(const FileBytes& bytes, const ImageHeader& header, const std::string& name) {
  std::uint64_t coded = 0;
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const std::size_t length = bytes.big32(at);
    if (libdeflate_crc32(0, bytes.at(at + 4), length + 4) != bytes.big32(at + 8 + length))
      throw_damaged(name, "PNG", "the checksum of a chunk is wrong");
    if (bytes.has("IDAT", at + 4)) coded += length;
    if (bytes.has("IEND", at + 4)) break;
    at += length + 12;
  }
  // Deflate makes at most 1032 bytes of one (zlib.net/zlib_tech.html): less can't be this image, and no
  // memory is taken for it. A pixel has at least a bit.
  const auto pixels = static_cast<std::uint64_t>(header.width * header.height);
  if (coded < pixels / 8 / 1032) throw_damaged(name, "PNG", "pixels are missing");
}

}  // namespace

Image decode_png(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name) {
  check_chunks(bytes, header, name);
  Image image(static_cast<int>(header.width), static_cast<int>(header.height));
  PngSession session(bytes);
  if (session.run(image)) return image;
  if (session.out_of_memory()) throw std::bad_alloc();
  throw_damaged(name, "PNG", session.message());
}

}  // namespace poster::io
