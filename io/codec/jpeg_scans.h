// Whether the coded data of a JPEG file hold together: as long as the size needs, to the bit, and plausible.
#pragma once

#include <string>

#include "io/codec/file_bytes.h"

namespace poster::io {

// JPEG has no checksum, and decoders take what comes. Bytes overwritten in the coded data change the codes
// behind them until the reader happens to fall into step again. That shows in codes that don't exist, in data
// that end too early or go on when the image is full, and in the blocks' means, which are sums of
// differences and drift out of range. This walk over the codes, without the pixels, looks for all three. In
// photographs it finds 64 overwritten bytes 24 times of 25, 16 of them four times of five, and one in half of
// the cases; the others are valid images. Throws poster::Error, prefixed by `name`. Bits and bytes that
// fill up (ones or zeros) are allowed.
//
// Progressive and arithmetic images are left to libjpeg. The header was read (io/codec/jpeg_header.cpp).
void check_jpeg_scans(const FileBytes& bytes, const std::string& name);

}  // namespace poster::io
