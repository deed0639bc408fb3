#include "io/video/film_damage.h"

#include <algorithm>

namespace poster::io {

void FilmDamage::packet(Time time, bool key) {
  last_ = time;
  last_key_ = key;
  if (open_ && key && time) {
    spans_.back().to = *time;
    open_ = false;
  } else if (open_ && time) {
    // Shown before the damaged one, but decoded after it: it may build on it.
    spans_.back().from = std::min(spans_.back().from, *time);
  }
  if (!error_before_next_) return;
  error_before_next_ = false;
  if (!key) error();  // what stands alone misses nothing of what was lost before it
}

void FilmDamage::error() {
  if (!last_) {
    timeless_ = true;
  } else if (!open_) {
    open_ = true;
    spans_.push_back({*last_, kOpen});
  }
}

bool FilmDamage::frame(Time time, bool key) {
  if (timeless_ && key) timeless_ = false;
  if (timeless_) return true;
  if (!time) return open_;
  std::erase_if(spans_, [&](const Span& span) { return span.to != kOpen && span.to <= *time; });
  return std::ranges::any_of(spans_, [&](const Span& span) { return *time >= span.from && *time < span.to; });
}

}  // namespace poster::io
