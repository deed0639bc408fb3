#include "io/video/film_writer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <string>
#include <string_view>
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
constexpr std::array kH264Encoders = {"libx264", "libopenh264"};
constexpr double kBitsAPixel = 0.2;  // for an encoder that knows no constant quality
constexpr int kFinestRate = 60000;   // 30000/1001 and its kin come out exactly

#if LIBAVFORMAT_VERSION_MAJOR < 61
using Bytes = std::uint8_t*;
#else
using Bytes = const std::uint8_t*;
#endif

struct FreeOutput {
  void operator()(AVFormatContext* context) const { avformat_free_context(context); }
};

const AVCodec* h264_encoder() {
  for (const char* name : kH264Encoders)
    if (const AVCodec* const codec = avcodec_find_encoder_by_name(name)) return codec;
  return nullptr;
}

int even(int length) { return length + length % 2; }

}  // namespace

bool can_write_mp4() { return h264_encoder() != nullptr; }

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
  void open_encoder();
  void describe_jpeg(AVStream& stream) const;
  void write_jpeg(const Image& frame);
  void encode(const Image& frame);
  // Null: there is no further frame.
  void send(const AVFrame* frame);

  const std::filesystem::path path_;
  NewFile file_;
  std::uint64_t at_ = 0, size_ = 0;
  std::exception_ptr error_;
  ffmpeg::Io io_;
  std::unique_ptr<AVFormatContext, FreeOutput> context_;
  ffmpeg::Packet packet_;
  ffmpeg::Codec encoder_;  // none for motion JPEG, whose frames are encoded by the codec room
  ffmpeg::Scaler scaler_;
  ffmpeg::Frame frame_;
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
  const bool mp4 = path.extension() == ".mp4";
  AVFormatContext* context = nullptr;
  const int made = avformat_alloc_output_context2(&context, nullptr, mp4 ? "mp4" : "avi", nullptr);
  context_.reset(context);
  if (made == AVERROR(ENOMEM)) throw std::bad_alloc();
  check(made);
  context_->pb = io_.get();
  context_->flags |= AVFMT_FLAG_BITEXACT;  // no version of FFmpeg: the same film is the same file
  const char* const key = mp4 ? "comment" : "ISFT";
  if (!program.empty() && av_dict_set(&context_->metadata, key, program.c_str(), 0) < 0)
    throw std::bad_alloc();
  AVStream* const stream = avformat_new_stream(context_.get(), nullptr);
  if (!stream) throw std::bad_alloc();
  tick_ = av_inv_q(av_d2q(frames_per_second, kFinestRate));
  stream->time_base = tick_;
  stream->avg_frame_rate = av_inv_q(tick_);
  if (mp4) {
    open_encoder();
    check(avcodec_parameters_from_context(stream->codecpar, encoder_.get()));
  } else {
    describe_jpeg(*stream);
  }
  check(avformat_write_header(context_.get(), nullptr));
}

void FilmWriter::Stream::describe_jpeg(AVStream& stream) const {
  stream.codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
  stream.codecpar->codec_id = AV_CODEC_ID_MJPEG;
  stream.codecpar->codec_tag = MKTAG('M', 'J', 'P', 'G');
  stream.codecpar->width = width_;
  stream.codecpar->height = height_;
  stream.codecpar->format = AV_PIX_FMT_YUVJ420P;
}

void FilmWriter::Stream::open_encoder() {
  const AVCodec* const codec = h264_encoder();
  if (!codec)
    throw Error(path_.string() + ": FFmpeg has no encoder for H.264 here; give a name that ends in .avi");
  encoder_.reset(avcodec_alloc_context3(codec));
  frame_.reset(av_frame_alloc());
  if (!encoder_ || !frame_) throw std::bad_alloc();
  encoder_->width = even(width_);
  encoder_->height = even(height_);
  encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder_->color_range = AVCOL_RANGE_MPEG;
  encoder_->colorspace = AVCOL_SPC_SMPTE170M;  // what swscale computes
  encoder_->time_base = tick_;
  encoder_->framerate = av_inv_q(tick_);
  encoder_->thread_count = 1;  // the same file on every machine
  encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
  AVDictionary* options = nullptr;
  if (std::string_view(codec->name) == "libx264") {
    av_dict_set(&options, "preset", "veryfast", 0);
    av_dict_set(&options, "crf", "18", 0);
  } else {
    encoder_->bit_rate = static_cast<std::int64_t>(kBitsAPixel * encoder_->width * encoder_->height *
                                                   av_q2d(encoder_->framerate));
  }
  const int opened = avcodec_open2(encoder_.get(), codec, &options);
  av_dict_free(&options);
  check(opened);
  scaler_.reset(sws_getContext(encoder_->width, encoder_->height, AV_PIX_FMT_RGB24, encoder_->width,
                               encoder_->height, AV_PIX_FMT_YUV420P, SWS_BICUBIC | SWS_ACCURATE_RND, nullptr,
                               nullptr, nullptr));
  if (!scaler_) throw std::bad_alloc();
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
  if (encoder_)
    encode(frame);
  else
    write_jpeg(frame);
}

void FilmWriter::Stream::write_jpeg(const Image& frame) {
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

void FilmWriter::Stream::encode(const Image& frame) {
  // An odd edge is repeated.
  Image whole = frame;
  if (encoder_->width != width_ || encoder_->height != height_) {
    whole = Image(encoder_->width, encoder_->height);
    for (int y = 0; y < whole.height; ++y)
      for (int x = 0; x < whole.width; ++x)
        std::memcpy(whole.pixel(x, y), frame.pixel(std::min(x, width_ - 1), std::min(y, height_ - 1)), 3);
  }
  av_frame_unref(frame_.get());
  frame_->format = encoder_->pix_fmt;
  frame_->width = encoder_->width;
  frame_->height = encoder_->height;
  if (av_frame_get_buffer(frame_.get(), 0) < 0) throw std::bad_alloc();
  const std::uint8_t* const rows[] = {whole.rgb.data()};
  const int strides[] = {3 * whole.width};
  sws_scale(scaler_.get(), rows, strides, 0, whole.height, frame_->data, frame_->linesize);
  frame_->pts = frames_++;
  send(frame_.get());
}

void FilmWriter::Stream::send(const AVFrame* frame) {
  check(avcodec_send_frame(encoder_.get(), frame));
  for (;;) {
    const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return;
    check(got);
    packet_->stream_index = 0;
    packet_->duration = 1;
    av_packet_rescale_ts(packet_.get(), tick_, context_->streams[0]->time_base);
    check(av_write_frame(context_.get(), packet_.get()));
    av_packet_unref(packet_.get());
  }
}

void FilmWriter::Stream::close() {
  if (encoder_) send(nullptr);
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
