#include "io/video/film_count.h"

#include <cmath>

namespace poster::io {
namespace {

std::string counted(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " frame" : " frames");
}

}  // namespace

void FilmCount::add_damaged(std::int64_t frame) {
  if (damaged++ == 0) first_damaged = frame;
  last_damaged = frame;
}

bool FilmCount::ends_early() const {
  if (exact) return packets < expected_frames;
  return torn || (expected_s > 0 && expected_s - read_s > tolerance_s);
}

// "30 frames", "about 30 frames"; empty where nobody knows.
std::string FilmCount::promised() const {
  if (expected_frames - unseen > frames) return counted(expected_frames - unseen);
  const std::int64_t about = std::llround(expected_s * frames_per_second);
  return about > frames ? "about " + counted(about) : "";
}

std::string FilmCount::complaint() const {
  if (frames == 0)
    return "no frame can be read" + (disk_error.empty() ? "" : " (" + disk_error + ")") +
           "; fetch or export it again, or give another film";
  const bool early = ends_early();
  if (!early && errors == 0 && damaged == 0 && disk_error.empty()) return "";
  std::string line = !disk_error.empty() ? "cannot be read to its end (" + disk_error + "), "
                     : early             ? "ends early, "
                                         : "damaged, ";
  const std::string of = promised();
  line += (of.empty() ? counted(frames) : std::to_string(frames) + " of " + of) + " could be read";
  if (damaged == 1) line += ", 1 of them damaged (frame " + std::to_string(first_damaged) + ")";
  if (damaged > 1) {
    const bool all = last_damaged - first_damaged + 1 == damaged;
    line += ", " + std::to_string(damaged) + " of them damaged (" + (all ? "frames " : "between ") +
            std::to_string(first_damaged) + (all ? " to " : " and ") + std::to_string(last_damaged) + ")";
  }
  return line + "; fetch or export it again";
}

}  // namespace poster::io
