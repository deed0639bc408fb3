#include "io/video/film_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <span>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/video/ffmpeg_log.h"
#include "io/video/film_kind.h"

namespace poster::io {
namespace {

constexpr int kBufferBytes = 64 << 10;

// Files that name others, and the network: whatever asks for a second file is told that there is none.
int open_nothing(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

}  // namespace

struct FilmFile::Source {
  explicit Source(const std::string& path) : file(path) {}

  InputFile file;
  std::int64_t at = 0;
  std::string error;

  static int read(void* opaque, std::uint8_t* buffer, int size) {
    Source& source = *static_cast<Source*>(opaque);
    try {
      const std::size_t count =
          source.file.read_some(static_cast<std::uint64_t>(source.at),
                                std::as_writable_bytes(std::span(buffer, static_cast<std::size_t>(size))));
      source.at += static_cast<std::int64_t>(count);
      return count == 0 ? AVERROR_EOF : static_cast<int>(count);
    } catch (const std::exception& error) {
      source.error = error.what();
      return AVERROR(EIO);
    }
  }

  static std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
    Source& source = *static_cast<Source*>(opaque);
    const auto size = static_cast<std::int64_t>(source.file.size());
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return size;
    const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source.at : size;
    std::int64_t target = 0;
    if (__builtin_add_overflow(base, offset, &target) || target < 0) return AVERROR(EINVAL);
    return source.at = target;
  }
};

FilmFile::FilmFile(const std::string& path) : source_(std::make_unique<Source>(path)) {
  if (source_->file.size() == 0) throw Error(path + ": the file is empty; fetch it again, or delete it");
  // One allocation of FFmpeg's can't become larger, whatever a file claims: a frame at the cap fits.
  av_max_alloc(static_cast<std::size_t>(8 * kMaxImagePixels));
  auto* const buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  if (!buffer) throw std::bad_alloc();
  io_.reset(avio_alloc_context(buffer, kBufferBytes, 0, source_.get(), Source::read, nullptr, Source::seek));
  if (!io_) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  context_ = avformat_alloc_context();
  if (!context_) throw std::bad_alloc();
  context_->pb = io_.get();
  context_->io_open = open_nothing;
  context_->format_whitelist = av_strdup(film_kind::kContainers);
  context_->protocol_whitelist = av_strdup("");
  silence_ffmpeg();
  // No name: nothing is told by it, neither kind nor the place of other files. Frees the context on failure.
  const int opened = avformat_open_input(&context_, nullptr, nullptr, nullptr);
  if (opened == AVERROR(ENOMEM))
    throw Error(path + ": not enough memory to open the film; close other programs");
  if (opened < 0 && !source_->error.empty()) throw Error(source_->error);
  if (opened < 0 && content_kind(path) == ContentKind::film)
    throw Error(path + ": a damaged film, or one that ends early (" + ffmpeg::error_text(opened) +
                "); fetch or export it again");
  if (opened < 0)
    throw Error(path +
                ": not a film that can be read; "
                "give one that holds its images itself: MP4, MOV, MKV, WebM, AVI, MPEG, OGV, WMV, FLV");
}

FilmFile::~FilmFile() { avformat_close_input(&context_); }

const InputFile& FilmFile::file() const { return source_->file; }
const std::string& FilmFile::disk_error() const { return source_->error; }

}  // namespace poster::io
