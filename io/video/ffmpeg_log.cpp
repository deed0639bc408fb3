#include "io/video/ffmpeg_log.h"

#include <cstdarg>

#include "io/video/ffmpeg.h"

namespace poster::io {
namespace {

thread_local std::int64_t errors = 0;

void count_errors(void*, int level, const char*, std::va_list) {
  if (level <= AV_LOG_ERROR) ++errors;
}

}  // namespace

void silence_ffmpeg() { av_log_set_callback(count_errors); }

std::int64_t ffmpeg_errors() { return errors; }

}  // namespace poster::io
