// Which frames of a film are damaged: those with errors in them, and those that build on them. Times are
// those of the stream; packets come in the order of decoding, frames in that of showing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace poster::io {

class FilmDamage {
 public:
  using Time = std::optional<std::int64_t>;

  // A packet is about to be decoded, and whether decoding can begin with it.
  void packet(Time time, bool key);
  // An error in the packet last told, or in what lay before the next one.
  void error();
  void error_before_next() { error_before_next_ = true; }

  // Whether a frame builds on what is damaged.
  bool frame(Time time, bool key);

 private:
  // From the first damaged time up to, not including, the next packet that stands alone.
  struct Span {
    std::int64_t from, to;
  };

  Time last_, key_;  // of the packets
  Time open_from_;   // damage whose end hasn't come
  std::vector<Span> spans_;
  bool error_before_next_ = false;
  bool timeless_ = false;  // damage of unknown time, up to the next key frame
};

}  // namespace poster::io
