#include "io/video/ffmpeg_log.h"

#include <cstdarg>
#include <string_view>

#include "io/video/ffmpeg.h"

namespace poster::io {
namespace {

thread_local std::int64_t error_count = 0;

// Lost packets of a transport stream are told as debugging alone.
bool is_loss(const char* format) { return std::string_view(format).starts_with("Continuity check failed"); }

void count_errors(void*, int level, const char* format, std::va_list) {
  if (level <= AV_LOG_ERROR || (level >= AV_LOG_WARNING && is_loss(format))) ++error_count;
}

}  // namespace

void silence_ffmpeg() { av_log_set_callback(count_errors); }

std::int64_t ffmpeg_errors() { return error_count; }

}  // namespace poster::io
