// The first image file directory of a TIFF structure (TIFF 6.0, or BigTIFF), which is what TIFF files and
// EXIF blocks are made of: unsigned integers alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/codec/file_bytes.h"

namespace poster::io {

class TiffDirectory {
 public:
  struct Entry {
    std::uint16_t tag = 0, type = 0;
    std::uint64_t count = 0;
    std::size_t data = 0;  // where its values lie
  };

  // False when the structure doesn't hold together. Entries that lie outside of the bytes are left out.
  bool open(std::span<const std::uint8_t> bytes);

  const Entry* find(std::uint16_t tag) const;
  std::uint64_t value(const Entry& entry, std::uint64_t i) const;
  std::uint64_t value_or(std::uint16_t tag, std::uint64_t otherwise) const;
  // Where the next directory lies, a page of its own; 0 for none.
  std::uint64_t next() const { return next_; }
  // The directory that lies at `at` of the same structure.
  bool open_next(std::uint64_t at);

 private:
  std::uint64_t read(std::uint64_t at, int count) const;

  FileBytes bytes_{{}};
  bool big_endian_ = false, big_tiff_ = false;
  std::uint64_t next_ = 0;
  std::vector<Entry> entries_;
};

// EXIF 2.32, tag 0x0112 of an EXIF block or a TIFF file: 1..8. A broken block is no reason to refuse the
// image: it then counts as upright, as everywhere else.
int exif_orientation(std::span<const std::uint8_t> exif);
int orientation_of(const TiffDirectory& directory);

}  // namespace poster::io
