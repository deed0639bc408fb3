// What FFmpeg's libraries say while they work. Nothing of it reaches the terminal; errors are counted, since
// much of what is damaged in a film is told there alone (a demuxer that skips a hole returns no error).
#pragma once

#include <cstdint>

namespace poster::io {

// To be called before FFmpeg is used: from then on it writes nothing.
void silence_ffmpeg();

// How many errors FFmpeg has told on this thread.
std::int64_t ffmpeg_errors();

}  // namespace poster::io
