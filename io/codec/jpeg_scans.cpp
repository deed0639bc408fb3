#include "io/codec/jpeg_scans.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "io/codec/image_error.h"
#include "io/codec/jpeg_segments.h"

namespace poster::io {
namespace {

constexpr const char* kMissing = "pixels are missing";
constexpr const char* kTooMuch = "more data than its size needs";
constexpr const char* kBadCode = "a code that doesn't exist";

// Eight times the mean of a block, -128 to 127; and what encoders overshoot to keep edges smooth (mozjpeg:
// 31).
constexpr int kMaxDc = 8 * (128 + 31);

bool is_fill(std::uint8_t byte) { return byte == 0x00 || byte == 0xFF; }

// The bits between two markers, stuffed zeros taken out; zeros behind their end.
class Bits {
 public:
  Bits(const FileBytes& bytes, std::size_t at, std::size_t end)
      : next_(bytes.at(at)), end_(bytes.at(0) + end) {}

  // At least 32 bits are to be had afterwards, or all.
  void refill() {
    if (count_ > 32) return;
    if (end_ - next_ >= 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, next_, 8);
      const std::uint64_t inverse = ~eight;  // a byte of it is zero where there is an 0xFF
      if (((inverse - 0x0101010101010101u) & eight & 0x8080808080808080u) == 0) {
        if constexpr (std::endian::native == std::endian::little) eight = __builtin_bswap64(eight);
        const int whole = (64 - count_) / 8 * 8;
        buffer_ |= (whole == 64 ? eight : eight >> (64 - whole) << (64 - whole)) >> count_;
        count_ += whole;
        next_ += whole / 8;
        return;
      }
    }
    while (count_ <= 56 && next_ < end_) {
      const std::uint8_t byte = *next_;
      if (byte == 0xFF && (end_ - next_ < 2 || next_[1] != 0)) break;  // a marker
      next_ += byte == 0xFF ? 2 : 1;
      buffer_ |= std::uint64_t{byte} << (56 - count_);
      count_ += 8;
    }
  }
  std::uint32_t top(int bits) const { return static_cast<std::uint32_t>(buffer_ >> (64 - bits)); }
  // count() below zero: more was taken than there was.
  void take(int bits) {
    buffer_ <<= bits;
    count_ -= bits;
  }
  int count() const { return count_; }

  // At the end of what must be here: goes to the next marker. False when anything but fill is left.
  bool finish() {
    const int fill = count_ % 8;
    if (fill > 0) {
      const std::uint32_t bits = top(fill);
      if (bits != 0 && bits != (1u << fill) - 1) return false;
      take(fill);
    }
    for (; count_ > 0; take(8))
      if (!is_fill(static_cast<std::uint8_t>(top(8)))) return false;
    for (; next_ < end_; ++next_) {
      const bool marker = *next_ == 0xFF && end_ - next_ >= 2 && next_[1] != 0 && next_[1] != 0xFF;
      if (marker) return true;
      if (!is_fill(*next_)) return false;
    }
    return true;
  }
  // The restart marker of this number stands here: goes behind it.
  bool restart(int number) {
    if (end_ - next_ < 2 || next_[0] != 0xFF || next_[1] != 0xD0 + number) return false;
    next_ += 2;
    buffer_ = 0;
    count_ = 0;
    return true;
  }

 private:
  const std::uint8_t* next_;
  const std::uint8_t* end_;
  std::uint64_t buffer_ = 0;  // the next bit is the uppermost
  int count_ = 0;
};

// ITU T.81, annex C.
class HuffmanTable {
 public:
  // From a DHT segment's part: 16 counts, then the symbols.
  void build(const FileBytes& bytes, std::size_t counts, std::size_t symbols) {
    known_ = true;
    quick_.fill(0);
    symbols_.assign(bytes.at(symbols), bytes.at(symbols) + total(bytes, counts));
    std::uint32_t code = 0;
    int first = 0;
    for (int length = 1; length <= 16; ++length) {
      const int count = bytes[counts + static_cast<std::size_t>(length) - 1];
      offset_[length] = first - static_cast<int>(code);
      for (int i = 0; i < count && length <= kQuick; ++i) {
        const std::uint32_t from = (code + static_cast<std::uint32_t>(i)) << (kQuick - length);
        for (std::uint32_t j = from; j < from + (1u << (kQuick - length)) && j < quick_.size(); ++j)
          quick_[j] =
              entry_of(length, symbols_[static_cast<std::size_t>(first) + static_cast<std::size_t>(i)]);
      }
      code += static_cast<std::uint32_t>(count);
      first += count;
      limit_[length] = code << (16 - length);
      code <<= 1;
    }
  }
  static std::size_t total(const FileBytes& bytes, std::size_t counts) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < 16; ++i) sum += bytes[counts + i];
    return sum;
  }
  bool known() const { return known_; }

  // The code at the top of the next 16 bits; is_code() is false where there is none.
  struct Code {
    std::uint32_t entry = 0;
    bool is_code() const { return entry != 0; }
    int symbol() const { return static_cast<int>(entry & 0xFF); }
    int length() const { return static_cast<int>(entry >> 8 & 0xFF); }
    int with_value() const { return static_cast<int>(entry >> 16); }  // and the bits of the value behind it
  };
  Code find(std::uint32_t next) const {
    const std::uint32_t entry = quick_[next >> (16 - kQuick)];
    return entry != 0 ? Code{entry} : find_long(next);
  }

 private:
  static constexpr int kQuick = 9;  // bits that are looked up at once

  static std::uint32_t entry_of(int length, std::uint8_t symbol) {
    return static_cast<std::uint32_t>((length + (symbol & 15)) << 16 | length << 8 | symbol);
  }
  Code find_long(std::uint32_t next) const {
    for (int length = kQuick + 1; length <= 16; ++length)
      if (next < limit_[length]) {
        const int place = static_cast<int>(next >> (16 - length)) + offset_[length];
        const auto i = static_cast<std::size_t>(place);
        return i < symbols_.size() ? Code{entry_of(length, symbols_[i])} : Code{};
      }
    return {};
  }

  bool known_ = false;
  std::array<std::uint32_t, 1 << kQuick> quick_{};  // 0: longer, or none
  std::array<std::uint32_t, 17> limit_{};           // of each length: the first code above, of 16 bits
  std::array<int, 17> offset_{};
  std::vector<std::uint8_t> symbols_;
};

class ScanChecker {
 public:
  ScanChecker(const FileBytes& bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  void run() {
    std::size_t next = 2;
    for (;;) {
      const auto segment = next_jpeg_segment(bytes_, next);
      if (!segment || segment->marker == kJpegEnd || segment->end() > bytes_.size()) return;
      next = segment->end();
      if (is_jpeg_frame(segment->marker)) {
        if (segment->marker > 0xC1) return;  // another coding
        read_frame(*segment);
      } else if (segment->marker == kJpegQuantization) {
        read_steps(*segment);
      } else if (segment->marker == kJpegHuffmanTables) {
        read_tables(*segment);
      } else if (segment->marker == kJpegRestartInterval && segment->length == 4) {
        restart_interval_ = static_cast<std::int64_t>(bytes_.big(segment->at + 2, 2));
      } else if (segment->marker == kJpegScan) {
        const std::size_t end = end_of_jpeg_scan(bytes_, next);
        check_scan(*segment, end);
        next = end;
      }
    }
  }

 private:
  struct Component {
    std::uint8_t id = 0;
    int across = 1, down = 1;  // sampling factors
    std::uint8_t steps = 0;    // the slot of its quantization steps
    int dc = 0, limit = 0;     // the mean of the last block in steps, and how far it can be from 0
  };
  struct Part {  // of a scan
    Component* component = nullptr;
    const HuffmanTable* dc = nullptr;
    const HuffmanTable* ac = nullptr;
    int blocks = 1;  // of one MCU
  };

  void read_frame(const JpegSegment& segment) {
    height_ = static_cast<std::int64_t>(bytes_.big(segment.at + 3, 2));
    width_ = static_cast<std::int64_t>(bytes_.big(segment.at + 5, 2));
    components_.resize(bytes_[segment.at + 7]);
    for (std::size_t i = 0; i < components_.size(); ++i) {
      const std::size_t at = segment.at + 8 + 3 * i;
      components_[i] = {bytes_[at], bytes_[at + 1] >> 4, bytes_[at + 1] & 15, bytes_[at + 2]};
      if (components_[i].across == 0 || components_[i].down == 0)
        throw_damaged(name_, "JPEG", "senseless sampling factors");
      most_across_ = std::max(most_across_, components_[i].across);
      most_down_ = std::max(most_down_, components_[i].down);
    }
  }

  void read_tables(const JpegSegment& segment) {
    for (std::size_t at = segment.at + 2; at + 17 <= segment.end();) {
      const int kind = bytes_[at] >> 4, slot = bytes_[at] & 15;
      const std::size_t symbols = at + 17, count = HuffmanTable::total(bytes_, at + 1);
      if (kind > 1 || slot > 3 || count > 256 || symbols + count > segment.end())
        throw_damaged(name_, "JPEG", "a senseless Huffman table");
      tables_[4 * static_cast<std::size_t>(kind) + static_cast<std::size_t>(slot)].build(bytes_, at + 1,
                                                                                         symbols);
      at = symbols + count;
    }
  }

  // Of the blocks' means alone.
  void read_steps(const JpegSegment& segment) {
    for (std::size_t at = segment.at + 2; at + 65 <= segment.end();) {
      const bool wide = bytes_[at] >> 4 != 0;
      steps_[bytes_[at] & 3] = static_cast<int>(bytes_.big(at + 1, wide ? 2 : 1));
      at += wide ? 129 : 65;
    }
  }

  static std::int64_t divided(std::int64_t value, std::int64_t by) { return (value + by - 1) / by; }

  void check_scan(const JpegSegment& segment, std::size_t end) {
    const std::size_t count = bytes_[segment.at + 2];
    std::vector<Part> parts;
    std::int64_t across = divided(width_, std::int64_t{8} * most_across_),
                 down = divided(height_, std::int64_t{8} * most_down_);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = segment.at + 3 + 2 * i;
      const auto component = std::ranges::find(components_, bytes_[at], &Component::id);
      if (component == components_.end()) throw_damaged(name_, "JPEG", "a scan of an unknown component");
      const std::size_t dc = bytes_[at + 1] >> 4, ac = bytes_[at + 1] & 15;
      if (dc > 3 || ac > 3) throw_damaged(name_, "JPEG", "a scan of unknown tables");
      parts.push_back({&*component, &tables_[dc], &tables_[4 + ac], component->across * component->down});
      // Frames of cameras' films leave the standard's tables away; libjpeg knows them.
      if (!parts.back().dc->known() || !parts.back().ac->known()) return;
      if (count == 1) {  // its own blocks alone, without those that fill up MCUs
        across = divided(divided(width_ * component->across, most_across_), 8);
        down = divided(divided(height_ * component->down, most_down_), 8);
        parts.back().blocks = 1;
      }
    }
    for (Component& component : components_) {
      const int step = std::max(1, steps_[component.steps & 3]);
      component.dc = 0;
      component.limit = kMaxDc / step + 2;
    }
    Bits bits(bytes_, segment.end(), end);
    std::int64_t until_restart = restart_interval_;
    int restarts = 0;
    for (std::int64_t mcu = 0, mcus = across * down; mcu < mcus; ++mcu) {
      if (restart_interval_ > 0 && until_restart-- == 0) {
        if (!bits.finish()) throw_damaged(name_, "JPEG", kTooMuch);
        if (!bits.restart(restarts++ % 8)) throw_damaged(name_, "JPEG", kMissing);
        until_restart = restart_interval_ - 1;
        for (Component& component : components_) component.dc = 0;
      }
      for (const Part& part : parts)
        for (int block = 0; block < part.blocks; ++block) check_block(bits, part);
      if (bits.count() < 0) throw_damaged(name_, "JPEG", kMissing);
    }
    // Some cameras end with one more restart marker.
    if (!bits.finish() || (bits.restart(restarts % 8) && !bits.finish()))
      throw_damaged(name_, "JPEG", kTooMuch);
  }

  // ITU T.81, F.2.2; the values themselves are passed over, but for the mean.
  void check_block(Bits& from, const Part& part) const {
    Bits bits = from;  // stays in registers
    bits.refill();
    const HuffmanTable::Code mean = part.dc->find(bits.top(16));
    const int size = mean.symbol();
    if (!mean.is_code() || size > 11) fail(bits.count());
    bits.take(mean.length());
    if (size > 0) {
      Component& component = *part.component;
      const int raw = static_cast<int>(bits.top(size));
      component.dc += raw < 1 << (size - 1) ? raw - (1 << size) + 1 : raw;
      if (std::abs(component.dc) > component.limit) throw_damaged(name_, "JPEG", "a brightness out of range");
      bits.take(size);
    }
    for (int k = 1; k < 64;) {
      bits.refill();
      const HuffmanTable::Code code = part.ac->find(bits.top(16));
      if (!code.is_code()) fail(bits.count());
      bits.take(code.with_value());
      const int symbol = code.symbol();
      if ((symbol & 15) == 0 && symbol != 0xF0) break;  // the rest is zero
      k += (symbol >> 4) + 1;
      if (k > 64) fail(bits.count());
    }
    from = bits;
  }

  [[noreturn]] void fail(int bits_left) const {
    throw_damaged(name_, "JPEG", bits_left < 0 ? kMissing : kBadCode);
  }

  const FileBytes& bytes_;
  const std::string& name_;
  std::int64_t width_ = 0, height_ = 0, restart_interval_ = 0;
  std::array<int, 4> steps_{};
  int most_across_ = 1, most_down_ = 1;
  std::vector<Component> components_;
  std::array<HuffmanTable, 8> tables_;  // 4 for DC, 4 for AC
};

}  // namespace

void check_jpeg_scans(const FileBytes& bytes, const std::string& name) { ScanChecker(bytes, name).run(); }

}  // namespace poster::io
