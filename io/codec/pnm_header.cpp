#include <algorithm>

#include "io/codec/format_headers.h"
#include "io/codec/image_error.h"
#include "io/codec/pnm.h"

namespace poster::io {
namespace {

constexpr std::uint32_t kNoNumber = 1 << 20;

bool is_blank(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(std::uint8_t c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<std::uint32_t> next_pnm_number(const FileBytes& bytes, std::size_t& at, bool one_digit) {
  while (at < bytes.size() && (is_blank(bytes[at]) || bytes[at] == '#'))
    if (bytes[at++] == '#')
      while (at < bytes.size() && bytes[at] != '\n' && bytes[at] != '\r') ++at;
  if (at >= bytes.size()) return std::nullopt;
  if (!is_digit(bytes[at])) return kNoNumber;
  std::uint32_t value = 0;
  do value = std::min(value * 10 + (bytes[at++] - '0'), kNoNumber);
  while (!one_digit && at < bytes.size() && is_digit(bytes[at]));
  return value;
}

bool begins_like_pnm(const FileBytes& bytes) {
  return bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
         (is_blank(bytes[2]) || bytes[2] == '#');
}

PnmLayout read_pnm_layout(const FileBytes& bytes, const std::string& name) {
  PnmLayout layout;
  const int kind = bytes[1] - '0';
  layout.text = kind <= 3;
  layout.bitmap = kind == 1 || kind == 4;
  layout.channels = kind == 3 || kind == 6 ? 3 : 1;
  std::size_t at = 2;
  const auto number = [&](const char* what) {
    const std::optional<std::uint32_t> value = next_pnm_number(bytes, at);
    if (!value) throw_cut_off(name, "PNM", bytes.size());
    if (*value == 0 || *value >= kNoNumber) throw_damaged(name, "PNM", what);
    return *value;
  };
  layout.width = number("a senseless width");
  layout.height = number("a senseless height");
  if (!layout.bitmap) layout.most = number("a senseless largest value");
  if (layout.most > 65535) throw_damaged(name, "PNM", "a senseless largest value");
  if (at >= bytes.size()) throw_cut_off(name, "PNM", bytes.size());
  if (!is_blank(bytes[at])) throw_damaged(name, "PNM", "no blank behind the header");
  layout.pixels = at + 1;

  const auto width = static_cast<std::size_t>(layout.width), height = static_cast<std::size_t>(layout.height),
             channels = static_cast<std::size_t>(layout.channels), left = bytes.size() - layout.pixels;
  layout.row = layout.bitmap ? (width + 7) / 8 : width * channels * (layout.most > 255 ? 2 : 1);
  // As text every value takes a digit, and a blank unless it is a bit.
  const std::size_t least = !layout.text    ? layout.row * height
                            : layout.bitmap ? width * height
                                            : 2 * width * height * channels - 1;
  if (left < least) throw_cut_off(name, "PNM", bytes.size());
  // More than blanks behind the pixels is another image, or the size is a lie.
  if (!layout.text)
    for (std::size_t i = layout.pixels + least; i < bytes.size(); ++i)
      if (!is_blank(bytes[i])) throw_damaged(name, "PNM", "more bytes than its size says");
  return layout;
}

ImageHeader inspect_pnm(const FileBytes& bytes, const std::string& name) {
  const PnmLayout layout = read_pnm_layout(bytes, name);
  return {.format = ImageFormat::pnm, .width = layout.width, .height = layout.height};
}

}  // namespace poster::io
