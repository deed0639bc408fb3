// TIFF through libtiff: strips or tiles, samples together or in planes, every compression that libtiff has
// been built with. Grey, palettes of 1 to 8 bits, RGB and CMYK are made RGB here (16 bits keep their upper
// byte, alpha is dropped and colours aren't multiplied by it); subsampled YCbCr and CIE L*a*b* are left to
// libtiff's RGBA interface.
#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "io/codec/decoders.h"
#include "io/codec/image_error.h"
#include "io/codec/tiff_memory.h"

namespace poster::io {
namespace {

// A tile may reach over the image's edge, but not by this many pixels a side.
constexpr std::uint32_t kWidestMargin = 4096;

class TiffDecoder {
 public:
  TiffDecoder(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name)
      : file_(bytes, name), name_(name) {
    width_ = file_.field(TIFFTAG_IMAGEWIDTH, 0);
    height_ = file_.field(TIFFTAG_IMAGELENGTH, 0);
    if (width_ != header.width || height_ != header.height) throw_damaged(name, "TIFF", "two sizes");
    bits_ = file_.short_field(TIFFTAG_BITSPERSAMPLE);
    samples_ = file_.short_field(TIFFTAG_SAMPLESPERPIXEL);
    compression_ = file_.short_field(TIFFTAG_COMPRESSION);
    separate_ = file_.short_field(TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE;
    if (TIFFGetField(file_.get(), TIFFTAG_PHOTOMETRIC, &photometric_) != 1)
      photometric_ = samples_ >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
  }

  Image decode() {
    refuse_kinds();
    const bool ycbcr = photometric_ == PHOTOMETRIC_YCBCR;
    if (ycbcr && compression_ == COMPRESSION_JPEG && !separate_) {
      TIFFSetField(file_.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      photometric_ = PHOTOMETRIC_RGB;
    } else if (ycbcr || photometric_ == PHOTOMETRIC_CIELAB) {
      return decode_by_libtiff();
    }
    return decode_blocks();
  }

 private:
  void refuse_kinds() const {
    const std::uint16_t format = file_.short_field(TIFFTAG_SAMPLEFORMAT);
    if (!TIFFIsCODECConfigured(compression_))
      throw_unsupported(name_, "this compression of TIFF (number " + std::to_string(compression_) + ")");
    if (bits_ > 16 || (bits_ > 8 && bits_ < 16))
      throw_unsupported_samples(name_, std::to_string(bits_) + "-bit samples");
    if (format == SAMPLEFORMAT_IEEEFP || format == SAMPLEFORMAT_COMPLEXIEEEFP)
      throw_unsupported_samples(name_, "floating-point samples");
    if (format == SAMPLEFORMAT_INT || format == SAMPLEFORMAT_COMPLEXINT)
      throw_unsupported_samples(name_, "samples with a sign");
    const bool small = bits_ == 1 || bits_ == 2 || bits_ == 4;
    bool known = small || bits_ == 8 || bits_ == 16;
    switch (photometric_) {
      case PHOTOMETRIC_MINISWHITE:
      case PHOTOMETRIC_MINISBLACK:
        known &= !small || samples_ == 1;
        break;
      case PHOTOMETRIC_PALETTE:
        known &= bits_ <= 8 && samples_ == 1;
        break;
      case PHOTOMETRIC_RGB:
        known &= !small && samples_ >= 3;
        break;
      case PHOTOMETRIC_SEPARATED:
        known &= !small && samples_ >= 4 && file_.short_field(TIFFTAG_INKSET) == INKSET_CMYK;
        break;
      case PHOTOMETRIC_YCBCR:
      case PHOTOMETRIC_CIELAB:
        known &= bits_ == 8 && samples_ >= 3;
        break;
      default:
        known = false;
    }
    if (!known)
      throw_unsupported(name_, "TIFF of this kind (colours " + std::to_string(photometric_) + ", " +
                                   std::to_string(samples_) + " samples of " + std::to_string(bits_) +
                                   " bits)");
  }

  Image decode_blocks() {
    channels_ = photometric_ == PHOTOMETRIC_RGB ? 3 : photometric_ == PHOTOMETRIC_SEPARATED ? 4 : 1;
    if (photometric_ == PHOTOMETRIC_PALETTE) read_palette();
    TIFF* const tiff = file_.get();
    const bool tiled = TIFFIsTiled(tiff) != 0;
    std::uint32_t block_width = width_, block_height = 0;
    if (tiled) {
      block_width = file_.field(TIFFTAG_TILEWIDTH, 0);
      block_height = file_.field(TIFFTAG_TILELENGTH, 0);
      if (block_width == 0 || block_height == 0 || block_width > width_ + kWidestMargin ||
          block_height > height_ + kWidestMargin)
        throw_damaged(name_, "TIFF", "tiles of a senseless size");
    } else {
      std::uint32_t rows = 0;
      TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
      block_height = std::min(rows, height_);
      if (block_height == 0) throw_damaged(name_, "TIFF", "strips of no rows");
    }
    const std::size_t planes = separate_ ? channels_ : 1;
    const std::size_t in_pixel = separate_ ? 1 : samples_;
    const std::size_t pitch = (std::size_t{block_width} * in_pixel * bits_ + 7) / 8;
    const tmsize_t size = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
    if (size <= 0 || static_cast<std::size_t>(size) != pitch * block_height)
      throw_damaged(name_, "TIFF", "strips or tiles of a senseless size");
    Image image(static_cast<int>(width_), static_cast<int>(height_));
    std::vector<std::vector<std::uint8_t>> blocks(planes,
                                                  std::vector<std::uint8_t>(static_cast<std::size_t>(size)));
    for (std::uint32_t top = 0; top < height_; top += block_height)
      for (std::uint32_t left = 0; left < width_; left += block_width) {
        const std::uint32_t rows = std::min(block_height, height_ - top);
        for (std::size_t plane = 0; plane < planes; ++plane)
          read_block(tiled, left, top, static_cast<std::uint16_t>(plane), blocks[plane],
                     tiled ? size : static_cast<tmsize_t>(pitch * rows));
        const std::uint32_t columns = std::min(block_width, width_ - left);
        for (std::uint32_t y = 0; y < rows; ++y)
          convert(blocks, y * pitch, in_pixel, columns,
                  image.pixel(static_cast<int>(left), static_cast<int>(top + y)));
      }
    return image;
  }

  void read_block(bool tiled, std::uint32_t left, std::uint32_t top, std::uint16_t plane,
                  std::vector<std::uint8_t>& block, tmsize_t size) {
    TIFF* const tiff = file_.get();
    // Uncompressed, more than a strip needs (but for some bytes that fill up) is of another size.
    const std::uint32_t index =
        tiled ? TIFFComputeTile(tiff, left, top, 0, plane) : TIFFComputeStrip(tiff, top, plane);
    if (compression_ == COMPRESSION_NONE &&
        TIFFGetStrileByteCount(tiff, index) > static_cast<std::uint64_t>(size) + 3)
      throw_damaged(name_, "TIFF", "more data than its size needs");
    const tmsize_t got = tiled ? TIFFReadEncodedTile(tiff, index, block.data(), size)
                               : TIFFReadEncodedStrip(tiff, index, block.data(), size);
    file_.require(got == size, "pixels are missing");
  }

  void convert(const std::vector<std::vector<std::uint8_t>>& blocks, std::size_t row, std::size_t in_pixel,
               std::uint32_t pixels, std::uint8_t* rgb) const {
    const auto sample = [&](std::size_t x, std::size_t channel) {
      return separate_ ? stored(blocks[channel].data() + row, x)
                       : stored(blocks[0].data() + row, x * in_pixel + channel);
    };
    const int most = bits_ < 8 ? (1 << bits_) - 1 : 255;
    for (std::size_t x = 0; x < pixels; ++x, rgb += 3) {
      if (photometric_ == PHOTOMETRIC_RGB) {
        for (std::size_t c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(sample(x, c));
      } else if (photometric_ == PHOTOMETRIC_SEPARATED) {
        const int k = 255 - sample(x, 3);
        for (std::size_t c = 0; c < 3; ++c)
          rgb[c] = static_cast<std::uint8_t>(k * (255 - sample(x, c)) / 255);
      } else if (photometric_ == PHOTOMETRIC_PALETTE) {
        std::copy_n(&palette_[3 * static_cast<std::size_t>(sample(x, 0))], 3, rgb);
      } else {
        const int grey = sample(x, 0) * 255 / most;
        std::fill_n(rgb, 3,
                    static_cast<std::uint8_t>(photometric_ == PHOTOMETRIC_MINISWHITE ? 255 - grey : grey));
      }
    }
  }

  // The upper byte of 16 bits (libtiff gives them in this machine's order).
  int stored(const std::uint8_t* row, std::size_t i) const {
    if (bits_ == 8) return row[i];
    if (bits_ == 16) {
      std::uint16_t value = 0;
      std::memcpy(&value, row + 2 * i, 2);
      return value >> 8;
    }
    const std::size_t at = i * bits_;
    return row[at / 8] >> (8 - bits_ - at % 8) & ((1 << bits_) - 1);
  }

  void read_palette() {
    std::uint16_t* maps[3] = {};
    if (TIFFGetField(file_.get(), TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2]) != 1)
      throw_damaged(name_, "TIFF", "no palette");
    if (maps[0] == nullptr || maps[1] == nullptr || maps[2] == nullptr) throw std::bad_alloc();
    const std::size_t count = std::size_t{1} << bits_;
    // Colours are of 16 bits; some writers give 8.
    const bool wide = std::any_of(maps, maps + 3, [&](const std::uint16_t* map) {
      return std::any_of(map, map + count, [](std::uint16_t value) { return value > 255; });
    });
    palette_.resize(3 * count);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t c = 0; c < 3; ++c)
        palette_[3 * i + c] = static_cast<std::uint8_t>(wide ? maps[c][i] >> 8 : maps[c][i]);
  }

  Image decode_by_libtiff() {
    char message[1024] = "";
    if (TIFFRGBAImageOK(file_.get(), message) != 1)
      throw_unsupported(name_, "TIFF of this kind (" + std::string(message) + ")");
    TIFFRGBAImage reader;
    if (TIFFRGBAImageBegin(&reader, file_.get(), 1, message) != 1) {
      file_.require(true, "");
      throw_damaged(name_, "TIFF", message);
    }
    struct End {
      TIFFRGBAImage* reader;
      ~End() { TIFFRGBAImageEnd(reader); }
    } const end{&reader};
    reader.orientation = reader.req_orientation = ORIENTATION_TOPLEFT;  // as stored
    std::vector<std::uint32_t> raster(std::size_t{width_} * height_);
    const bool ok = TIFFRGBAImageGet(&reader, raster.data(), width_, height_) == 1;
    file_.require(ok, "pixels are missing");
    Image image(static_cast<int>(width_), static_cast<int>(height_));
    for (std::size_t i = 0; i < raster.size(); ++i) {
      image.rgb[3 * i] = static_cast<std::uint8_t>(TIFFGetR(raster[i]));
      image.rgb[3 * i + 1] = static_cast<std::uint8_t>(TIFFGetG(raster[i]));
      image.rgb[3 * i + 2] = static_cast<std::uint8_t>(TIFFGetB(raster[i]));
    }
    return image;
  }

  TiffMemory file_;
  const std::string& name_;
  std::uint32_t width_ = 0, height_ = 0;
  std::uint16_t bits_ = 1, samples_ = 1, compression_ = 1, photometric_ = 0;
  bool separate_ = false;
  std::size_t channels_ = 1;
  std::vector<std::uint8_t> palette_;
};

}  // namespace

Image decode_tiff(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name) {
  return TiffDecoder(bytes, header, name).decode();
}

}  // namespace poster::io
