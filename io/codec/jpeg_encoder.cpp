// JPEG through libjpeg.
#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs it
#include <cstdlib>
#include <new>
//
#include <jerror.h>
#include <jpeglib.h>

#include "engine/error.h"
#include "io/codec/encoders.h"

namespace poster::io {
namespace {

constexpr int kQuality = 95;

// libjpeg ends a call by error_exit, which must not return: it jumps to run(), over C's frames alone, and run()
// has no object whose destructor would be passed over.
class JpegWriter {
 public:
  JpegWriter() {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = [](j_common_ptr jpeg) {
      JpegWriter& writer = *static_cast<JpegWriter*>(jpeg->client_data);
      (*jpeg->err->format_message)(jpeg, writer.message_);
      std::longjmp(writer.escape_, 1);
    };
    errors_.output_message = [](j_common_ptr) {};
  }
  ~JpegWriter() {
    jpeg_destroy_compress(&jpeg_);
    std::free(bytes_);
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  // False when it failed: see message().
  bool run(const RgbRows& rows) {
    if (setjmp(escape_) != 0) return false;
    jpeg_create_compress(&jpeg_);
    jpeg_mem_dest(&jpeg_, &bytes_, &size_);
    jpeg_.image_width = static_cast<JDIMENSION>(rows.width);
    jpeg_.image_height = static_cast<JDIMENSION>(rows.height);
    jpeg_.input_components = 3;
    jpeg_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg_);
    jpeg_set_quality(&jpeg_, kQuality, TRUE);
    jpeg_start_compress(&jpeg_, TRUE);
    for (int y = 0; y < rows.height; ++y) {
      JSAMPROW row = const_cast<JSAMPROW>(rows.row(y));  // it is only read
      jpeg_write_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_compress(&jpeg_);
    return true;
  }

  std::vector<std::uint8_t> bytes() const { return {bytes_, bytes_ + size_}; }
  bool out_of_memory() const { return errors_.msg_code == JERR_OUT_OF_MEMORY; }
  const char* message() const { return message_; }

 private:
  jpeg_compress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf escape_{};
  unsigned char* bytes_ = nullptr;  // malloc's
  unsigned long size_ = 0;
  char message_[JMSG_LENGTH_MAX] = "";
};

}  // namespace

std::vector<std::uint8_t> encode_jpeg(const RgbRows& rows, const std::string& name) {
  JpegWriter writer;
  if (writer.run(rows)) return writer.bytes();
  if (writer.out_of_memory()) throw std::bad_alloc();
  throw Error(name + ": the image cannot be encoded as JPEG: " + writer.message());
}

}  // namespace poster::io
