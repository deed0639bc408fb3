// ITU T.81, annex B. Walks all markers to the end of the image: decoders fill what is missing with grey.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "io/codec/format_headers.h"
#include "io/codec/image_error.h"
#include "io/codec/jpeg_segments.h"
#include "io/codec/tiff_directory.h"

namespace poster::io {
namespace {

// A progressive image needs about ten scans; a hostile one has thousands, each of which costs a walk over
// the whole image. libjpeg-turbo stops at as many (turbojpeg.h, TJFLAG_LIMITSCANS).
constexpr int kMaxScans = 500;

class Frame {
 public:
  explicit Frame(const std::string& name) : name_(name) {}

  bool seen() const { return components_ > 0; }
  bool scanned() const { return scans_ > 0; }

  // The segment of a SOFn marker, its length checked against the file.
  void read(const FileBytes& bytes, std::uint8_t marker, std::size_t at, std::size_t length,
            ImageHeader& header) {
    if (length < 8) throw_damaged(name_, "JPEG", "a short frame header");
    if (seen()) throw_damaged(name_, "JPEG", "two frame headers");
    const int kind = marker - 0xC0, precision = bytes[at + 2];
    if (kind == 3 || kind == 11) throw_unsupported(name_, "lossless JPEG");
    if (kind > 4 && kind != 9 && kind != 10) throw_unsupported(name_, "hierarchical JPEG");
    if (precision == 12) throw_unsupported(name_, "12-bit JPEG", "convert it to 8 bits");
    if (precision != 8) throw_damaged(name_, "JPEG", "a senseless number of bits");
    progressive_ = kind == 2 || kind == 10;
    header.height = static_cast<std::int64_t>(bytes.big(at + 3, 2));
    header.width = static_cast<std::int64_t>(bytes.big(at + 5, 2));
    if (header.height == 0)
      throw_unsupported(name_, "a JPEG that tells its height behind the image (DNL)",
                        "write it again with another program");
    if (header.width == 0) throw_damaged(name_, "JPEG", "a width of 0");
    components_ = bytes[at + 7];
    if (components_ != 1 && components_ != 3 && components_ != 4)
      throw_unsupported(name_, "a JPEG of " + std::to_string(components_) + " components");
    if (length != 8 + 3 * static_cast<std::size_t>(components_))
      throw_damaged(name_, "JPEG", "a frame header of the wrong length");
    for (std::size_t i = 0; i < static_cast<std::size_t>(components_); ++i) ids_[i] = bytes[at + 8 + 3 * i];
  }

  // The segment of an SOS marker: which coefficients it brings, to which bit.
  void scan(const FileBytes& bytes, std::size_t at, std::size_t length) {
    if (!seen()) throw_damaged(name_, "JPEG", "a scan before the frame header");
    if (++scans_ > kMaxScans) throw_damaged(name_, "JPEG", "more than 500 scans");
    const std::size_t count = length > 2 ? bytes[at + 2] : 0;
    if (count < 1 || count > 4 || length != 6 + 2 * count)
      throw_damaged(name_, "JPEG", "a scan header of the wrong length");
    const std::size_t tail = at + 3 + 2 * count;
    const std::size_t first = progressive_ ? bytes[tail] : 0, last = progressive_ ? bytes[tail + 1] : 63;
    const std::uint8_t low_bit = progressive_ ? bytes[tail + 2] & 15 : 0;
    if (first > last || last > 63) throw_damaged(name_, "JPEG", "a scan of senseless coefficients");
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t c = 0; c < ids_.size() && c < static_cast<std::size_t>(components_); ++c)
        if (ids_[c] == bytes[at + 3 + 2 * i])
          std::fill(&missing_bits_[c][first], &missing_bits_[c][last] + 1, low_bit);
  }

  // Files that were cut between two scans are a whole image to decoders, of less detail or without colour.
  void require_all_scans() const {
    for (std::size_t c = 0; c < static_cast<std::size_t>(components_); ++c)
      for (const std::uint8_t bits : missing_bits_[c])
        if (bits != 0) throw_damaged(name_, "JPEG", "scans are missing");
  }

 private:
  static constexpr std::uint8_t kAll = 255;
  static constexpr std::array<std::uint8_t, 64> nothing_yet() {
    std::array<std::uint8_t, 64> bits{};
    bits.fill(kAll);
    return bits;
  }

  const std::string& name_;
  bool progressive_ = false;
  int components_ = 0, scans_ = 0;
  std::array<std::uint8_t, 4> ids_{};
  // Of each component and coefficient: how many of the low bits no scan has brought yet.
  std::array<std::array<std::uint8_t, 64>, 4> missing_bits_{nothing_yet(), nothing_yet(), nothing_yet(),
                                                            nothing_yet()};
};

}  // namespace

ImageHeader inspect_jpeg(const FileBytes& bytes, const std::string& name) {
  ImageHeader header{.format = ImageFormat::jpeg};
  Frame frame(name);
  bool exif_seen = false;
  std::size_t next = 2;
  for (;;) {
    const std::optional<JpegSegment> segment = next_jpeg_segment(bytes, next);
    if (!segment || segment->end() > bytes.size()) throw_cut_off(name, "JPEG", bytes.size());
    const std::uint8_t marker = segment->marker;
    if (marker == kJpegEnd) break;
    const std::size_t at = segment->at, length = segment->length;
    if (length < 2) throw_damaged(name, "JPEG", "a segment without a length");
    if (is_jpeg_frame(marker)) {
      frame.read(bytes, marker, at, length, header);
    } else if (marker == kJpegLs && !frame.seen()) {
      throw_unsupported(name, "JPEG-LS");
    } else if (marker == kJpegHierarchical) {
      throw_unsupported(name, "hierarchical JPEG");
    } else if (marker == kJpegExif && !exif_seen && length >= 8 && bytes.has({"Exif\0\0", 6}, at + 2)) {
      header.orientation = exif_orientation(bytes.part(at + 8, length - 8));
      exif_seen = true;
    } else if (marker == kJpegScan) {
      frame.scan(bytes, at, length);
    }
    next = marker == kJpegScan ? end_of_jpeg_scan(bytes, segment->end()) : segment->end();
  }
  if (!frame.seen() || !frame.scanned()) throw_damaged(name, "JPEG", "no image in it");
  frame.require_all_scans();
  return header;
}

}  // namespace poster::io
