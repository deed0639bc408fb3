#include <algorithm>
#include <bit>
#include <vector>

#include "io/codec/bmp.h"
#include "io/codec/decoders.h"
#include "io/codec/image_error.h"

namespace poster::io {
namespace {

class BmpDecoder {
 public:
  BmpDecoder(const FileBytes& bytes, const std::string& name)
      : bytes_(bytes), name_(name), layout_(read_bmp_layout(bytes, name)) {}

  Image decode() {
    Image image(static_cast<int>(layout_.width), static_cast<int>(layout_.height));
    std::vector<std::uint8_t> indices;
    if (layout_.coding == BmpCoding::run_lengths) indices = unpack_runs();
    for (int y = 0; y < image.height; ++y) {
      std::uint8_t* target = image.row(layout_.from_top ? y : image.height - 1 - y);
      const std::size_t stored = static_cast<std::size_t>(y);
      if (!indices.empty())
        for (int x = 0; x < image.width; ++x, target += 3)
          colour(indices[stored * static_cast<std::size_t>(image.width) + x], target);
      else
        plain_row(layout_.pixels + stored * layout_.row, image.width, target);
    }
    return image;
  }

 private:
  // The palette's colour; past its end black, as everywhere else.
  void colour(std::size_t index, std::uint8_t* target) const {
    for (std::size_t c = 0; c < 3; ++c)
      target[c] =
          index < layout_.palette_count
              ? bytes_[layout_.palette + index * static_cast<std::size_t>(layout_.palette_entry) + 2 - c]
              : 0;
  }

  void plain_row(std::size_t row, int width, std::uint8_t* target) const {
    const auto bits = static_cast<std::size_t>(layout_.bits);
    for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x, target += 3) {
      if (bits <= 8) {
        const std::size_t at = x * bits;
        colour(bytes_[row + at / 8] >> (8 - bits - at % 8) & ((1u << bits) - 1), target);
      } else if (bits == 24) {
        for (std::size_t c = 0; c < 3; ++c) target[c] = bytes_[row + 3 * x + 2 - c];
      } else {
        const auto pixel =
            static_cast<std::uint32_t>(bytes_.little(row + x * bits / 8, static_cast<int>(bits / 8)));
        for (std::size_t c = 0; c < 3; ++c) target[c] = masked(pixel, layout_.masks[c]);
      }
    }
  }

  static std::uint8_t masked(std::uint32_t pixel, std::uint32_t mask) {
    const int shift = std::countr_zero(mask);
    return static_cast<std::uint8_t>(std::uint64_t{(pixel & mask) >> shift} * 255 / (mask >> shift));
  }

  // Run lengths of 8 or 4 bits a pixel as one index a byte. Pixels that are jumped over have index 0; rows
  // that are never reached are missing.
  std::vector<std::uint8_t> unpack_runs() const {
    const auto width = static_cast<std::size_t>(layout_.width),
               height = static_cast<std::size_t>(layout_.height);
    std::vector<std::uint8_t> indices(width * height);
    std::size_t x = 0, y = 0, at = layout_.pixels;
    const auto byte = [&] {
      if (at >= bytes_.size()) throw_cut_off(name_, "BMP", bytes_.size());
      return bytes_[at++];
    };
    const auto put = [&](std::uint8_t index) {
      if (y >= height || x >= width) throw_damaged(name_, "BMP", "a run past the edge");
      indices[y * width + x++] = index;
    };
    const bool half = layout_.bits == 4;
    while (y < height) {
      // Some writers leave the last mark away.
      if (at == bytes_.size() && y + 1 == height && x == width) break;
      const std::size_t count = byte();
      const std::uint8_t value = byte();
      if (count > 0) {
        for (std::size_t i = 0; i < count; ++i)
          put(!half ? value : static_cast<std::uint8_t>(i % 2 == 0 ? value >> 4 : value & 15));
      } else if (value == 0) {
        x = 0;
        ++y;
      } else if (value == 1) {
        if (y + 1 < height) throw_damaged(name_, "BMP", "rows are missing");
        break;
      } else if (value == 2) {
        x += byte();
        y += byte();
        if (x > width || y >= height) throw_damaged(name_, "BMP", "a jump past the edge");
      } else {
        const std::size_t start = at;
        std::uint8_t pair = 0;
        for (std::size_t i = 0; i < value; ++i) {
          if (!half || i % 2 == 0) pair = byte();
          put(!half ? pair : static_cast<std::uint8_t>(i % 2 == 0 ? pair >> 4 : pair & 15));
        }
        if ((at - start) % 2 == 1) byte();  // such runs fill up to two bytes
      }
    }
    return indices;
  }

  const FileBytes& bytes_;
  const std::string& name_;
  const BmpLayout layout_;
};

}  // namespace

Image decode_bmp(std::span<const std::uint8_t> contents, const ImageHeader&, const std::string& name) {
  const FileBytes bytes(contents);
  return BmpDecoder(bytes, name).decode();
}

}  // namespace poster::io
