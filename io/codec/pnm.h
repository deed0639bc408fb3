// How a netpbm file is laid out: PBM, PGM, PPM as text (P1 to P3) or bytes (P4 to P6);
// netpbm.sourceforge.net/doc/pnm.html.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/codec/file_bytes.h"

namespace poster::io {

struct PnmLayout {
  bool text = false;
  int channels = 1;  // 1 or 3
  bool bitmap = false;
  std::int64_t width = 0, height = 0;
  std::uint32_t most = 1;  // the value of white: 1..65535
  std::size_t pixels = 0;  // where they begin
  std::size_t row = 0;     // bytes of a row, where they aren't text
};

// The next number in the text from `at` on, which moves behind it; blanks and comments are passed over.
// Nothing where the file ends, and a value above 65535 for what isn't a number or is larger.
std::optional<std::uint32_t> next_pnm_number(const FileBytes& bytes, std::size_t& at, bool one_digit = false);

// Throws poster::Error for what contradicts itself and for files too short for their size.
PnmLayout read_pnm_layout(const FileBytes& bytes, const std::string& name);

}  // namespace poster::io
