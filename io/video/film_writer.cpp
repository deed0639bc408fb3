#include "io/video/film_writer.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/new_file.h"
#include "io/video/ffmpeg.h"
#include "io/video/ffmpeg_log.h"

namespace poster::io {
namespace {

constexpr int kWriteBufferBytes = 64 << 10;
constexpr int kFinestRate = 60000;  // 30000/1001 and its kin come out exactly

#if LIBAVFORMAT_VERSION_MAJOR < 61
using Bytes = std::uint8_t*;
#else
using Bytes = const std::uint8_t*;
#endif

struct FreeOutput {
  void operator()(AVFormatContext* context) const { avformat_free_context(context); }
};

}  // namespace

class FilmWriter::Stream {
 public:
  Stream(const std::filesystem::path& path, double frames_per_second, const std::string& program, int width,
         int height);

  void write(const Image& frame);
  void close();

 private:
  static int write_bytes(void* opaque, Bytes bytes, int size);
  static std::int64_t seek(void* opaque, std::int64_t offset, int whence);
  // Throws what writing met, where FFmpeg has only a number.
  void check(int code);

  const std::filesystem::path path_;
  NewFile file_;
  std::uint64_t at_ = 0, size_ = 0;
  std::exception_ptr error_;
  ffmpeg::Io io_;
  std::unique_ptr<AVFormatContext, FreeOutput> context_;
  ffmpeg::Packet packet_;
  AVRational tick_ = {1, 25};
  int width_, height_;
  std::int64_t frames_ = 0;
};

FilmWriter::Stream::Stream(const std::filesystem::path& path, double frames_per_second,
                           const std::string& program, int width, int height)
    : path_(path), file_(path), packet_(av_packet_alloc()), width_(width), height_(height) {
  silence_ffmpeg();
  auto* const buffer = static_cast<unsigned char*>(av_malloc(kWriteBufferBytes));
  if (!buffer || !packet_) throw std::bad_alloc();
  io_.reset(avio_alloc_context(buffer, kWriteBufferBytes, 1, this, nullptr, write_bytes, seek));
  if (!io_) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  AVFormatContext* context = nullptr;
  const int made = avformat_alloc_output_context2(&context, nullptr, "avi", nullptr);
  context_.reset(context);
  if (made == AVERROR(ENOMEM)) throw std::bad_alloc();
  check(made);
  context_->pb = io_.get();
  context_->flags |= AVFMT_FLAG_BITEXACT;  // no version of FFmpeg: the same film is the same file
  if (!program.empty() && av_dict_set(&context_->metadata, "ISFT", program.c_str(), 0) < 0)
    throw std::bad_alloc();
  AVStream* const stream = avformat_new_stream(context_.get(), nullptr);
  if (!stream) throw std::bad_alloc();
  tick_ = av_inv_q(av_d2q(frames_per_second, kFinestRate));
  stream->time_base = tick_;
  stream->avg_frame_rate = av_inv_q(tick_);
  stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
  stream->codecpar->codec_id = AV_CODEC_ID_MJPEG;
  stream->codecpar->codec_tag = MKTAG('M', 'J', 'P', 'G');
  stream->codecpar->width = width;
  stream->codecpar->height = height;
  stream->codecpar->format = AV_PIX_FMT_YUVJ420P;
  check(avformat_write_header(context_.get(), nullptr));
}

int FilmWriter::Stream::write_bytes(void* opaque, Bytes bytes, int size) {
  Stream& stream = *static_cast<Stream*>(opaque);
  try {
    stream.file_.write_at(stream.at_, std::as_bytes(std::span(bytes, static_cast<std::size_t>(size))));
  } catch (...) {
    if (!stream.error_) stream.error_ = std::current_exception();
    return AVERROR(EIO);
  }
  stream.at_ += static_cast<std::uint64_t>(size);
  stream.size_ = std::max(stream.size_, stream.at_);
  return size;
}

std::int64_t FilmWriter::Stream::seek(void* opaque, std::int64_t offset, int whence) {
  Stream& stream = *static_cast<Stream*>(opaque);
  const auto size = static_cast<std::int64_t>(stream.size_);
  if (whence & AVSEEK_SIZE) return size;
  const std::int64_t target = offset + (whence == SEEK_SET   ? 0
                                        : whence == SEEK_CUR ? static_cast<std::int64_t>(stream.at_)
                                                             : size);
  if (target < 0) return AVERROR(EINVAL);
  stream.at_ = static_cast<std::uint64_t>(target);
  return target;
}

void FilmWriter::Stream::check(int code) {
  if (error_) std::rethrow_exception(error_);
  if (code < 0)
    throw Error(path_.string() + ": cannot be written (" + ffmpeg::error_text(code) +
                "); give another folder");
}

void FilmWriter::Stream::write(const Image& frame) {
  if (frame.width != width_ || frame.height != height_)
    throw Error(path_.string() + ": a frame of another size than the first; give a video of one size");
  const std::vector<std::uint8_t> jpeg = encode_image(frame, "frame.jpg");
  av_packet_unref(packet_.get());
  if (av_new_packet(packet_.get(), static_cast<int>(jpeg.size())) < 0) throw std::bad_alloc();
  std::memcpy(packet_->data, jpeg.data(), jpeg.size());
  packet_->stream_index = 0;
  packet_->flags |= AV_PKT_FLAG_KEY;
  packet_->duration = av_rescale_q(1, tick_, context_->streams[0]->time_base);
  packet_->pts = packet_->dts = av_rescale_q(frames_++, tick_, context_->streams[0]->time_base);
  check(av_write_frame(context_.get(), packet_.get()));
}

void FilmWriter::Stream::close() {
  check(av_write_trailer(context_.get()));
  avio_flush(io_.get());
  check(io_->error);
  file_.take_name();
}

FilmWriter::FilmWriter(const std::filesystem::path& path, double frames_per_second, std::string program)
    : path_(path), frames_per_second_(frames_per_second), program_(std::move(program)) {}
FilmWriter::~FilmWriter() = default;

void FilmWriter::write(const Image& frame) {
  if (!stream_)
    stream_ = std::make_unique<Stream>(path_, frames_per_second_, program_, frame.width, frame.height);
  stream_->write(frame);
}

void FilmWriter::close() {
  if (!stream_) return;
  const auto stream = std::move(stream_);
  stream->close();
}

}  // namespace poster::io
