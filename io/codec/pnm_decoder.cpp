#include <algorithm>

#include "io/codec/decoders.h"
#include "io/codec/image_error.h"
#include "io/codec/pnm.h"

namespace poster::io {
namespace {

// 0..most as 0..255, the nearest, halves to the even one (as Pillow's PpmImagePlugin).
std::uint8_t scaled(std::uint32_t value, std::uint32_t most) {
  const std::uint32_t twice = 2 * 255 * value, whole = twice / (2 * most), rest = twice % (2 * most);
  const bool up = rest > most || (rest == most && whole % 2 == 1);
  return static_cast<std::uint8_t>(whole + (up ? 1 : 0));
}

class PnmDecoder {
 public:
  PnmDecoder(const FileBytes& bytes, const std::string& name)
      : bytes_(bytes), name_(name), layout_(read_pnm_layout(bytes, name)), at_(layout_.pixels) {}

  Image decode() {
    Image image(static_cast<int>(layout_.width), static_cast<int>(layout_.height));
    for (int y = 0; y < image.height; ++y) {
      std::uint8_t* target = image.row(y);
      row_ = layout_.pixels + static_cast<std::size_t>(y) * layout_.row;
      for (int x = 0; x < image.width; ++x, target += 3) {
        if (layout_.channels == 3)
          for (int c = 0; c < 3; ++c) target[c] = value(3 * static_cast<std::size_t>(x) + c);
        else
          std::fill_n(target, 3, value(static_cast<std::size_t>(x)));
      }
    }
    if (layout_.text && next_pnm_number(bytes_, at_)) throw_damaged(name_, "PNM", "more values than pixels");
    return image;
  }

 private:
  std::uint8_t value(std::size_t i) {
    const std::uint32_t stored = layout_.text ? text() : bits(i);
    if (layout_.bitmap) return stored != 0 ? 0 : 255;  // 1 is black
    if (stored > layout_.most) throw_damaged(name_, "PNM", "a value above the largest");
    return layout_.most == 255 ? static_cast<std::uint8_t>(stored) : scaled(stored, layout_.most);
  }
  std::uint32_t bits(std::size_t i) const {
    if (layout_.bitmap) return bytes_[row_ + i / 8] >> (7 - i % 8) & 1;
    if (layout_.most < 256) return bytes_[row_ + i];
    return static_cast<std::uint32_t>(bytes_.big(row_ + 2 * i, 2));
  }
  std::uint32_t text() {
    const auto number = next_pnm_number(bytes_, at_, layout_.bitmap);
    if (!number) throw_cut_off(name_, "PNM", bytes_.size());
    if (*number > layout_.most) throw_damaged(name_, "PNM", "a value above the largest");
    return *number;
  }

  const FileBytes& bytes_;
  const std::string& name_;
  const PnmLayout layout_;
  std::size_t at_;
  std::size_t row_ = 0;
};

}  // namespace

Image decode_pnm(std::span<const std::uint8_t> contents, const ImageHeader&, const std::string& name) {
  const FileBytes bytes(contents);
  return PnmDecoder(bytes, name).decode();
}

}  // namespace poster::io
