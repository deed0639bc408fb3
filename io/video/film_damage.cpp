#include "io/video/film_damage.h"

#include <algorithm>

namespace poster::io {

void FilmDamage::packet(Time time, bool key) {
  last_ = time;
  if (key) key_ = time;
  if (open_from_ && time) {
    if (key) {
      spans_.push_back({*open_from_, *time});
      open_from_.reset();
    } else {
      // Shown before the damaged one, but decoded after it: it may build on it.
      open_from_ = std::min(*open_from_, *time);
    }
  }
  if (!error_before_next_) return;
  error_before_next_ = false;
  if (!key) error();  // what stands alone misses nothing of what was lost before it
}

void FilmDamage::error() {
  if (!last_)
    timeless_ = true;
  else if (key_ && *last_ < *key_)
    spans_.push_back({*last_, *key_});  // decoded behind an image that stands alone, but shown before it
  else if (!open_from_)
    open_from_ = last_;
}

bool FilmDamage::frame(Time time, bool key) {
  if (timeless_ && key) timeless_ = false;
  if (timeless_) return true;
  if (!time) return open_from_.has_value();
  std::erase_if(spans_, [&](const Span& span) { return span.to <= *time; });
  return (open_from_ && *time >= *open_from_) ||
         std::ranges::any_of(spans_, [&](const Span& span) { return *time >= span.from; });
}

}  // namespace poster::io
