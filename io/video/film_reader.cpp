#include "io/video/film_reader.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/video/ffmpeg_log.h"
#include "io/video/film_count.h"
#include "io/video/film_damage.h"
#include "io/video/film_extent.h"
#include "io/video/film_file.h"
#include "io/video/frame_image.h"

namespace poster::io {
namespace {

constexpr double kUnknownRate = 25;
// A container in which nothing can be found any more, or a decoder that gives errors alone, is at its end.
constexpr int kMaxErrorsInARow = 4096;
// Headers round, and a sound track may be a little longer than its last packet tells.
constexpr double kTolerance_s = 0.25, kTolerance = 0.02;

FilmDamage::Time time_of(std::int64_t pts, std::int64_t dts) {
  if (pts != AV_NOPTS_VALUE) return pts;
  if (dts != AV_NOPTS_VALUE) return dts;
  return std::nullopt;
}

bool is_film_stream(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
         !(stream.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS));
}

std::string size_text(const AVCodecParameters& parameters) {
  return std::to_string(parameters.width) + "x" + std::to_string(parameters.height);
}

double rate_of(AVFormatContext& context, AVStream& stream) {
  // An AVI file counts places for frames, of which every second may be empty.
  if (std::string_view(context.iformat->name) == "avi" && stream.r_frame_rate.num > 0 &&
      stream.avg_frame_rate.num > 0 && av_cmp_q(stream.r_frame_rate, stream.avg_frame_rate) < 0 &&
      av_q2d(stream.r_frame_rate) >= 1)
    return av_q2d(stream.r_frame_rate);
  for (const AVRational rate : {stream.avg_frame_rate, av_guess_frame_rate(&context, &stream, nullptr)})
    if (rate.num > 0 && rate.den > 0 && av_q2d(rate) <= 1000) return av_q2d(rate);
  return kUnknownRate;
}

[[noreturn]] void no_memory(const std::string& path) {
  throw Error(path + ": not enough memory to read the film; close other programs, or scale it down");
}

}  // namespace

class FilmReader::Stream {
 public:
  explicit Stream(const std::string& path);

  bool next(Frame& frame);

  std::string path;
  std::string note;
  FilmCount count;

 private:
  void choose();
  void check() const;
  void open_decoder();
  void expect();
  // Reads on until the decoder has got a packet, or learns that there is no more.
  void feed();
  void come_to(const AVStream& stream, const AVPacket& packet);
  void end();
  void take(AVPacket& packet);
  void found_error(std::int64_t errors);
  bool deliver(Frame& frame);
  double seconds(std::int64_t time) const;

  FilmFile file_;
  AVFormatContext& context_;
  AVStream* stream_ = nullptr;
  ffmpeg::Codec codec_;
  ffmpeg::Packet packet_;
  ffmpeg::Frame frame_;
  FrameImage image_;
  FilmDamage damage_;
  double start_s_ = 0, last_s_ = -1;
  FilmDamage::Time last_time_, next_dts_;
  int errors_in_a_row_ = 0;
  bool torn_ = false, all_streams_ = true, unseen_ = false, gaps_are_damage_ = false, ended_ = false;
};

FilmReader::Stream::Stream(const std::string& name)
    : path(name),
      file_(name),
      context_(file_.context()),
      packet_(av_packet_alloc()),
      frame_(av_frame_alloc()) {
  if (!packet_ || !frame_) no_memory(path);
  const std::int64_t before = ffmpeg_errors();
  if (avformat_find_stream_info(&context_, nullptr) == AVERROR(ENOMEM)) no_memory(path);
  // Packets that were looked into are handed out again, but what was said of them is not said again.
  count.errors = ffmpeg_errors() - before;
  gaps_are_damage_ = count.errors > 0;
  torn_ = is_torn(file_.file(), context_.iformat->name);
  choose();
  check();
  open_decoder();
  expect();
}

void FilmReader::Stream::choose() {
  int films = 0, covers = 0, sounds = 0;
  const auto rank = [](const AVStream& s) {
    return std::make_tuple((s.disposition & AV_DISPOSITION_DEFAULT) != 0,
                           std::int64_t{s.codecpar->width} * s.codecpar->height);
  };
  for (unsigned i = 0; i < context_.nb_streams; ++i) {
    AVStream& stream = *context_.streams[i];
    const AVMediaType type = stream.codecpar->codec_type;
    sounds += type == AVMEDIA_TYPE_AUDIO;
    if (is_film_stream(stream)) {
      ++films;
      if (!stream_ || rank(stream) > rank(*stream_)) stream_ = &stream;
    } else {
      covers += type == AVMEDIA_TYPE_VIDEO;
    }
  }
  if (!stream_)
    throw Error(
        path + ": no video in this file" +
        (covers > 0   ? ", only sound and a cover"
         : sounds > 0 ? ", only sound"
                      : "") +
        (count.errors > 0 || torn_ ? ", and it is damaged; fetch or export it again" : "; give a film"));
  if (films > 1)
    note = path + ": " + std::to_string(films) + " video streams; the one of " +
           size_text(*stream_->codecpar) + " (stream " + std::to_string(stream_->index) + ") is taken";
}

void FilmReader::Stream::check() const {
  const AVCodecParameters& p = *stream_->codecpar;
  if (p.codec_tag == MKTAG('e', 'n', 'c', 'v'))
    throw Error(path + ": an encrypted film; give one without copy protection");
  if (p.width > kMaxImageSide || p.height > kMaxImageSide ||
      std::int64_t{p.width} * p.height > kMaxImagePixels)
    throw Error(path + ": frames of " + size_text(p) + " pixels, more than the limit of " +
                std::to_string(kMaxImageSide) + " a side and " + std::to_string(kMaxImagePixels) +
                " in all; scale the film down");
}

void FilmReader::Stream::open_decoder() {
  const AVCodecID id = stream_->codecpar->codec_id;
  const AVCodec* const decoder = avcodec_find_decoder(id);
  if (!decoder)
    throw Error(path + ": coded as " + (id == AV_CODEC_ID_NONE ? "nobody knows what" : avcodec_get_name(id)) +
                ", which the installed FFmpeg doesn't read; convert it to H.264");
  codec_.reset(avcodec_alloc_context3(decoder));
  if (!codec_ || avcodec_parameters_to_context(codec_.get(), stream_->codecpar) < 0) no_memory(path);
  codec_->pkt_timebase = stream_->time_base;
  codec_->thread_count = 1;  // how damage is covered up must not depend on when threads run
  codec_->max_pixels = kMaxImagePixels;
  codec_->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
  const int opened = avcodec_open2(codec_.get(), decoder, nullptr);
  if (opened == AVERROR(ENOMEM)) no_memory(path);
  if (opened < 0)
    throw Error(path + ": its images (" + decoder->name + ") cannot be decoded (" +
                ffmpeg::error_text(opened) + "); fetch or export it again");
}

void FilmReader::Stream::expect() {
  const std::string_view container = context_.iformat->name;
  count.frames_per_second = rate_of(context_, *stream_);
  count.torn = torn_;
  if (context_.start_time != AV_NOPTS_VALUE)
    start_s_ = static_cast<double>(context_.start_time) / AV_TIME_BASE;
  else if (stream_->start_time != AV_NOPTS_VALUE)
    start_s_ = static_cast<double>(stream_->start_time) * av_q2d(stream_->time_base);
  count.expected_frames = stream_->nb_frames;
  if (container.starts_with("mov") && stream_->nb_frames > 0) {
    // The header's number; less what its edit list cuts away.
    count.expected_frames = avformat_index_get_entries_count(stream_);
    count.exact = true;
  } else if (container == "avi" && stream_->nb_frames > 0) {
    // One place a tick; the stream's duration is FFmpeg's guess where the index is missing.
    count.expected_s = static_cast<double>(stream_->nb_frames) * av_q2d(stream_->time_base);
    count.expected_frames = std::llround(count.expected_s * count.frames_per_second);
    count.tolerance_s = 0.5 / count.frames_per_second;
    all_streams_ = false;
  } else if (context_.duration > 0 && context_.duration_estimation_method == AVFMT_DURATION_FROM_STREAM) {
    count.expected_s = static_cast<double>(context_.duration) / AV_TIME_BASE;
    count.tolerance_s = std::max(kTolerance_s, kTolerance * count.expected_s);
  }
}

double FilmReader::Stream::seconds(std::int64_t time) const {
  return static_cast<double>(time) * av_q2d(stream_->time_base) - start_s_;
}

bool FilmReader::Stream::next(Frame& frame) {
  for (;;) {
    const std::int64_t before = ffmpeg_errors();
    const int code = avcodec_receive_frame(codec_.get(), frame_.get());
    if (ffmpeg_errors() != before) found_error(ffmpeg_errors() - before);
    if (code == 0) {
      errors_in_a_row_ = 0;
      if (deliver(frame)) return true;
    } else if (code == AVERROR_EOF) {
      return false;
    } else if (code == AVERROR(ENOMEM)) {
      no_memory(path);
    } else if (code == AVERROR(EAGAIN) && !ended_) {
      feed();
    } else {
      found_error(1);
      if (++errors_in_a_row_ > kMaxErrorsInARow) return false;
    }
  }
}

void FilmReader::Stream::feed() {
  for (;;) {
    av_packet_unref(packet_.get());
    const std::int64_t before = ffmpeg_errors();
    const int code = av_read_frame(&context_, packet_.get());
    if (ffmpeg_errors() != before) damage_.error_before_next();
    count.errors += ffmpeg_errors() - before;
    if (code == AVERROR(ENOMEM)) no_memory(path);
    if (code == AVERROR_EOF || !file_.disk_error().empty()) return end();
    if (code < 0) {
      ++count.errors;
      damage_.error_before_next();
      if (++errors_in_a_row_ > kMaxErrorsInARow) return end();
      continue;
    }
    const AVStream& stream = *context_.streams[packet_->stream_index];
    come_to(stream, *packet_);
    if (&stream != stream_) continue;
    ++count.packets;
    if (packet_->size == 0) continue;  // the frame before it, once more
    return take(*packet_);
  }
}

// How far the film was read, as its length is told: of all streams or of this one.
void FilmReader::Stream::come_to(const AVStream& stream, const AVPacket& packet) {
  const auto time = time_of(packet.pts, packet.dts);
  if (!time || !(all_streams_ || &stream == stream_)) return;
  std::int64_t length = std::max<std::int64_t>(packet.duration, 0);
  // Empty places behind it are not handed out.
  if (!all_streams_ && last_time_) length = std::max(length, *time - *last_time_);
  last_time_ = time;
  const double end_s = static_cast<double>(*time + length) * av_q2d(stream.time_base);
  // Some containers count their length from zero, some from where they start.
  count.read_s = std::max({count.read_s, end_s, end_s - start_s_});
}

void FilmReader::Stream::end() {
  ended_ = true;
  count.disk_error = file_.disk_error();
  if (count.disk_error.starts_with(path + ": ")) count.disk_error.erase(0, path.size() + 2);
  avcodec_send_packet(codec_.get(), nullptr);
}

void FilmReader::Stream::take(AVPacket& packet) {
  std::size_t size = 0;
  if (av_packet_get_side_data(&packet, AV_PKT_DATA_ENCRYPTION_INFO, &size))
    throw Error(path + ": an encrypted film; give one without copy protection");
  if (gaps_are_damage_ && next_dts_ && packet.dts != AV_NOPTS_VALUE &&
      packet.dts > *next_dts_ + packet.duration / 2)
    damage_.error_before_next();
  next_dts_.reset();
  if (packet.dts != AV_NOPTS_VALUE && packet.duration > 0) next_dts_ = packet.dts + packet.duration;
  damage_.packet(time_of(packet.pts, packet.dts), (packet.flags & AV_PKT_FLAG_KEY) != 0);
  unseen_ = (packet.flags & AV_PKT_FLAG_DISCARD) != 0;
  count.unseen += unseen_;
  const std::int64_t before = ffmpeg_errors();
  const int code = avcodec_send_packet(codec_.get(), &packet);
  if (code == AVERROR(ENOMEM)) no_memory(path);
  const bool corrupt = (packet.flags & AV_PKT_FLAG_CORRUPT) != 0;
  if (code < 0 || corrupt || ffmpeg_errors() != before)
    found_error(std::max<std::int64_t>(ffmpeg_errors() - before, 1));
}

// While decoding. What is cut away at the film's beginning may be incomplete: what is shown tells.
void FilmReader::Stream::found_error(std::int64_t errors) {
  damage_.error();
  if (!unseen_) count.errors += errors;
}

bool FilmReader::Stream::deliver(Frame& out) {
  AVFrame& frame = *frame_;
  const auto time = time_of(frame.best_effort_timestamp, frame.pkt_dts);
  const bool own = (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0;
  out.damaged = damage_.frame(time, ffmpeg::is_key_frame(frame)) || own;
  // An image that tells how it is to be turned knows better than the container.
  const AVFrameSideData* const turned = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  try {
    image_.convert(frame, av_guess_sample_aspect_ratio(&context_, stream_, &frame),
                   turned && turned->size >= 9 * sizeof(std::int32_t)
                       ? reinterpret_cast<const std::int32_t*>(turned->data)
                       : ffmpeg::display_matrix(*stream_),
                   out.image);
  } catch (const Error& error) {
    throw Error(path + ": frame " + std::to_string(count.frames) + ": " + error.what());
  }
  out.time_s = time ? seconds(*time) : last_s_ < 0 ? 0 : last_s_ + 1 / count.frames_per_second;
  last_s_ = out.time_s;
  if (out.damaged) count.add_damaged(count.frames);
  ++count.frames;
  av_frame_unref(&frame);
  return true;
}

FilmReader::FilmReader(const std::string& path) : stream_(std::make_unique<Stream>(path)) {}
FilmReader::FilmReader(FilmReader&&) noexcept = default;
FilmReader::~FilmReader() = default;

bool FilmReader::next(Frame& frame) { return stream_->next(frame); }
double FilmReader::frames_per_second() const { return stream_->count.frames_per_second; }
const std::string& FilmReader::note() const { return stream_->note; }

std::string FilmReader::complaint() const {
  const std::string text = stream_->count.complaint();
  return text.empty() ? "" : stream_->path + ": " + text;
}

}  // namespace poster::io
